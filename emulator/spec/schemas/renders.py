"""Bodies of Experience Composer renders: fidelity/broadcasts-sip-captions-renders-callbacks.md 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationInfo, model_validator

from emulator.spec.schemas.common import (
    Body,
    CallbackUrl,
    ClientTokenText,
    Duration,
    RenderResolution,
    Text,
    Uri,
    filled,
)
from emulator.spec.schemas.reading import Limited, number, text
from state.renders import RenderSettings

if TYPE_CHECKING:
    from emulator.spec.client_token import ClientToken


class RenderProperties(Body):
    """What the published stream is called."""

    name: Annotated[str, Field(min_length=1, max_length=200), Limited("renderName", text)]

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any, info: ValidationInfo) -> Any:
        return filled(value, info, "renderName", {"name": ""})


class StartRender(Body):
    """A render to start (4.1); duration in s."""

    session_id: Text
    token: ClientTokenText
    url: Uri
    max_duration: Annotated[Duration, Limited("renderDuration", number)] = 7_200
    resolution: RenderResolution = "1280x720"
    properties: RenderProperties | None = None
    status_callback_url: CallbackUrl = None

    def state(self, token: ClientToken, project: str) -> RenderSettings:
        """Return the new render as the rules know it; `project` is the api key, empty for the application's id."""
        return RenderSettings(
            url=self.url,
            name=self.properties.name if self.properties else "",
            resolution=self.resolution,
            max_duration=self.max_duration,
            callback_url=self.status_callback_url or "",
            data=token.data,
            role=token.role,
            layout_classes=token.layout_classes,
            project=project,
        )
