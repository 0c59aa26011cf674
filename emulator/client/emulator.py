"""A running emulator: its applications, and whether it is ready."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from .application import ApplicationClient, AsyncApplicationClient
from .asking import Ask, Async, Part, Pause, Steps, Sync, call, camel, client_options, httpx_module
from .errors import ControlRefused, NotInTime, NotReachable

DEFAULT_URL = "http://localhost:8080"
POLL_SECONDS = 0.05

A = TypeVar("A", ApplicationClient, AsyncApplicationClient)


class EmulatorCalls(Part, Generic[A]):
    """What can be asked of an emulator as a whole. Raises `NotReachable` when none answers."""

    def _application(self, shown: Mapping[str, Any]) -> A:
        raise NotImplementedError

    @call
    def application(self, /, name: str = "", **options: Any) -> Steps[A]:
        """Make an application, with nothing given but the defaults of the emulator.

        Options may be written as in Python or as in the control API: `pace`, `contract`, `auto_participants`,
        `archive_storage`, `webhooks`, `id`, `public_key` … Raises `ControlRefused` (400, 409).
        """
        shown = yield Ask("POST", "/applications", {"name": name, **{camel(k): v for k, v in options.items()}})
        return self._application(shown)

    @call
    def applications(self) -> Steps[list[A]]:
        """Return every application."""
        answer = yield Ask("GET", "/applications")
        return [self._application(shown) for shown in answer["items"]]

    @call
    def get(self, application_id: str) -> Steps[A]:
        """Return the application with this id or api key. Raises `ControlRefused` (404)."""
        shown = yield Ask("GET", f"/applications/{application_id}")
        return self._application(shown)

    @call
    def snapshot(self) -> Steps[dict[str, Any]]:
        """Return all that there is, every application, as JSON."""
        answer: dict[str, Any] = yield Ask("GET", "/snapshot")
        return answer

    @call
    def restore(self, snapshot: Mapping[str, Any]) -> Steps[None]:
        """Let there be what a snapshot says; other applications are deleted. Raises `ControlRefused` (400)."""
        yield Ask("PUT", "/snapshot", snapshot)

    @call
    def info(self) -> Steps[dict[str, Any]]:
        """Return version, settings that matter, URLs and limits."""
        answer: dict[str, Any] = yield Ask("GET", "/info")
        return answer

    @call
    def certificate_authority(self) -> Steps[str]:
        """Return what HTTPS clients have to trust, PEM. Raises `ControlRefused` (404) without HTTPS."""
        pem: str = yield Ask("GET", "/ca.pem")
        return pem

    @call
    def wait_until_ready(self, timeout: float = 30.0) -> Steps[None]:
        """Return as soon as every request can be served. Raises `NotInTime` after `timeout` real seconds."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                yield Ask("GET", "/ready")
            except (NotReachable, ControlRefused) as error:
                if time.monotonic() >= deadline:
                    raise NotInTime(f"not ready within {timeout:g} s: {error}") from error
            else:
                return
            yield Pause(POLL_SECONDS)


class Emulator(EmulatorCalls[ApplicationClient], Sync):
    """A client of the emulator at `base_url`; `token` opens a closed control API, `ca` is a file to trust for HTTPS.

    Close it with `close()`, or use it in a `with` block. Raises ImportError without httpx.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        ca: str | os.PathLike[str] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        super().__init__(httpx_module().Client(**client_options(base_url, token, ca)), "")

    def _application(self, shown: Mapping[str, Any]) -> ApplicationClient:
        return ApplicationClient(self._http, shown)

    def close(self) -> None:
        """Give up the connections; applications made stay."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncEmulator(EmulatorCalls[AsyncApplicationClient], Async):
    """The same as `Emulator`, with answers to be awaited; close it with `aclose()` or an `async with` block."""

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        ca: str | os.PathLike[str] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        super().__init__(httpx_module().AsyncClient(**client_options(base_url, token, ca)), "")

    def _application(self, shown: Mapping[str, Any]) -> AsyncApplicationClient:
        return AsyncApplicationClient(self._http, shown)

    async def aclose(self) -> None:
        """Give up the connections; applications made stay."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()
