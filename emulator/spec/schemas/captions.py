"""Bodies of live captions: fidelity/broadcasts-sip-captions-renders-callbacks.md 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from emulator.spec.schemas.common import (
    Body,
    CallbackUrl,
    ClientTokenText,
    Text,
)
from emulator.spec.schemas.languages import of_captions
from emulator.spec.schemas.reading import Limited, number, text
from state.captions import CaptionsSettings

if TYPE_CHECKING:
    pass


class StartCaptions(Body):
    """Captions to start (3.1); duration in s."""

    session_id: Text
    token: ClientTokenText
    language_code: Annotated[str, AfterValidator(of_captions), Limited("captionsLanguage", text)] = "en-US"
    max_duration: Annotated[int, Field(ge=300, le=14_400), Limited("captionsDuration", number)] = 14_400
    partial_captions: bool = True
    status_callback_url: CallbackUrl = None

    def state(self, captions_id: str, project: str) -> CaptionsSettings:
        """Return the new captions as the rules know them; `project` is the api key, empty for the application's id."""
        return CaptionsSettings(
            language=self.language_code,
            max_duration=self.max_duration,
            partial=self.partial_captions,
            callback_url=self.status_callback_url or "",
            id=captions_id,
            project=project,
        )
