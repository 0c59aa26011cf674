"""The names that the authority may sign for."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network


def constraint_of(name: str) -> str:
    """Return what an authority is permitted so that it may sign for a name: the name, or a network of one address."""
    try:
        return str(ip_network(name))
    except ValueError:
        return name.removeprefix("*.")


def permits(permitted: Sequence[str] | None, name: str) -> bool:
    """Whether an authority that may sign for `permitted` names and networks, None for all, may sign for `name`."""
    if permitted is None:
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return f".{constraint_of(name)}".endswith(tuple(f".{each}" for each in permitted))
    return any(address in ip_network(each) for each in permitted if "/" in each)
