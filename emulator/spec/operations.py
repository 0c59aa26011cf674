"""What an operation is: everything that is said of it, once, at its handler in `emulator/service/`.

Dispatch, routes, names of faults, journal, evidence and the OpenAPI description derive from these declarations. Ids are
the operationIds of the specification; what the live service has and the specification lacks is named in the same style
(`connectAudio` …). Aliases: fidelity/sdk-wire.md 1 and 4A.16.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from emulator.spec.responses import ErrorBody
from state.errors import ServiceError

PREFIX = "/v2/project/{applicationId}"
SESSION_CREATE = "/session/create"

SESSION = "/session/{sessionId}"
CONNECTION = SESSION + "/connection/{connectionId}"
STREAM = SESSION + "/stream/{streamId}"

Handler = Callable[[Any], Awaitable[Response]]
"""Takes an `Invocation` (emulator/service/invocation.py)."""

Answers = Mapping[type[ServiceError], ErrorBody]


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """A parameter of the query; `schema` is that of OpenAPI."""

    name: str
    schema: Mapping[str, Any]
    description: str


_NUMBER: Mapping[str, Any] = MappingProxyType({"type": "integer", "minimum": 0})
_OFFSET = QueryParameter("offset", {**_NUMBER, "default": 0}, "how many to skip")
PAGED = (_OFFSET, QueryParameter("count", {**_NUMBER, "default": 50}, "how many to list, at most 1000"))
PAGED_BY_SESSION = (*PAGED, QueryParameter("sessionId", {"type": "string"}, "only those of this session"))
PARTS = (_OFFSET, QueryParameter("count", _NUMBER, "how many to list; all when it is not given"))
"""The queries of lists: paged, paged or of one session, and those that are returned whole where nothing is asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation. `path` follows `PREFIX`, except for `createSession`; `aliases` are (method, path) pairs.

    `body` is the model of the request; `response` the name of the body of success in `schemas/responses.py`, which
    `array` says is a list of them. `status` is that of success, `spec_status` where the specification has another one;
    `empty` the contracts in which a success has no body, `xml_when_anything` says that refusals are in XML for callers
    that accept anything.

    `refusals` are what the rules may refuse, as examples; the first with a status is what a failure with that status
    responds with. `answers` are the responses to some of them where they are not those of any operation, `spec_answers`
    those of the specification. `texts` are the documented texts of a wrong field, by the first part of its name,
    `missing` those of one that is not there, `tokens` the responses to a client token by what is wrong with it;
    `documented` is what is documented, and refused by nothing here. `example` are fields of one of the body, where
    what is required is not enough. `differs` says what the contracts differ in that is a rule rather than a response.
    One that `adds` makes something that is live, or lets it take more.
    """

    id: str
    tag: str
    method: str
    path: str
    summary: str
    handler: Handler
    aliases: tuple[tuple[str, str], ...] = ()
    body: type[BaseModel] | None = None
    query: tuple[QueryParameter, ...] = ()
    response: str = ""
    array: bool = False
    status: int = 200
    spec_status: int = 0
    empty: frozenset[str] = frozenset()
    xml_when_anything: bool = False
    refusals: tuple[Exception, ...] = ()
    answers: Answers = field(default_factory=dict)
    spec_answers: Answers = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, ErrorBody] = field(default_factory=dict)
    documented: tuple[ErrorBody, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    differs: str = ""
    adds: bool = False

    @property
    def routes(self) -> tuple[tuple[str, str], ...]:
        """The method and path, and those of the aliases."""
        return ((self.method, self.path), *self.aliases)

    def full(self, path: str) -> str:
        """Return its path, or that of an alias, with the prefix."""
        return path if path == SESSION_CREATE else PREFIX + path

    @property
    def full_path(self) -> str:
        """The path with its prefix."""
        return self.full(self.path)

    @property
    def description(self) -> str:
        """What its handler says of it."""
        return (self.handler.__doc__ or "").strip()

    def status_in(self, contract: str) -> int:
        """Return the status of success in a contract."""
        return self.spec_status if contract == "spec" and self.spec_status else self.status

    def answer(self, error: type[ServiceError], contract: str) -> ErrorBody | None:
        """Return the response to a refusal that is this operation's own in a contract, if it has one."""
        found = self.spec_answers.get(error) if contract == "spec" else None
        return found or self.answers.get(error)


NO_BODY = frozenset({"service", "spec"})
NO_BODY_IN_SPEC = frozenset({"spec"})
"""The contracts in which a success has no body: both, or that of the specification."""


def operation(
    id_: str, tag: str, method: str, path: str, summary: str, **declared: Any
) -> Callable[[Handler], Operation]:
    """Return what makes an operation of its handler; `declared` are the other fields of `Operation`."""

    def declare(handler: Handler) -> Operation:
        return Operation(id_, tag, method, path, summary, handler, **declared)

    return declare


class OperationTable:
    """Finds the operation of a method and path without trying them one after the other.

    Below the prefix, words and ids take turns in every path: the words and the number of segments identify it. Where a
    word stands in place of an id, the whole path does.
    """

    __slots__ = ("_create", "_entries", "_fixed", "_words")

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._entries: dict[tuple[int, str], tuple[dict[str, Operation], tuple[str, ...]]] = {}
        self._create: dict[str, Operation] = {}
        self._fixed: dict[str, tuple[dict[str, Operation], tuple[str, ...]]] = {}
        for operation in operations:
            if operation.path == SESSION_CREATE:
                self._create[operation.method] = operation
                continue
            for method, path in operation.routes:
                segments = path.strip("/").split("/")
                if not all(segment[0] == "{" for segment in segments[1::2]):
                    self._fixed.setdefault("/".join(segments), ({}, ()))[0][method] = operation
                    continue
                names = tuple(segment[1:-1] for segment in segments[1::2])
                methods, _ = self._entries.setdefault((len(segments), "/".join(segments[0::2])), ({}, names))
                methods[method] = operation
        self._words = frozenset(path.rpartition("/")[2] for path in self._fixed)

    def find(self, path: str) -> tuple[Mapping[str, Operation], dict[str, str]] | None:
        """Return the operations of a folded path by method, with the path's parameters; None for an unknown path."""
        segments = path.split("/")[1:]
        if len(segments) > 3 and segments[0] == "v2" and segments[1] == "project":
            rest = segments[3:]
            if rest[-1] in self._words and (fixed := self._fixed.get("/".join(rest))):
                return fixed[0], {"applicationId": segments[2]}
            entry = self._entries.get((len(rest), "/".join(rest[0::2])))
            if entry is None or not all(rest[1::2]):
                return None
            methods, names = entry
            return methods, {"applicationId": segments[2], **dict(zip(names, rest[1::2], strict=True))}
        return (self._create, {}) if path == SESSION_CREATE else None
