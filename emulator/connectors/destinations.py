"""Where connectors may connect to: this machine, private networks, and what the setting `realHosts` names."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver

from emulator.security.hosts import (
    CONTAINER_NAMES,
    PRIVATE_NETWORKS,
    PRIVATE_SUFFIXES,
    HostNames,
    address_of,
    name_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.abc import ResolveResult

PRIVATE_NAMES = (*PRIVATE_SUFFIXES, ".internal", ".local", ".test", ".home.arpa")
"""Endings of names that the public DNS does not have."""


class DestinationError(Exception):
    """Nothing is sent there; the text says why, and what would allow it."""


class Destinations:
    """Which hosts are connected to."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = HostNames(names)

    def check(self, uri: str) -> None:
        """Refuse a URI that leads elsewhere. Raises `DestinationError`."""
        try:
            authority = urlsplit(uri).netloc.rpartition("@")[2]
        except ValueError:
            raise DestinationError("is no URI that can be connected to") from None
        name = name_of(authority)
        if name is None:
            raise DestinationError("has no host that can be connected to")
        if self._names.have(authority.lower(), name):
            return
        address = address_of(name)
        known = "." not in name or name.endswith(PRIVATE_NAMES) or name in CONTAINER_NAMES
        if not (known if address is None else is_private(name)):
            raise _refused(name)

    def require_private(self, name: str, addresses: Sequence[ResolveResult]) -> list[ResolveResult]:
        """Return those addresses of a name that may be connected to. Raises `DestinationError`."""
        if self._names.have(name.lower(), name.lower()):
            return list(addresses)
        found = [each for each in addresses if is_private(each["host"])]
        if not found:
            raise _refused(name)
        return found


def _refused(name: str) -> DestinationError:
    return DestinationError(
        f"{name} is not on this machine or a private network; to let real connectors connect to it, "
        f"add it to the setting realHosts (VONAGE_EMULATOR_REAL_HOSTS={name})"
    )


def is_private(host: str) -> bool:
    """Tell whether an address is this machine's or a private network's."""
    address = address_of(host)
    return address is not None and any(address in network for network in PRIVATE_NETWORKS)


class PrivateResolver(AbstractResolver):
    """Looks names up, and gives only addresses that may be connected to."""

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises `DestinationError`, `OSError`."""
        return self._destinations.require_private(host, await self._resolver.resolve(host, port, family))

    async def close(self) -> None:
        """End."""
        await self._resolver.close()
