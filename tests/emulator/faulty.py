"""Users of applications with fault rules."""

from __future__ import annotations

from typing import Any

from tests.emulator.local import Tenant
from tests.scenarios.driver import Driver


def driver(tenant: Tenant, guests: int = 2) -> Driver:
    """Return a user of an application, with `guests` in each session that it makes."""
    return Driver(tenant.call, tenant.control, tenant.client_token, guests)


def fault(user: Driver, operation: str, then: Any, **rule: Any) -> str:
    made = user.control("POST", "/faults", {"when": {"operation": operation}, "then": then, **rule})
    name: str = made["name"]
    return name
