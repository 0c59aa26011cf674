"""What a store would hold of a world, kept beside it: whatever changes without a word to the store is found out."""

from __future__ import annotations

from state import documents
from state.application import Application, Change
from state.record_kinds import STORED
from state.rows import rows_of
from state.world import World

Kept = dict[tuple[str, str], bytes | None]


class Mirror:
    """Follows the changes of a world as a store does; `missed` names what is there and not what they make of it.

    Events are left out: they are the change itself.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept = {app.id: _all_of(app) for app in world}
        self.missed: list[str] = []
        world.listeners.insert(0, self._follow)

    def _follow(self, change: Change) -> None:
        app = self._world.find(change.application_id)
        if app is None:
            self._kept.pop(change.application_id, None)
            return
        kept = self._kept.get(app.id, {})
        if change.reset:
            kept = {key: document for key, document in kept.items() if key[0] in ("application", "checkpoint")}
        kept |= {(row.kind, row.id): row.document for row in rows_of(app, change) if row.kind != "event"}
        if (app.kind, app.id) in change.records:
            kept[app.kind, app.id] = documents.write(documents.identity(app))
        self._kept[app.id] = kept
        self.compare(app)

    def compare(self, app: Application) -> None:
        """Note what the application has that its changes have not told."""
        kept, there = self._kept.get(app.id, {}), _all_of(app)
        self.missed += [" ".join(key) for key in kept | there if kept.get(key) != there.get(key)]
        self._kept[app.id] = there


def _all_of(app: Application) -> Kept:
    there: Kept = {(app.kind, app.id): documents.write(documents.identity(app))}
    for name, kind in STORED.items():
        if name != "event":
            there |= {(name, kind.id_of(each)): documents.write(kind.show(app, each)) for each in kind.all(app)}
    return there
