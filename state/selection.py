"""What archives and broadcasts have in common: which streams they take in, and how they follow their session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Protocol, TypeVar

from state.application import Application, Reaction
from state.clock import MINUTE
from state.errors import SelectsItselfError
from state.events import Event
from state.records import Record
from state.rotation import ROTATED
from state.session_records import Session
from state.sessions import published

NOTHING: Mapping[str, SelectedStream] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SelectedStream:
    """A stream selected by hand, with what of it is taken in."""

    has_audio: bool = True
    has_video: bool = True


class Composition(Protocol):
    """What takes in streams: an archive or a broadcast."""

    kind: ClassVar[str]
    stream_mode: str
    selected: Mapping[str, SelectedStream]


ABANDONED = MINUTE
"""ms after the last client left; documented for archives (12.10), taken over for broadcasts."""

C = TypeVar("C", bound=Record)


def reactions(
    kind: str,
    live: Callable[[Application, str], list[C]],
    follow: Callable[[Application, C], None],
    end: Callable[[Application, C], None],
) -> dict[str, Reaction]:
    """Return how compositions follow their session.

    They `follow` what is published, `end` with their media server (they do not move to another one:
    fidelity/rest-and-archives.md 11, broadcasts-… 1.1), and are abandoned a while after the last client left (timer
    `<kind>.abandon`), unless somebody comes back.
    """
    abandon = f"{kind}.abandon"

    def on_stream(app: Application, event: Event) -> None:
        for each in live(app, event.session_id):
            follow(app, each)

    def on_session_created(app: Application, event: Event) -> None:
        for each in live(app, event.session_id):
            app.timeline.cancel(abandon, each.id)

    def on_session_destroyed(app: Application, event: Event) -> None:
        for each in live(app, event.session_id):
            if event.reason == ROTATED:
                end(app, each)
            else:
                app.after(abandon, each.id, ABANDONED)

    return {
        "stream.created": on_stream,
        "stream.destroyed": on_stream,
        "session.created": on_session_created,
        "session.destroyed": on_session_destroyed,
    }


ALL_OF_IT = SelectedStream()


def included_streams(composition: Composition, session: Session) -> Mapping[str, SelectedStream]:
    """Return the streams of the session that are taken in right now."""
    if composition.stream_mode == "auto":
        return dict.fromkeys(session.streams, ALL_OF_IT)
    return {stream_id: chosen for stream_id, chosen in composition.selected.items() if stream_id in session.streams}


def includes_any(composition: Composition, session: Session) -> bool:
    """Tell whether anything of the session is taken in right now."""
    return bool(included_streams(composition, session))


def select(composition: Composition, session: Session, stream_id: str, selected: SelectedStream) -> None:
    """Take in a stream, or change what of it is taken in. Raises `SelectsItselfError`, `UnknownStreamError`."""
    _require_manual(composition)
    published(session, stream_id)
    composition.selected = {**composition.selected, stream_id: selected}


def deselect(composition: Composition, session: Session, stream_id: str) -> None:
    """Leave a stream out again. Raises `SelectsItselfError`, `UnknownStreamError` when it was not taken in."""
    _require_manual(composition)
    if stream_id not in composition.selected:
        published(session, stream_id)
    composition.selected = {key: value for key, value in composition.selected.items() if key != stream_id}


def _require_manual(composition: Composition) -> None:
    if composition.stream_mode != "manual":
        raise SelectsItselfError(composition.kind)
