"""What is particular to a kind of resource in the control API, and what is done with each in the same way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic

from fastapi import APIRouter, Depends, Query, Request

from emulator.context import context_of
from emulator.control.common import ControlError, CurrentApplication, CurrentWorld
from emulator.control.pictures import show_picture
from emulator.spec.wire import Audience, Json
from state.application import Application
from state.layouts import Layout
from state.lifecycles import LIFECYCLES
from state.records import R
from state.resource_kind import ResourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceView(Generic[R]):
    """A kind of resource in the control API.

    `router` has its calls. `show` returns one as the service shows it, and what it does not tell; `composed`: one that
    is live has a picture.
    """

    kind: ResourceKind[R]
    router: APIRouter
    show: Callable[[Audience, R], Json]
    composed: bool = False


def router_of(kind: ResourceKind[Any]) -> APIRouter:
    """Return the router for the calls of one kind of resource."""
    return APIRouter(prefix=f"/applications/{{application}}/{kind.plural}")


class Wanted:
    """Which resources are listed: of one session, of one status, and the newest `limit` of them."""

    def __init__(
        self,
        session: str | None = None,
        status: str | None = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> None:
        self.session = session
        self.status = status
        self.limit = limit


class Caller:
    """Who asks for resources of which application."""

    def __init__(self, request: Request, app: CurrentApplication, world: CurrentWorld) -> None:
        self._request = request
        self._app = app
        self._world = world

    def list(self, view: ResourceView[Any], wanted: Wanted) -> Json:
        """Return the resources that are wanted, oldest first."""
        if wanted.status is not None:
            require_known(view.kind.name, wanted.status)
        with self._world.unit(self._app) as app:
            audience = self._audience
            found = (
                record
                for record in app[view.kind.type]
                if wanted.session in (None, record.session_id) and wanted.status in (None, record.status)
            )
            items = [view.show(audience, record) for record in deque(found, wanted.limit)]
        return {"count": len(items), "items": items}

    def get(self, view: ResourceView[Any], resource: str) -> Json:
        """Return one resource with what may follow, what is pending, and its picture while it is composed."""
        with self._world.unit(self._app) as app:
            return self._show(view, app[view.kind.type].get(resource))

    def force(
        self, view: ResourceView[R], resource: str, status: str, change: Callable[[Application, R], object]
    ) -> Json:
        """Let `change` move one resource to a status; return it as `get` does. Raises `ControlError`."""

        def forced(app: Application, record: Any) -> None:
            require(view.kind.name, record.status, status)
            change(app, record)

        return self.change(view, resource, forced)

    def change(self, view: ResourceView[R], resource: str, change: Callable[[Application, R], object]) -> Json:
        """Let `change` do something to one resource; return it as `get` does."""
        with self._world.unit(self._app) as app:
            record = app[view.kind.type].get(resource)
            change(app, record)
            return self._show(view, record)

    @property
    def _audience(self) -> Audience:
        return Audience(self._app, self._app.id, context_of(self._request).base_url)

    def _show(self, view: ResourceView[Any], record: Any) -> Json:
        app = self._app
        shown = view.show(self._audience, record)
        shown["allowed"] = view.kind.lifecycle.transitions[shown["status"]]
        shown["pending"] = [
            {"action": timer.action, "due": timer.due} for timer in app.timeline if timer.subject == record.id
        ]
        if view.composed:
            shown["picture"] = show_picture(app, record)
        return shown


Current = Annotated[Caller, Depends()]
Selected = Annotated[Wanted, Depends()]


def show_layout(layout: Layout) -> Json:
    """Return a layout."""
    return {
        "type": layout.type,
        "stylesheet": layout.stylesheet or None,
        "screenshareType": layout.screenshare_type or None,
    }


def require(name: str, before: str, after: str) -> None:
    """Raise `ControlError` where a status may not follow: 409 naming those that may, 400 when there is no such."""
    require_known(name, after)
    table = LIFECYCLES[name].transitions
    if after not in table[before]:
        message = f"{'an' if name[0] in 'ah' else 'a'} {name} that is {before} cannot become {after}"
        raise ControlError(409, message, "status", f"allowed: {', '.join(table[before]) or 'none'}")


def require_known(name: str, status: str) -> None:
    """Raise `ControlError` (400) for a status that the life cycle does not have."""
    table = LIFECYCLES[name].transitions
    if status not in table:
        raise ControlError(400, f"{name}: there is no status {status}", "status", f"there are: {', '.join(table)}")
