"""Binding the emulator's sockets before anything slow happens, so that a taken port is reported at once."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

from emulator.launch.addresses import EVERYWHERE, LOOPBACK, reached_at

_BACKLOG = 2048
_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}


class ListenError(Exception):
    """An address or port cannot be listened on; the message names it and the flag that changes it."""


@dataclass(frozen=True)
class ServerUrls:
    """Where a running emulator can be reached."""

    host: str
    http_port: int
    https_port: int | None = None
    ca: Path | None = None

    @property
    def http(self) -> str:
        """Base URL of the HTTP listener, without a trailing slash."""
        return f"http://{self._name(LOOPBACK)}:{self.http_port}"

    @property
    def local(self) -> str:
        """Base URL of the HTTP listener for people: with `localhost` where that leads here."""
        return f"http://{self._name('localhost')}:{self.http_port}"

    @property
    def https(self) -> str | None:
        """Base URL of the HTTPS listener, without a trailing slash; None without HTTPS."""
        return None if self.https_port is None else f"https://{self._name('localhost')}:{self.https_port}"

    @property
    def urls(self) -> dict[str, str]:
        """The base URLs by scheme; `Services.urls` while the emulator serves."""
        return {"http": self.http} | ({"https": self.https} if self.https else {})

    def _name(self, loopback: str) -> str:
        return reached_at(self.host, loopback)


@dataclass
class Listeners:
    """The listening sockets of one emulator."""

    http: list[socket.socket] = field(default_factory=list)
    https: list[socket.socket] = field(default_factory=list)

    def close(self) -> None:
        """Close every socket."""
        for listener in [*self.http, *self.https]:
            listener.close()


def listen(host: str, http_port: int, https_port: int | None) -> Listeners:
    """Listen on the HTTP port and, unless it is None, on the HTTPS port; port 0 takes a free one.

    Clients that connect from now on wait for their response instead of being refused. Raises `ListenError`.
    """
    listeners = Listeners()
    try:
        listeners.http = _listen(host, http_port, "--http-port", "VONAGE_EMULATOR_HTTP_PORT")
        if https_port is not None:
            listeners.https = _listen(host, https_port, "--https-port", "VONAGE_EMULATOR_HTTPS_PORT")
    except BaseException:
        listeners.close()
        raise
    return listeners


def _listen(host: str, port: int, flag: str, variable: str) -> list[socket.socket]:
    # Some clients try only the first address of `localhost`, which is ::1 on many machines: listen on both.
    addresses = {"localhost": [LOOPBACK, "::1"], EVERYWHERE: ["0.0.0.0", "::"]}.get(host.lower(), [host])
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            wanted = sockets[0].getsockname()[1] if sockets else port
            try:
                sockets.append(_bind(address, wanted, alone=len(addresses) > 1))
            except OSError as error:
                # Without IPv6, or with the free IPv4 port taken there, one address is enough.
                if sockets and (error.errno in _NO_IPV6 or port == 0):
                    continue
                raise ListenError(_explain(error, address, wanted, flag, variable)) from None
    except BaseException:
        for bound in sockets:
            bound.close()
        raise
    return sockets


def _bind(address: str, port: int, *, alone: bool) -> socket.socket:
    """Return a listening socket; `alone`: of IPv6 and not of IPv4 too, which has its own."""
    family, kind, protocol, _, target = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere this option lets two processes share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address == "::" and not alone else 1)
        bound.bind(target)
        bound.listen(_BACKLOG)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def _explain(error: OSError, address: str, port: int, flag: str, variable: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {address} is in use: choose another with {flag} or {variable} (0 takes a free one)"
    if error.errno == errno.EACCES:
        return f"port {port} of {address} needs more rights: choose another with {flag} or {variable}"
    return (
        f"cannot listen on {address}, port {port} ({error.strerror or error}): "
        "choose another address with --host or VONAGE_EMULATOR_HOST"
    )
