"""How the clients ask: each call is written once, as the steps it takes, and walked by a sync or an async side.

A call is a generator that yields what to ask and returns what it found. `api_call` makes it a method: on a class with
the `Sync` side it returns the result, on one with the `Async` side it returns an awaitable of the same.
"""

from __future__ import annotations

import asyncio
import functools
import os
import ssl
import time
from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from .errors import EmulatorError, NotReachableError, RequestRefusedError

if TYPE_CHECKING:
    import httpx

P = ParamSpec("P")
T = TypeVar("T")

RESPONSE_SECONDS = 30.0


@dataclass(frozen=True)
class ApiRequest:
    """One request: its path follows that of the part that asks; parameters that are None are left out.

    `seconds` is how much longer than usual the response may take. `content` is a body that is no JSON, of
    `content_type`.
    """

    method: str
    path: str = ""
    body: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    content: bytes | None = None
    content_type: str = ""


@dataclass(frozen=True)
class Pause:
    """A wait of so many real seconds."""

    seconds: float


Steps = Generator[ApiRequest | Pause, Any, T]


class Part:
    """A part of the control API below one path."""

    _path: str


class Sync(Part):
    """The side that waits for responses."""

    def __init__(self, http: httpx.Client, path: str) -> None:
        self._http = http
        self._path = path

    def _walk(self, steps: Steps[T]) -> T:
        __tracebackhide__ = True  # of pytest
        try:
            step = next(steps)
            while True:
                try:
                    response = self._take(step)
                except EmulatorError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
        except StopIteration as end:
            result: T = end.value
            return result
        except EmulatorError as error:
            raise error.with_traceback(None)  # noqa: B904  # what is between the test and the refusal is of no interest

    def _take(self, step: ApiRequest | Pause) -> Any:
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        try:
            return _response(step, self._http.request(**_request(self._path, step)))
        except httpx_module().TransportError as error:
            raise _not_reachable(self._http, error) from error


class Async(Part):
    """The side whose responses are awaited."""

    def __init__(self, http: httpx.AsyncClient, path: str) -> None:
        self._http = http
        self._path = path

    async def _walk(self, steps: Steps[T]) -> T:
        __tracebackhide__ = True  # of pytest
        try:
            step = next(steps)
            while True:
                try:
                    response = await self._take(step)
                except EmulatorError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
        except StopIteration as end:
            result: T = end.value
            return result
        except EmulatorError as error:
            raise error.with_traceback(None)  # noqa: B904  # what is between the test and the refusal is of no interest

    async def _take(self, step: ApiRequest | Pause) -> Any:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        try:
            return _response(step, await self._http.request(**_request(self._path, step)))
        except httpx_module().TransportError as error:
            raise _not_reachable(self._http, error) from error


class api_call(Generic[P, T]):  # a decorator: it reads as a function
    """Make a method of a generator of steps."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._steps = steps
        self.__doc__ = steps.__doc__
        self.__wrapped__ = steps  # for help() and inspect

    @overload
    def __get__(self, part: None, owner: type) -> Self: ...
    @overload
    def __get__(self, part: Sync, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, part: Async, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, part: Sync | Async | None, owner: type) -> Any:
        if part is None:
            return self

        @functools.wraps(self._steps)
        def walk(*args: P.args, **kwargs: P.kwargs) -> Any:
            __tracebackhide__ = True
            return part._walk(self._steps(part, *args, **kwargs))

        return walk


def httpx_module() -> Any:
    """Return httpx, imported when it is first needed. Raises ImportError that names the extra."""
    try:
        import httpx
    except ImportError as error:
        raise ImportError(
            "the client needs httpx, which is not installed: it comes with the extra 'client' "
            "(in the emulator's clone: pip install '.[client]')"
        ) from error
    return httpx


def client_options(base_url: str, token: str | None, ca: str | os.PathLike[str] | None) -> dict[str, Any]:
    """Return what an httpx client of either kind is made with."""
    options: dict[str, Any] = {
        "base_url": f"{base_url.rstrip('/')}/_emulator",
        "headers": {"Authorization": f"Bearer {token}"} if token else {},
        "trust_env": False,  # a proxy cannot know this machine's ports
    }
    if ca is not None:
        options["verify"] = ssl.create_default_context(cafile=ca)
    return options


def camel(name: str) -> str:
    """Return a name as the control API writes it; one that is in camelCase already stays."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _request(path: str, ask: ApiRequest) -> dict[str, Any]:
    body: dict[str, Any] = {"json": ask.body}
    if ask.content is not None:
        body = {"content": ask.content, "headers": {"Content-Type": ask.content_type}}
    return {
        "method": ask.method,
        "url": path + ask.path,
        **body,
        "params": {name: value for name, value in ask.params.items() if value is not None},
        "timeout": RESPONSE_SECONDS + ask.seconds,
    }


def _response(ask: ApiRequest, response: httpx.Response) -> Any:
    if response.is_success:
        if not response.content:
            return None
        content_type = response.headers.get("content-type", "")
        if content_type.startswith("audio/"):
            return response.content
        return response.json() if content_type.startswith("application/json") else response.text
    try:
        error = dict(response.json()["error"])
    except (ValueError, KeyError, TypeError):  # not the control API: something else listens there
        error = {"message": f"{ask.method} {response.url}: {response.text[:500]}"}
    raise RequestRefusedError(
        response.status_code, error.get("message", ""), error.get("field", ""), error.get("suggestion", "")
    )


def _not_reachable(http: httpx.Client | httpx.AsyncClient, error: Exception) -> NotReachableError:
    where = str(http.base_url).removesuffix("/").removesuffix("/_emulator")
    return NotReachableError(f"no answer from an emulator at {where}: {error or type(error).__name__}")
