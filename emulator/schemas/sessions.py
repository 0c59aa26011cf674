"""Bodies of session, stream, signal and mute requests (fidelity/rest-and-archives.md 6 to 10)."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl

import orjson
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, ValidationError, model_validator

from emulator.errors import Invalid
from emulator.schemas.common import Body, Resolution, invalid
from state.sessions import NewSession

MAX_SIGNAL_TYPE = 128
MAX_SIGNAL_DATA = 8192


def _ip_address(value: Any) -> Any:
    if value in ("", "null"):  # some SDKs write it so when there is none (sdk-wire 1.1)
        return None
    ipaddress.IPv4Address(value)  # raises ValueError, which names the value
    return value


class CreateSession(Body):
    """The form of a new session (6). `p2p.preference` `always` is what one SDK says for `enabled`."""

    archive_mode: Literal["manual", "always"] = "manual"
    location: Annotated[str | None, BeforeValidator(_ip_address)] = None
    p2p_preference: Literal["enabled", "disabled", "always"] = Field("disabled", alias="p2p.preference")
    e2ee: bool = Field(False, alias="e2ee")
    archive_name: str | None = Field(None, min_length=1, max_length=80)
    archive_resolution: Resolution | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.archive_mode == "always" and self.relayed:
            raise Invalid("always needs a routed session (p2p.preference disabled)", "archiveMode")
        if self.archive_mode == "always" and self.e2ee:
            raise Invalid("an end-to-end encrypted session cannot be archived", "archiveMode")
        if self.e2ee and self.relayed:
            raise Invalid("needs a routed session (p2p.preference disabled)", "e2ee")
        for field, value in (("archiveName", self.archive_name), ("archiveResolution", self.archive_resolution)):
            if value is not None and self.archive_mode != "always":
                raise Invalid("allowed with archiveMode always only", field)
        return self

    @property
    def relayed(self) -> bool:
        """Whether media go from client to client."""
        return self.p2p_preference != "disabled"

    def state(self) -> NewSession:
        """Return the new session as the rules know it."""
        return NewSession(
            relayed=self.relayed,
            archive_mode=self.archive_mode,
            archive_name=self.archive_name or "",
            archive_resolution=self.archive_resolution or "",
            e2ee=self.e2ee,
            location=self.location or "",
        )


def parse_create_session(raw: bytes) -> CreateSession:
    """Read the form, whatever the content type says, or an object in JSON (sdk-wire 1.1). Raises `Invalid`."""
    text = raw.strip()
    try:
        fields = orjson.loads(text) if text.startswith(b"{") else dict(parse_qsl(text.decode()))
    except (orjson.JSONDecodeError, UnicodeDecodeError):
        raise Invalid("the body is neither a form nor a JSON object") from None
    except ValueError as error:
        raise Invalid(f"the form cannot be read: {error}") from None
    if "e2ee" in fields and isinstance(fields["e2ee"], str):
        fields["e2ee"] = fields["e2ee"].lower()
    try:
        return CreateSession.model_validate({name: value for name, value in fields.items() if value not in (None, "")})
    except ValidationError as error:
        raise invalid(error) from None


class StreamClasses(Body):
    """The layout classes of one stream; they replace those it has."""

    id: str = Field(min_length=1)
    layout_class_list: list[str]


class SetStreamClasses(Body):
    """The layout classes of several streams (8.3)."""

    items: list[StreamClasses]


class SetOneStreamClasses(Body):
    """The layout classes of the stream in the path, as one OpenTok SDK sends them (sdk-wire 1)."""

    layout_class_list: list[str]


def _signal_size(limit: int) -> AfterValidator:
    def check(value: str) -> str:
        if len(value.encode("utf-8", "surrogatepass")) > limit:
            raise Invalid(f"at most {limit} bytes", status=413)
        return value

    return AfterValidator(check)


class SignalBody(Body):
    """A signal (9): `type` up to 128 bytes, `data` up to 8192 bytes of UTF-8."""

    type: Annotated[str, _signal_size(MAX_SIGNAL_TYPE)]
    data: Annotated[str, _signal_size(MAX_SIGNAL_DATA)]


class MuteSession(Body):
    """Mute all streams, or no longer mute new ones (10.2).

    `active` may be text, and the excluded ones are called `excludedStreams` by the OpenTok SDKs.
    """

    active: bool
    excluded_stream_ids: list[str] = Field([], validation_alias=AliasChoices("excludedStreamIds", "excludedStreams"))
