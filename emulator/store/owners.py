"""Which replica sends which callbacks of an application."""

from __future__ import annotations

from collections.abc import Iterator

from state.application import Application
from state.outbox import RETRY, Callback

Lane = tuple[str, str]


class CallbackOwners:
    """Who is to send the callbacks of one application that are to be sent now; `replica` is the one that asks.

    One replica sends those of a lane, so that they stay in their order.
    """

    def __init__(self, replica: str) -> None:
        self._replica = replica
        self._owners: dict[str, tuple[str, Lane]] = {}
        self._lanes: dict[Lane, dict[str, None]] = {}

    def others(self, app: Application) -> Iterator[Callback]:
        """Yield what another replica is to send, or makes an attempt with while it is held."""
        for callback_id, (owner, _) in self._owners.items():
            callback = app.outbox.find(callback_id)
            if owner != self._replica and callback is not None:
                yield callback

    def clear(self) -> None:
        """Forget who sends what."""
        self._owners.clear()
        self._lanes.clear()

    def learn(self, app: Application, callback_id: str, owner: str | None) -> bool:
        """Note what the database says of a callback; what this replica is to send, it sends.

        Returns whether it is held elsewhere and not under way here: then nobody needs to wait for it.
        """
        callback = app.outbox.find(callback_id)
        if owner is None or callback is None:
            self._drop(callback_id)
            return False
        self._put(callback, owner)
        own = owner == self._replica
        if own and callback.status == "pending":
            app.outbox.hand_in(callback)
        return own and callback.status == "held" and not _is_under_way(app, callback)

    def decide(self, app: Application, callback_ids: list[str]) -> dict[str, str]:
        """Return who sends those of the changed callbacks that are to be sent; what others do is not sent here."""
        for callback_id in callback_ids:
            callback = app.outbox.find(callback_id)
            owner, _ = self._owners.get(callback_id, (None, None))
            elsewhere = owner not in (None, self._replica)
            if callback is not None and callback.status == "held" and (elsewhere or _is_under_way(app, callback)):
                continue  # who sends it says when it is not, or no longer, under way
            if callback is None or callback.status != "pending" or app.timeline.get(RETRY, callback_id):
                self._drop(callback_id)
            elif owner is None or app.outbox.is_ready(callback):
                if not elsewhere:
                    owner = self._of_lane(callback)
                    self._put(callback, owner)
                if owner != self._replica:
                    app.outbox.hand_over(callback)
        return {each: self._owners[each][0] for each in callback_ids if each in self._owners}

    def take_over(self, app: Application, dead: str) -> None:
        """Send what a replica was to send that is no more, inside a unit; it may have sent it before."""
        for callback_id in [each for each, (owner, _) in self._owners.items() if owner == dead]:
            self._drop(callback_id)
            callback = app.outbox.find(callback_id)
            if callback is None:
                continue
            if callback.status == "pending":
                app.outbox.ready(callback)
            app.touch(callback)

    def _of_lane(self, callback: Callback) -> str:
        """Return who sends another callback of the same lane, or else this replica."""
        others = (each for each in self._lanes.get(callback.lane, ()) if each != callback.id)
        return next((self._owners[each][0] for each in others), self._replica)

    def _put(self, callback: Callback, owner: str) -> None:
        self._drop(callback.id)
        self._owners[callback.id] = owner, callback.lane
        self._lanes.setdefault(callback.lane, {})[callback.id] = None

    def _drop(self, callback_id: str) -> None:
        _, lane = self._owners.pop(callback_id, (None, None))
        if lane is not None:
            del self._lanes[lane][callback_id]
            if not self._lanes[lane]:
                del self._lanes[lane]


def _is_under_way(app: Application, callback: Callback) -> bool:
    return callback.id in app.outbox.under_way
