"""What a rule does: every effect by its name, and how they are written in `then`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model, model_validator

from scenarios.answer_effects import (
    BadGateway,
    BadRequest,
    Conflict,
    EmptyReply,
    Forbidden,
    Garbage,
    GatewayTimeout,
    Internal,
    Latency,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    RateLimited,
    Reset,
    SlowDrip,
    StaleRead,
    Stall,
    Status,
    Timeout408,
    TooLarge,
    Truncated,
    Unauthorized,
    Unavailable,
    WrongContentType,
)
from scenarios.effect import Effect, Kind
from scenarios.later_effects import (
    ArchiveFails,
    BroadcastFails,
    CallbackBadlySigned,
    CallbackDelayed,
    CallbackDoubled,
    CallbackLost,
    CallbackReordered,
    CallbackUnsigned,
    CaptionsFail,
    HandshakeFails,
    HlsError,
    NetworkDrops,
    RenderCannotLoad,
    RenderCrashes,
    RtmpError,
    RtmpOffline,
    ServerRotation,
    SipBusy,
    SipDeclined,
    SipDrops,
    SipMediaTimeout,
    SipNoAnswer,
    UploadFails,
    UploadSlow,
    UploadStuck,
)
from scenarios.strict import Strict

ALL: tuple[type[Effect], ...] = (
    Latency,
    BadRequest, Unauthorized, Forbidden, NotFound, MethodNotAllowed, Timeout408, Conflict, TooLarge, RateLimited,
    Internal, BadGateway, Unavailable, GatewayTimeout, Status, Stall, Reset, EmptyReply, Garbage,
    Truncated, SlowDrip, MalformedJson, WrongContentType, StaleRead,
    UploadFails, UploadSlow, UploadStuck, ArchiveFails, BroadcastFails, RtmpOffline, RtmpError, HlsError,
    RenderCannotLoad, RenderCrashes, CaptionsFail, SipBusy, SipNoAnswer, SipDeclined, SipDrops, SipMediaTimeout,
    HandshakeFails, NetworkDrops, ServerRotation,
    CallbackLost, CallbackDelayed, CallbackDoubled, CallbackReordered, CallbackUnsigned, CallbackBadlySigned,
)  # fmt: skip


def _name(effect: type[Effect]) -> str:
    return effect.__name__[0].lower() + effect.__name__[1:]


EFFECTS: Mapping[str, type[Effect]] = MappingProxyType({_name(effect): effect for effect in ALL})
"""Every effect by its name."""

if TYPE_CHECKING:
    _Effects = Strict
else:
    _Effects = create_model(
        "_Effects",
        __base__=Strict,
        **{name: (effect | None, Field(None, description=effect.__doc__)) for name, effect in EFFECTS.items()},
    )


class Then(_Effects):
    """One effect by its name, or a mapping of effects to what they are set to (nothing for the defaults)."""

    noun = "effect"

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {data: {}}
        if isinstance(data, Mapping):
            if not data:
                raise ValueError("name an effect")
            return {name: {} if value is None else value for name, value in data.items()}
        return data

    def effects(self) -> dict[str, Effect]:
        """Return the effects by name."""
        return {name: getattr(self, name) for name in EFFECTS if getattr(self, name, None) is not None}


__all__ = ["EFFECTS", "Effect", "Kind", "Then"]
