"""What archives and broadcasts have in common: streams selected by hand."""

from __future__ import annotations

from typing import Protocol

from emulator.service.invocation import Invocation
from emulator.spec.schemas.common import StreamSelection
from state.application import Application
from state.selection import SelectedStream


class Selectable(Protocol):
    """The part of `state.archives` and `state.broadcasts` that selects streams."""

    def select(self, app: Application, record_id: str, stream_id: str, selected: SelectedStream, /) -> None:
        """Take in a stream."""

    def deselect(self, app: Application, record_id: str, stream_id: str, /) -> None:
        """Leave a stream out."""


def select_streams(invocation: Invocation, app: Application, state: Selectable, record_id: str) -> None:
    """Do what the body says: take a stream in, or leave it out."""
    body = invocation.body(StreamSelection)
    if body.add_stream is not None:
        state.select(app, record_id, body.add_stream, SelectedStream(body.has_audio, body.has_video))
    if body.remove_stream is not None:
        state.deselect(app, record_id, body.remove_stream)
