"""The callbacks of an application: what was sent, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from .models import Callback, read, read_all
from .transport import ApiRequest, Async, Part, Steps, Sync, api_call

CallbackStatus = Literal["pending", "held", "delivered", "failed", "dropped"]
ALL = 10_000


class OutboxCalls(Part):
    """See every callback with its attempts, and decide when and how often each arrives.

    `event` is one event (`archive.available`) or a kind (`archive`). What takes an id raises `RequestRefusedError`
    (404) when there is no such callback.
    """

    @api_call
    def callbacks(
        self, event: str | None = None, status: CallbackStatus | None = None, *, session: str | None = None
    ) -> Steps[list[Callback]]:
        """Return the callbacks, oldest first, whether or not anybody received them."""
        params = {"event": event, "status": status, "session": session, "limit": ALL}
        response = yield ApiRequest("GET", "/callbacks", params=params)
        return read_all(Callback, response["items"])

    @api_call
    def callback(self, id: str) -> Steps[Callback]:
        """Return one callback with its attempts."""
        response = yield ApiRequest("GET", f"/callbacks/{id}")
        return read(Callback, response)

    @api_call
    def hold(self, event: str | None = None) -> Steps[list[Callback]]:
        """Keep callbacks from being sent, from now on; return those that waited to be tried again and now do not."""
        response = yield ApiRequest("POST", "/callbacks/hold", _only(event))
        return read_all(Callback, response["items"])

    @api_call
    def release(self, event: str | None = None, *, ids: Iterable[str] | None = None) -> Steps[list[Callback]]:
        """Send what is held, in order, and hold no more; with `ids` send just these. Return what is sent."""
        body: dict[str, object] = dict(_only(event))
        if ids is not None:
            body["ids"] = list(ids)
        response = yield ApiRequest("POST", "/callbacks/release", body)
        return read_all(Callback, response["items"])

    @api_call
    def redeliver(self, id: str) -> Steps[Callback]:
        """Send a callback once more, whatever became of it."""
        response = yield ApiRequest("POST", f"/callbacks/{id}/redeliver")
        return read(Callback, response)

    @api_call
    def drop(self, id: str) -> Steps[Callback]:
        """Never send a callback (again)."""
        response = yield ApiRequest("POST", f"/callbacks/{id}/drop")
        return read(Callback, response)

    @api_call
    def duplicate(self, id: str) -> Steps[Callback]:
        """Send the same callback a second time, with the same `jti`; return the double."""
        response = yield ApiRequest("POST", f"/callbacks/{id}/duplicate")
        return read(Callback, response)

    @api_call
    def reorder(self, ids: Iterable[str]) -> Steps[list[Callback]]:
        """Let callbacks that are not sent yet be sent in this order; return all in their new order."""
        response = yield ApiRequest("POST", "/callbacks/reorder", {"ids": list(ids)})
        return read_all(Callback, response["items"])


class Outbox(OutboxCalls, Sync):
    """An application's outbox."""


class AsyncOutbox(OutboxCalls, Async):
    """An application's outbox; answers are awaited."""


def _only(event: str | None) -> dict[str, str]:
    return {} if event is None else {"event": event}
