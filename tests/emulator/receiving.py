"""Applications that tell a receiver everything, and what their outbox says of it."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from emulator.testing.receiver import Receiver
from emulator.webhooks import WebhookKey
from tests.emulator.local import Tenant

KEYS: tuple[str, ...] = WebhookKey.__args__  # type: ignore[attr-defined]

SECRET = "a secret that no library finds too short"


def told(client: TestClient, receiver: Receiver, **options: Any) -> Tenant:
    """Return a tenant on a frozen clock that tells the receiver everything."""
    webhooks = {key: {"address": receiver.url, "secret": SECRET} for key in KEYS}
    tenant = Tenant(client, webhooks=webhooks, **options)
    tenant.control("POST", "/clock", {"action": "freeze"})
    return tenant


def outbox(tenant: Tenant, **query: Any) -> list[dict[str, Any]]:
    tenant.control("POST", "/clock", {"action": "advance", "seconds": 0})  # what is ready has been attempted
    items: list[dict[str, Any]] = tenant.control("GET", "/callbacks", params=query)["items"]
    return items


def outbox_now(tenant: Tenant) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = tenant.control("GET", "/callbacks")["items"]
    return items


def now(tenant: Tenant) -> int:
    moment: int = tenant.control("GET", "/clock")["now"]
    return moment
