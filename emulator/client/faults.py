"""Failures on demand: rules and scenario packs of an application, and what was really asked of the service."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, Self

from .errors import RequestRefusedError, VerificationError
from .models import Fault, read, read_all
from .transport import ApiRequest, Async, Part, Steps, Sync, api_call, camel

Position = Literal["before", "instead", "after"]


class FaultCalls(Part):
    """The fault rules of an application: docs/failures.md has every condition and effect."""

    @api_call
    def add(
        self,
        /,
        then: str | Mapping[str, Any],
        operation: str | None = None,
        *,
        name: str | None = None,
        times: int | None = None,
        position: Position | None = None,
        priority: int | None = None,
        when: Mapping[str, Any] | None = None,
        **conditions: Any,
    ) -> Steps[Fault]:
        """Write a rule: `add("conflict", "startArchive", nth=2)`.

        `then` is an effect by its name, or several with what they are set to (`{"latency": {"ms": 300}}`). Conditions
        are those of the documentation, in Python's style or the control API's; `when` gives them as a whole. `times` is
        how often the rule fires before it is spent. Raises `RequestRefusedError` (400), with a suggestion where it can.
        """
        wanted = {camel(key): value for key, value in conditions.items()}
        if operation is not None:
            wanted["operation"] = operation
        rule: dict[str, Any] = {"name": name, "when": {**wanted, **(when or {})}, "then": then}
        rule |= {"times": times, "position": position, "priority": priority}
        response = yield ApiRequest("POST", "/faults", {key: value for key, value in rule.items() if value is not None})
        return read(Fault, response)

    @api_call
    def list(self) -> Steps[list[Fault]]:
        """Return every rule with its hits, spent ones too."""
        response = yield ApiRequest("GET", "/faults")
        return read_all(Fault, response["items"])

    @api_call
    def get(self, name: str) -> Steps[Fault]:
        """Return one rule. Raises `RequestRefusedError` (404)."""
        response = yield ApiRequest("GET", f"/faults/{name}")
        return read(Fault, response)

    @api_call
    def remove(self, name: str) -> Steps[None]:
        """Remove one rule. Raises `RequestRefusedError` (404)."""
        yield ApiRequest("DELETE", f"/faults/{name}")

    @api_call
    def clear(self) -> Steps[None]:
        """Remove every rule."""
        yield ApiRequest("DELETE", "/faults")


class Faults(FaultCalls, Sync):
    """An application's fault rules."""


class AsyncFaults(FaultCalls, Async):
    """An application's fault rules; answers are awaited."""


class ScenarioCalls(Part):
    """A scenario pack on an application."""

    _name: str
    _body: Mapping[str, Any]

    def _set(self, name: str, session: str | None, parameters: Mapping[str, Any]) -> None:
        self._name = name
        self._body = {"parameters": dict(parameters), **({"session": session} if session else {})}

    @api_call
    def apply(self) -> Steps[None]:
        """Apply the pack, anew if it is applied already. Raises `RequestRefusedError` (400, 404)."""
        yield ApiRequest("PUT", f"/scenarios/{self._name}", self._body)

    @api_call
    def inspect(self) -> Steps[Mapping[str, Any]]:
        """Return what the pack has done so far: `hits`, its rules, the steps still to come."""
        response = yield ApiRequest("GET", f"/scenarios/{self._name}")
        return dict(response)

    @api_call
    def remove(self) -> Steps[None]:
        """Remove the pack: its rules, and the steps still to come."""
        yield ApiRequest("DELETE", f"/scenarios/{self._name}")


@contextlib.contextmanager
def _removed_meanwhile() -> Iterator[None]:
    """Take it well when a pack is gone already: removed with the rules, or by a reset."""
    try:
        yield
    except RequestRefusedError as refused:
        if refused.status != 404:
            raise


class Scenario(ScenarioCalls, Sync):
    """A scenario pack, applied in a `with` block."""

    def __enter__(self) -> Self:
        self.apply()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with _removed_meanwhile():
            self.remove()


class AsyncScenario(ScenarioCalls, Async):
    """A scenario pack, applied in an `async with` block; answers are awaited."""

    async def __aenter__(self) -> Self:
        await self.apply()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        with _removed_meanwhile():
            await self.remove()


class VerifyCalls(Part):
    """Whether the service was asked what it should have been."""

    @api_call
    def verify(self, /, *order: str, **exactly: int) -> Steps[None]:
        """Verify which operations were called: in this order (others may be between), and exactly so often.

        `verify("startArchive", "stopArchive", startArchive=2)`. Raises `VerificationError`, which explains the nearest
        miss, and `RequestRefusedError` (400) for an operation that there is not.
        """
        calls = [{"operation": operation, "exactly": count} for operation, count in exactly.items()]
        try:
            yield ApiRequest("POST", "/requests/verify", {"calls": calls, "order": list(order)})
        except RequestRefusedError as refused:
            if refused.status != 409:
                raise
            raise VerificationError(refused.message) from None
