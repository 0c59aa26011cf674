"""One application: its credentials, and everything that can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..webhooks import WEBHOOKS
from .clock import AsyncClock, Clock, ClockCalls
from .connectors import AsyncConnectors, ConnectorCalls, Connectors
from .faults import AsyncFaults, AsyncScenario, Faults, Scenario, VerifyCalls
from .models import Exchange, read_all
from .outbox import AsyncOutbox, Outbox, OutboxCalls
from .sessions import AsyncParticipants, Participants, SessionCalls
from .transport import ApiRequest, Async, Part, Steps, Sync, api_call, camel

if TYPE_CHECKING:
    import httpx


class ApplicationCalls(ClockCalls, ConnectorCalls, OutboxCalls, SessionCalls, VerifyCalls, Part):
    """The credentials and options of an application, as of the last response, and what can be asked of it."""

    id: str
    name: str
    api_key: str
    api_secret: str
    public_key: str
    private_key: str
    """RSA private key, PEM; empty when the application was made with a public key only."""
    signature_secret: str
    """What callbacks are signed with whose webhook has no secret of its own."""
    base_urls: Mapping[str, str]
    """Base URLs of the service: `http` and, with HTTPS, `https`."""
    options: Mapping[str, Any]
    """Everything else that the emulator tells, under the names of the control API: `pace`, `webhooks`, `counts` …"""

    def _show(self, shown: Mapping[str, Any]) -> None:
        rest = dict(shown)
        self.id = rest.pop("id")
        self.name = rest.pop("name", "")
        self.api_key = rest.pop("apiKey", "")
        self.api_secret = rest.pop("apiSecret", "")
        self.public_key = rest.pop("publicKey", "")
        self.private_key = rest.pop("privateKey", None) or ""
        self.signature_secret = rest.pop("signatureSecret", "")
        self.base_urls = rest.pop("baseUrls", {})
        self.options = rest

    @api_call
    def refresh(self) -> Steps[None]:
        """Read options and counts anew."""
        self._show((yield ApiRequest("GET")))

    @api_call
    def change(self, /, **options: Any) -> Steps[None]:
        """Change options (`pace="realistic"`, `webhooks={…}` …); what is left out stays.

        Names may be written as in Python or as in the control API. Raises `RequestRefusedError` (400).
        """
        self._show((yield ApiRequest("PATCH", "", {camel(name): value for name, value in options.items()})))

    @api_call
    def send_callbacks_to(self, url: str, *, secret: str = "") -> Steps[None]:
        """Let callbacks of every kind be sent to `url`, signed with `secret` or else with `signature_secret`."""
        webhook = {"address": url, "active": True, "secret": secret}
        self._show((yield ApiRequest("PATCH", "", {"webhooks": dict.fromkeys(WEBHOOKS, webhook)})))

    @api_call
    def reset(self) -> Steps[None]:
        """Forget every session, resource, event and callback; credentials, options and the clock stay."""
        yield ApiRequest("POST", "/reset")

    @api_call
    def snapshot(self) -> Steps[dict[str, Any]]:
        """Return all that the application is, as JSON."""
        response: dict[str, Any] = yield ApiRequest("GET", "/snapshot")
        return response

    @api_call
    def restore(self, snapshot: Mapping[str, Any]) -> Steps[None]:
        """Let the application be what a snapshot of it says. Raises `RequestRefusedError` (400) for what is none."""
        self._show((yield ApiRequest("PUT", "/snapshot", snapshot)))

    @api_call
    def checkpoint(self, name: str) -> Steps[None]:
        """Keep the state of now under a name; `seed` is what a reset goes back to."""
        yield ApiRequest("PUT", f"/checkpoints/{name}")

    @api_call
    def return_to(self, name: str) -> Steps[None]:
        """Go back to a checkpoint, which stays. Raises `RequestRefusedError` (404)."""
        self._show((yield ApiRequest("POST", f"/checkpoints/{name}/restore")))

    @api_call
    def checkpoints(self) -> Steps[list[str]]:
        """Return the names of the checkpoints, oldest first."""
        response = yield ApiRequest("GET", "/checkpoints")
        return [each["name"] for each in response["items"]]

    @api_call
    def forget(self, name: str) -> Steps[None]:
        """Forget a checkpoint. Raises `RequestRefusedError` (404)."""
        yield ApiRequest("DELETE", f"/checkpoints/{name}")

    @api_call
    def delete(self) -> Steps[None]:
        """Delete the application with all it has."""
        yield ApiRequest("DELETE")

    @api_call
    def requests(self, operation: str | None = None) -> Steps[list[Exchange]]:
        """Return what was asked of the service and answered, oldest first, of one operation (`startArchive`) or all."""
        response = yield ApiRequest("GET", "/requests", params={"operation": operation, "limit": 10_000})
        return read_all(Exchange, reversed(response["items"]))

    @api_call
    def verify_requests(self, /, **expected: Any) -> Steps[None]:
        """Verify what was asked (`calls=[…]`, `order=[…]`, `undocumented=[]`, `unread=[]`).

        An empty list of `undocumented` or `unread` fields allows none. Raises `RequestRefusedError` (409), which
        explains.
        """
        yield ApiRequest("POST", "/requests/verify", expected)

    @api_call
    def archive_transition(
        self, id: str, status: str, reason: str = "", *, size: int | None = None, duration: int | None = None
    ) -> Steps[None]:
        """Force an archive into a status that may follow the one it has.

        `size` (bytes) and `duration` (s) are what it tells of its file, once it is `uploaded` or `available`.
        Raises `RequestRefusedError`: 409 for a status that may not follow, 400 for a size or duration of no file.
        """
        given = {name: value for name, value in (("size", size), ("duration", duration)) if value is not None}
        yield ApiRequest("POST", f"/archives/{id}/transition", {"status": status, "reason": reason, **given})


class ApplicationClient(ApplicationCalls, Sync):
    """One application. In a `with` block it is deleted at the end.

    Everything can be called on it directly; `clock`, `participants`, `connectors` and `outbox` have the same calls by
    subject. Failures are asked for by `faults` and `scenario`.
    """

    def __init__(self, http: httpx.Client, shown: Mapping[str, Any]) -> None:
        super().__init__(http, f"/applications/{shown['id']}")
        self._show(shown)
        self.clock = Clock(http, self._path)
        self.participants = Participants(http, self._path)
        self.connectors = Connectors(http, self._path)
        self.outbox = Outbox(http, self._path)
        self.faults = Faults(http, self._path)

    def scenario(self, name: str, *, session: str | None = None, **parameters: Any) -> Scenario:
        """Return a scenario pack with its parameters: applied in a `with` block, or by `apply()`."""
        scenario = Scenario(self._http, self._path)
        scenario._set(name, session, parameters)
        return scenario

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.delete()


class AsyncApplicationClient(ApplicationCalls, Async):
    """One application; answers are awaited. In an `async with` block it is deleted at the end."""

    def __init__(self, http: httpx.AsyncClient, shown: Mapping[str, Any]) -> None:
        super().__init__(http, f"/applications/{shown['id']}")
        self._show(shown)
        self.clock = AsyncClock(http, self._path)
        self.participants = AsyncParticipants(http, self._path)
        self.connectors = AsyncConnectors(http, self._path)
        self.outbox = AsyncOutbox(http, self._path)
        self.faults = AsyncFaults(http, self._path)

    def scenario(self, name: str, *, session: str | None = None, **parameters: Any) -> AsyncScenario:
        """Return a scenario pack with its parameters: applied in an `async with` block, or by `apply()`."""
        scenario = AsyncScenario(self._http, self._path)
        scenario._set(name, session, parameters)
        return scenario

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.delete()
