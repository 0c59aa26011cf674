"""The names under which the control API may be asked: those that no stranger's DNS can lead here.

A page of the web reaches a server on the reader's machine by giving its own name the address 127.0.0.1 (DNS rebinding).
Its requests then carry that name as their `Host`. So names are allowed that the public DNS does not have, and those
that the settings name. Whoever runs the network's own DNS is not kept out by this; `control_token` does that.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from emulator.launch.addresses import EVERYWHERE
from emulator.settings import Settings
from emulator.tls.prepare import full_host_name

CONTAINER_NAMES = (
    "host.docker.internal",
    "gateway.docker.internal",
    "host.containers.internal",
    "host.lima.internal",
    "host.minikube.internal",
    "host.testcontainers.internal",
    "kubernetes.docker.internal",
)
"""What container tools call the machine that they run on."""

PRIVATE_SUFFIXES = (".localhost", ".svc.cluster.local")
"""Endings of names that only this machine, or a Kubernetes cluster's own DNS, knows."""

PRIVATE_NETWORKS = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/32",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/127",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Addresses of this machine and of private networks. A page under such an address comes from that address."""


class Hosts:
    """Which `Host` and `Origin` headers are ours."""

    def __init__(self, settings: Settings) -> None:
        public = urlsplit(settings.public_url or "")
        self._allowed = HostNames([*settings.allowed_hosts, public.netloc])
        host = "" if settings.host == EVERYWHERE else settings.host  # here, too, it would be every name
        self._ours = HostNames([*settings.tls_names, host, public.hostname or "", *CONTAINER_NAMES])

    def takes(self, host: str, local_address: str = "", others: Collection[str] = ()) -> bool:
        """Whether a request with this `Host` may be served.

        `local_address` is where its connection arrived; `others` are names that are good besides.
        """
        authority = host.strip().lower()
        name = name_of(authority)
        if name is None:
            return False
        if name in others or any(names.have(authority, name) for names in (self._allowed, self._ours)):
            return True
        address = address_of(name)
        if address is not None:
            return address == address_of(local_address) or any(address in network for network in PRIVATE_NETWORKS)
        # A name without a dot is looked up in private networks alone, as those of compose services are.
        return "." not in name or name.endswith(PRIVATE_SUFFIXES) or name in self._machine

    def trusts(self, origin: str) -> bool:
        """Whether the settings name the `Origin`; `*` among them, which is any `Host`, is not any page."""
        parts = _split(origin)
        name = name_of(parts[1]) if parts else None
        return parts is not None and name is not None and self._allowed.have(parts[1], name, everything=False)

    @cached_property
    def _machine(self) -> frozenset[str]:
        """This machine's names; looking up the full one may take a moment, so it is done when it matters."""
        try:
            short = socket.gethostname().lower().rstrip(".")
        except OSError:
            short = ""
        return frozenset({short, f"{short.removesuffix('.local')}.local", *full_host_name()}) - {"", ".local"}


class HostNames:
    """Host names as a setting has them: `name`, `name:port`, `*.name` for all below it, `*` for everything."""

    def __init__(self, names: Iterable[str]) -> None:
        found = [name.strip().lower().rstrip(".") for name in names if name.strip()]
        self._everything = "*" in found
        self._exact = {_canonical(name) for name in found if not name.startswith("*")}
        self._below = tuple(name[1:] for name in found if name.startswith("*."))

    def have(self, authority: str, name: str, *, everything: bool = True) -> bool:
        """Whether one of them is `name`, or `authority`, which is the name with its port."""
        if self._everything and everything:
            return True
        return name in self._exact or _canonical(authority) in self._exact or name.endswith(self._below)


def is_same(origin: str, host: str, scheme: str) -> bool:
    """Whether an `Origin` is that of a page which came from this `Host`.

    A proxy may have taken TLS off on the way; `null`, the origin of sandboxed frames and of files, is nobody's.
    """
    parts = _split(origin)
    if parts is None or (parts[0], scheme) == ("http", "https"):
        return False
    port = ":443" if parts[0] == "https" else ":80"
    return parts[1].removesuffix(port) == host.strip().lower().removesuffix(port)


def _split(origin: str) -> tuple[str, str] | None:
    """Return scheme and authority of an `Origin`, None if it has none."""
    scheme, found, authority = origin.strip().lower().partition("://")
    return (scheme, authority) if found and scheme in ("http", "https") else None


def name_of(authority: str) -> str | None:
    """Return the host of `host:port` in lower case, without brackets and last dot; None if it is no authority."""
    if any(character in authority for character in "/?#@\\,; \t") or not authority.isprintable():
        return None
    try:
        parts = urlsplit(f"//{authority}")
        name, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if not name:
        return None
    return _canonical(name.rstrip("."))


def _canonical(name: str) -> str:
    """Return an address in its usual form, a name as it is."""
    address = address_of(name.strip("[]"))
    return name if address is None else str(address)


def address_of(name: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host name is, None where it is a name."""
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
