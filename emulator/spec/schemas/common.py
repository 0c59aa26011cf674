"""What request bodies share: how they are read, enumerations, layouts, stream selection."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel

from emulator.spec.addresses import Address, with_host
from emulator.spec.errors import REQUIRED, InvalidRequestError
from emulator.spec.schemas.reading import Limited, Reading, always, one_of, reading_of, text
from state import nesting
from state.layouts import Layout as LayoutState
from state.nesting import UnwritableError, may_be_too_much
from state.parsing import loads

Resolution = Literal["640x480", "480x640", "1280x720", "720x1280", "1920x1080", "1080x1920"]
RenderResolution = Annotated[Resolution, Limited("renderResolution", one_of("1280x800"))]
LayoutType = Annotated[
    Literal["bestFit", "pip", "verticalPresentation", "horizontalPresentation", "custom"],
    Limited("layoutType", one_of("focus")),
]
StreamMode = Literal["auto", "manual"]
ScreenshareType = Literal["bestFit", "pip", "verticalPresentation", "horizontalPresentation"]
Bitrate = Annotated[int, Field(ge=100_000, le=6_000_000, description="bit/s")]
Duration = Annotated[int, Field(ge=60, le=36_000, description="s")]
Text = Annotated[str, Field(min_length=1)]
StreamId = Annotated[str, Field(min_length=1), Limited("selection", text)]
ClientTokenText = Annotated[str, Field(min_length=1), Limited("clientToken", text)]
Uri = Annotated[
    str,
    Field(min_length=15, max_length=2048, pattern=r"(?i)^https?://"),
    AfterValidator(with_host),
    Limited("renderUrl", text),
]
CallbackUrl = Annotated[Annotated[Address, Field(min_length=15)] | None, Limited("callbackUrl", always(None))]

NO_STYLESHEET = "Custom type must have stylesheet"
"""Recorded (Opentok-Java-SDK#186)."""

M = TypeVar("M", bound="Body")


class Body(BaseModel):
    """A JSON request body in camelCase. Fields that no model knows are kept, to be reported as unread."""

    model_config = ConfigDict(alias_generator=to_camel, extra="allow", defer_build=True, frozen=True)


class LayoutBody(Body):
    """The layout of a composition (fidelity/rest-and-archives.md 12.2)."""

    type: LayoutType = "bestFit"
    stylesheet: str = ""
    screenshare_type: Annotated[ScreenshareType | None, Limited("screenshare", always(None))] = None

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        if (self.type == "custom") != bool(self.stylesheet) and not reading_of(info).lets("stylesheet", self.type):
            if self.stylesheet:
                raise ValueError("stylesheet is allowed with type custom only")
            raise InvalidRequestError(NO_STYLESHEET, whole=True)
        if (
            self.screenshare_type
            and self.type != "bestFit"
            and not reading_of(info).lets("screenshare", self.screenshare_type)
        ):
            raise ValueError("screenshareType is allowed with type bestFit only")
        return self

    def state(self) -> LayoutState:
        """Return the layout as the rules know it."""
        stylesheet, screenshare = self.stylesheet, self.screenshare_type or ""
        return LayoutState(
            self.type, stylesheet if self.type == "custom" else "", screenshare if self.type == "bestFit" else ""
        )


class ChangedLayout(LayoutBody):
    """The layout that a composition gets (12.8)."""

    type: LayoutType

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any, info: ValidationInfo) -> Any:
        return filled(value, info, "layoutGiven", {"type": "bestFit"})


class StreamSelection(Body):
    """Either `addStream`, with what of it is taken in, or `removeStream` (12.9)."""

    add_stream: StreamId | None = None
    remove_stream: StreamId | None = None
    has_audio: bool = True
    has_video: bool = True

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        both = (self.add_stream is None) == (self.remove_stream is None)
        if both and not reading_of(info).lets("selection", self.add_stream):
            raise InvalidRequestError("give either addStream or removeStream", "addStream")
        return self


def filled(value: Any, info: ValidationInfo, limit: str, missing: Mapping[str, Any]) -> Any:
    """Return an object with what it lacks, where the limit lets it be left out."""
    if not isinstance(value, dict) or missing.keys() <= value.keys() or not reading_of(info).lets(limit, None):
        return value
    return {**missing, **value}


def parse(model: type[M], raw: bytes, reading: Reading | None = None) -> M:
    """Read a JSON body into `model`; null means not given, as SDKs send it (fidelity/sdk-wire.md 4A.13).

    Raises `InvalidRequestError`, which names the field and what was allowed.
    """
    if not raw.strip():
        raise InvalidRequestError("the body is empty; expected a JSON object")
    try:
        content = loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(f"the body is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise InvalidRequestError(f"expected a JSON object, found {_kind(content)}")
    require_shallow(raw, content)
    try:
        given = _without_nulls(content) if b"null" in raw else content
        return model.model_validate(given, context=reading)
    except ValidationError as error:
        raise invalid(error) from None


def require_shallow(raw: bytes, content: Any) -> None:
    """Raise `InvalidRequestError` for JSON that has more levels or values than could be kept and shown (ours)."""
    if may_be_too_much(raw):
        try:
            nesting.check(content)
        except UnwritableError as error:
            raise InvalidRequestError(str(error), ".".join(map(str, error.path))) from None


def invalid(error: ValidationError) -> InvalidRequestError:
    """Return the first problem that pydantic found, with the dotted name of its field."""
    problem = error.errors(include_url=False, include_context=False)[0]
    return InvalidRequestError(_explain(problem), ".".join(str(part) for part in problem["loc"]))


def unread(body: BaseModel, prefix: str = "") -> tuple[str, ...]:
    """Return the names of the fields that were sent but that nothing reads, with dots into objects."""
    names = [prefix + name for name in body.model_extra or ()]
    for name, alias in _with_models(type(body)):
        value = body.__dict__[name]
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, BaseModel):
                names.extend(unread(item, f"{prefix}{alias}{'[]' if isinstance(value, list) else ''}."))
    return tuple(dict.fromkeys(names)) if names else ()


@cache
def _with_models(model: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a model in which there may be other models: their names, and as they are written."""

    def has_model(hint: Any) -> bool:
        return (isinstance(hint, type) and issubclass(hint, BaseModel)) or any(map(has_model, get_args(hint)))

    fields = model.model_fields.items()
    return tuple((name, field.alias or name) for name, field in fields if has_model(field.annotation))


def names_of(raw: bytes) -> tuple[str, ...]:
    """Return the names of the fields in a JSON body that no operation expects; `{}`, `[]` and the like have none."""
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return ()
    return tuple(content) if isinstance(content, dict) else ()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _explain(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "missing":
        return REQUIRED
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _kind(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
