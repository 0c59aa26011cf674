"""The callbacks of an application: what was sent, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from .answers import Callback, read, read_all
from .asking import Ask, Async, Part, Steps, Sync, call

CallbackStatus = Literal["pending", "held", "delivered", "failed", "dropped"]
ALL = 10_000


class OutboxCalls(Part):
    """See every callback with its attempts, and decide when and how often each arrives.

    `event` is one event (`archive.available`) or a kind (`archive`). What takes an id raises `ControlRefused`
    (404) when there is no such callback.
    """

    @call
    def callbacks(
        self, event: str | None = None, status: CallbackStatus | None = None, *, session: str | None = None
    ) -> Steps[list[Callback]]:
        """Return the callbacks, oldest first, whether or not anybody received them."""
        params = {"event": event, "status": status, "session": session, "limit": ALL}
        answer = yield Ask("GET", "/callbacks", params=params)
        return read_all(Callback, answer["items"])

    @call
    def callback(self, id: str) -> Steps[Callback]:
        """Return one callback with its attempts."""
        answer = yield Ask("GET", f"/callbacks/{id}")
        return read(Callback, answer)

    @call
    def hold(self, event: str | None = None) -> Steps[None]:
        """Keep callbacks from being sent, from now on and those that wait to be tried again."""
        yield Ask("POST", "/callbacks/hold", _only(event))

    @call
    def release(self, event: str | None = None, *, ids: Iterable[str] | None = None) -> Steps[None]:
        """Send what is held, oldest first, and hold no more; with `ids` send just these."""
        body: dict[str, object] = dict(_only(event))
        if ids is not None:
            body["ids"] = list(ids)
        yield Ask("POST", "/callbacks/release", body)

    @call
    def redeliver(self, id: str) -> Steps[None]:
        """Send a callback once more, whatever became of it."""
        yield Ask("POST", f"/callbacks/{id}/redeliver")

    @call
    def drop(self, id: str) -> Steps[None]:
        """Never send a callback (again)."""
        yield Ask("POST", f"/callbacks/{id}/drop")

    @call
    def duplicate(self, id: str) -> Steps[None]:
        """Send the same callback a second time, with the same `jti`."""
        yield Ask("POST", f"/callbacks/{id}/duplicate")

    @call
    def reorder(self, ids: Iterable[str]) -> Steps[None]:
        """Send callbacks that are not sent yet in this order."""
        yield Ask("POST", "/callbacks/reorder", {"ids": list(ids)})


class Outbox(OutboxCalls, Sync):
    """An application's outbox."""


class AsyncOutbox(OutboxCalls, Async):
    """An application's outbox; answers are awaited."""


def _only(event: str | None) -> dict[str, str]:
    return {} if event is None else {"event": event}
