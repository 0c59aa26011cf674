"""Bodies of session, stream, signal and mute requests (fidelity/rest-and-archives.md 6 to 10)."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl

import orjson
from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from emulator.spec.errors import SIGNAL_SIZE, InvalidRequestError
from emulator.spec.schemas.absent import is_absent
from emulator.spec.schemas.common import Body, Resolution, filled, invalid, require_shallow
from emulator.spec.schemas.reading import Limited, Reading, always, reading_of, text
from state.sessions import SessionSettings

MAX_SIGNAL_TYPE = 128
MAX_SIGNAL_DATA = 8192

NO_STREAM = ""
"""The id of a stream that is not named, in the contract that lets it be left out."""


def _ip_address(value: Any) -> Any:
    if value in ("", "null"):  # some SDKs write it so when there is none (sdk-wire 1.1)
        return None
    ipaddress.IPv4Address(value)  # raises ValueError, which names the value
    return value


_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def _truth(value: Any) -> bool:
    """Return what `true` or `false` says, in any case (6), or the number that PHP writes for it.

    Raises `ValueError` for any other word.
    """
    truth = _TRUTHS.get(str(value).lower())
    if truth is None:
        raise ValueError("must be true or false")
    return truth


class CreateSession(Body):
    """The form of a new session (6). `p2p.preference` `always` is what one SDK says for `enabled`.

    Whatever else it says is a routed session: public code writes `routed`, and gets one.
    """

    archive_mode: Annotated[Literal["manual", "always"], Limited("archiveMode", always("manual"))] = "manual"
    location: Annotated[str | None, BeforeValidator(_ip_address), Limited("location", always(None))] = None
    p2p_preference: Annotated[Literal["enabled", "disabled", "always"], Limited("p2p", always("disabled"))] = Field(
        "disabled", alias="p2p.preference"
    )
    e2ee: Annotated[bool, BeforeValidator(_truth), Limited("e2ee", always(False))] = Field(False, alias="e2ee")
    archive_name: str | None = Field(None, min_length=1, max_length=80)
    archive_resolution: Resolution | None = None

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        reading = reading_of(info)
        if self.archive_mode == "always" and self.relayed and not reading.lets("alwaysRouted", "always"):
            raise InvalidRequestError("always needs a routed session (p2p.preference disabled)", "archiveMode")
        if self.archive_mode == "always" and self.e2ee and not reading.lets("alwaysPlain", "always"):
            raise InvalidRequestError("an end-to-end encrypted session cannot be archived", "archiveMode")
        if self.e2ee and self.relayed and not reading.lets("e2eeRouted", True):
            raise InvalidRequestError("needs a routed session (p2p.preference disabled)", "e2ee")
        for field, value in (("archiveName", self.archive_name), ("archiveResolution", self.archive_resolution)):
            if value is not None and self.archive_mode != "always":
                raise InvalidRequestError("allowed with archiveMode always only", field)
        return self

    @property
    def relayed(self) -> bool:
        """Whether media go from client to client."""
        return self.p2p_preference != "disabled"

    def state(self) -> SessionSettings:
        """Return the new session as the rules know it; one that cannot be archived is not archived by itself."""
        return SessionSettings(
            relayed=self.relayed,
            archive_mode="manual" if self.relayed or self.e2ee else self.archive_mode,
            archive_name=self.archive_name or "",
            archive_resolution=self.archive_resolution or "",
            e2ee=self.e2ee,
            location=self.location or "",
        )


def parse_create_session(raw: bytes, reading: Reading) -> CreateSession:
    """Read the form, whatever the content type says, or an object in JSON (sdk-wire 1.1). Raises `InvalidRequestError`.

    Fields that are written out though nothing is set (`archiveName=undefined`) are left out, with a note.
    """
    text = raw.strip()
    try:
        fields = orjson.loads(text) if text.startswith(b"{") else dict(parse_qsl(text.decode()))
    except (orjson.JSONDecodeError, UnicodeDecodeError):
        raise InvalidRequestError("the body is neither a form nor a JSON object") from None
    except ValueError as error:
        raise InvalidRequestError(f"the form cannot be read: {error}") from None
    require_shallow(text, fields)
    given = {name: value for name, value in fields.items() if value not in (None, "") and not _is_left_out(name, value)}
    for name in [name for name, value in given.items() if is_absent(value) and reading.lets("absent", value, name)]:
        del given[name]
    try:
        return CreateSession.model_validate(given, context=reading)
    except ValidationError as error:
        raise invalid(error) from None


def _is_left_out(name: str, value: Any) -> bool:
    """Tell whether a field says nothing in the way of an SDK: `location=null` (sdk-wire 1.1)."""
    return name == "location" and value == "null"


class StreamClasses(Body):
    """The layout classes of one stream; they replace those it has."""

    id: Annotated[str, Field(min_length=1), Limited("classes", text)]
    layout_class_list: list[str]

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any, info: ValidationInfo) -> Any:
        return filled(value, info, "classes", {"id": NO_STREAM, "layoutClassList": []})


class SetStreamClasses(Body):
    """The layout classes of several streams (8.3)."""

    items: list[StreamClasses]

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any, info: ValidationInfo) -> Any:
        return filled(value, info, "classes", {"items": []})

    def state(self) -> dict[str, tuple[str, ...]]:
        """Return the classes by the id of their stream."""
        return {item.id: tuple(item.layout_class_list) for item in self.items if item.id != NO_STREAM}


class SetOneStreamClasses(Body):
    """The layout classes of the stream in the path, as one OpenTok SDK sends them (sdk-wire 1)."""

    layout_class_list: list[str]


def _signal_size(limit: str, most: int) -> AfterValidator:
    def check(value: str, info: ValidationInfo) -> str:
        size = len(value.encode("utf-8", "surrogatepass"))
        if size > most and not reading_of(info).lets(limit, size):
            raise InvalidRequestError(SIGNAL_SIZE, status=413, whole=True)
        return value

    return AfterValidator(check)


class SignalBody(Body):
    """A signal (9): `type` up to 128 bytes, `data` up to 8192 bytes of UTF-8."""

    data: Annotated[str, _signal_size("signalData", MAX_SIGNAL_DATA)]  # first: the one that has a text of its own
    type: Annotated[str, _signal_size("signalType", MAX_SIGNAL_TYPE)]


class MuteSession(Body):
    """Mute all streams, or no longer mute new ones (10.2).

    `active` may be text, and the excluded ones are called `excludedStreams` by the OpenTok SDKs.
    """

    active: bool
    excluded_stream_ids: list[str] = Field([], validation_alias=AliasChoices("excludedStreamIds", "excludedStreams"))
