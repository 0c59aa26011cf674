"""What the clients return: plain frozen data, times in ms of the application's clock.

A field that the emulator does not tell has its default, and one that this client does not know is left out, so that the
two need not be of the same version.

The classes have the names of the records in `state/` that they show to users; neither module imports the other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .transport import camel

T = TypeVar("T")


@dataclass(frozen=True)
class Stream:
    """A stream that a participant publishes."""

    id: str
    connection_id: str = ""
    created_at: int = 0
    name: str = ""
    video_type: str = "camera"
    has_audio: bool = True
    has_video: bool = True
    layout_class_list: tuple[str, ...] = ()
    muted: bool = False


@dataclass(frozen=True)
class Participant:
    """Somebody in a session; `origin` is client, call, render or connector."""

    connection_id: str
    created_at: int = 0
    data: str = ""
    role: str = "publisher"
    origin: str = "client"
    migrates: bool | None = None
    streams: tuple[Stream, ...] = field(default=(), metadata={"each": Stream})

    @property
    def stream_ids(self) -> list[str]:
        """The ids of the streams."""
        return [stream.id for stream in self.streams]


@dataclass(frozen=True)
class Session:
    """A session with everybody in it."""

    session_id: str
    created_at: int = 0
    media_mode: str = "routed"
    archive_mode: str = "manual"
    archive_name: str | None = None
    archive_resolution: str | None = None
    e2ee: bool = False
    location: str | None = None
    mutes_new_streams: bool = False
    migrating: bool = False
    participants: tuple[Participant, ...] = field(default=(), metadata={"each": Participant})

    @property
    def connection_ids(self) -> list[str]:
        """Who is connected, whoever connected them: clients, SIP calls, renders, audio connectors."""
        return [participant.connection_id for participant in self.participants]

    @property
    def streams(self) -> list[Stream]:
        """The streams of everybody."""
        return [stream for participant in self.participants for stream in participant.streams]


@dataclass(frozen=True)
class Signal:
    """A signal sent by the server; `connection_id` is None where all got it."""

    at: int
    type: str = ""
    data: str = ""
    connection_id: str | None = None


@dataclass(frozen=True)
class Call:
    """A SIP call; `digits` are those played to it, one entry for each request."""

    id: str
    session_id: str = ""
    connection_id: str = ""
    stream_id: str = ""
    uri: str = ""
    from_: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    secure: bool = False
    video: bool = False
    observe_force_mute: bool = False
    status: str = ""
    digits: tuple[str, ...] = ()
    reason_code: str | None = None
    reason_message: str | None = None
    created_at: int = 0
    updated_at: int = 0


@dataclass(frozen=True)
class Event:
    """One thing that happened: `type` (`archive.available` …) to `subject`, the id of what it happened to."""

    number: int
    at: int
    type: str
    subject: str = ""
    session_id: str = ""
    reason: str | None = None
    data: Any = None


@dataclass(frozen=True)
class Timer:
    """Something that is to happen at `due`."""

    action: str
    subject: str
    due: int


@dataclass(frozen=True)
class ClockState:
    """The clock of an application: `speed` is virtual s for each real s, `pending` what is to happen next."""

    now: int
    frozen: bool = False
    speed: float = 1.0
    pending: tuple[Timer, ...] = field(default=(), metadata={"each": Timer})


@dataclass(frozen=True)
class Message:
    """The headers and the body of a request or a response."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class Attempt:
    """One try to deliver a callback: `duration` in ms, `cause` why it failed, `response` None without a response."""

    number: int
    at: int
    duration: float = 0.0
    status: int | None = None
    cause: str | None = None
    request: Message | None = field(default=None, metadata={"one": Message})
    response: Message | None = field(default=None, metadata={"one": Message})


@dataclass(frozen=True)
class Callback:
    """One callback of the outbox: `status` is pending, held, delivered, failed or dropped; `body` is decoded JSON."""

    id: str
    jti: str = ""
    number: int = 0
    webhook: str = ""
    event: str = ""
    url: str | None = None
    session_id: str = ""
    status: str = ""
    created_at: int = 0
    next_attempt_at: int | None = None
    body: Any = None
    attempts: tuple[Attempt, ...] = field(default=(), metadata={"each": Attempt})


@dataclass(frozen=True)
class Undocumented:
    """What a request said and was let have, though it is documented otherwise: `documented` says what is allowed."""

    field: str
    value: Any = None
    documented: str = ""


@dataclass(frozen=True)
class Exchange:
    """A request to the service and its response, as the journal keeps them: `at` and `duration` in ms.

    `claims` are those of the token, `unread` names the fields of the body that nothing looked at, `undocumented` is
    what was accepted though it is documented otherwise, `fault` the rules that fired.
    """

    number: int
    at: int = 0
    operation: str = ""
    method: str = ""
    path: str = ""
    query: str = ""
    status: int = 0
    duration: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    answer: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    undocumented: tuple[Undocumented, ...] = field(default=(), metadata={"each": Undocumented})
    fault: str = ""


@dataclass(frozen=True)
class Fault:
    """A fault rule: what it waits for (`when`), what it does (`then`), how often it fired (`hits`).

    `source` is the scenario pack that it belongs to, or empty; `times` 0 means without end.
    """

    name: str
    hits: int = 0
    spent: bool = False
    when: Mapping[str, Any] = field(default_factory=dict)
    then: Any = None
    position: str = ""
    times: int = 0
    priority: int = 0
    source: str = ""


def read(kind: type[T], item: Mapping[str, Any]) -> T:
    """Return the data that a JSON object of the control API is."""
    values: dict[str, Any] = {}
    for known in dataclasses.fields(kind):  # type: ignore[arg-type]
        name = known.name.rstrip("_")
        key = camel(name) if camel(name) in item else name
        if key not in item or (item[key] is None and known.default is not dataclasses.MISSING):
            continue
        values[known.name] = _value(item[key], known.metadata)
    return kind(**values)


def read_all(kind: type[T], items: Iterable[Mapping[str, Any]]) -> list[T]:
    """Return the data that a list of objects is."""
    return [read(kind, item) for item in items]


def _value(value: Any, metadata: Mapping[str, Any]) -> Any:
    if "each" in metadata:
        return tuple(read_all(metadata["each"], value))
    if "one" in metadata:
        return None if value is None else read(metadata["one"], value)
    return tuple(value) if isinstance(value, list) else value
