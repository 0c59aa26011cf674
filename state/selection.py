"""Which streams an archive or a broadcast takes in: all of the session, or those selected by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Protocol

from state.errors import SelectsItself
from state.sessions import Session, published

NOTHING: Mapping[str, Selected] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Selected:
    """A stream selected by hand, with what of it is taken in."""

    has_audio: bool = True
    has_video: bool = True


class Composition(Protocol):
    """What takes in streams: an archive or a broadcast."""

    kind: ClassVar[str]
    stream_mode: str
    selected: Mapping[str, Selected]


def takes_in(composition: Composition, session: Session) -> bool:
    """Tell whether anything of the session is taken in right now."""
    if composition.stream_mode == "auto":
        return bool(session.streams)
    return any(stream_id in session.streams for stream_id in composition.selected)


def select(composition: Composition, session: Session, stream_id: str, selected: Selected) -> None:
    """Take in a stream, or change what of it is taken in. Raises `SelectsItself`, `UnknownStream`."""
    _require_manual(composition)
    published(session, stream_id)
    composition.selected = {**composition.selected, stream_id: selected}


def deselect(composition: Composition, session: Session, stream_id: str) -> None:
    """Leave a stream out again. Raises `SelectsItself`, `UnknownStream` when it was not taken in."""
    _require_manual(composition)
    if stream_id not in composition.selected:
        published(session, stream_id)
    composition.selected = {key: value for key, value in composition.selected.items() if key != stream_id}


def _require_manual(composition: Composition) -> None:
    if composition.stream_mode != "manual":
        raise SelectsItself(composition.kind)
