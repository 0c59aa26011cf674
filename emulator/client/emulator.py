"""A running emulator: its applications, and whether it is ready."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from .application import ApplicationClient, AsyncApplicationClient
from .errors import NotReachableError, RequestRefusedError, WaitTimeoutError
from .transport import ApiRequest, Async, Part, Pause, Steps, Sync, api_call, camel, client_options, httpx_module

DEFAULT_URL = "http://localhost:8080"
POLL_SECONDS = 0.05

A = TypeVar("A", ApplicationClient, AsyncApplicationClient)


class EmulatorCalls(Part, Generic[A]):
    """What can be asked of an emulator as a whole. Raises `NotReachableError` when none answers."""

    def _application(self, shown: Mapping[str, Any]) -> A:
        raise NotImplementedError

    @api_call
    def application(self, /, name: str = "", **options: Any) -> Steps[A]:
        """Make an application, with nothing given but the defaults of the emulator.

        Options may be written as in Python or as in the control API: `pace`, `contract`, `auto_participants`,
        `archive_storage`, `webhooks`, `id`, `public_key` … Raises `RequestRefusedError` (400, 409).
        """
        shown = yield ApiRequest("POST", "/applications", {"name": name, **{camel(k): v for k, v in options.items()}})
        return self._application(shown)

    @api_call
    def applications(self) -> Steps[list[A]]:
        """Return every application."""
        response = yield ApiRequest("GET", "/applications")
        return [self._application(shown) for shown in response["items"]]

    @api_call
    def get(self, application_id: str) -> Steps[A]:
        """Return the application with this id or api key. Raises `RequestRefusedError` (404)."""
        shown = yield ApiRequest("GET", f"/applications/{application_id}")
        return self._application(shown)

    @api_call
    def snapshot(self) -> Steps[dict[str, Any]]:
        """Return all that there is, every application, as JSON."""
        response: dict[str, Any] = yield ApiRequest("GET", "/snapshot")
        return response

    @api_call
    def restore(self, snapshot: Mapping[str, Any]) -> Steps[None]:
        """Let there be what a snapshot says; other applications are deleted. Raises `RequestRefusedError` (400)."""
        yield ApiRequest("PUT", "/snapshot", snapshot)

    @api_call
    def info(self) -> Steps[dict[str, Any]]:
        """Return version, settings that matter, URLs and limits."""
        response: dict[str, Any] = yield ApiRequest("GET", "/info")
        return response

    @api_call
    def certificate_authority(self) -> Steps[str]:
        """Return what HTTPS clients have to trust, PEM. Raises `RequestRefusedError` (404) without HTTPS."""
        pem: str = yield ApiRequest("GET", "/ca.pem")
        return pem

    @api_call
    def wait_until_ready(self, timeout: float = 30.0) -> Steps[None]:
        """Return as soon as every request can be served. Raises `WaitTimeoutError` after `timeout` real seconds."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                yield ApiRequest("GET", "/ready")
            except (NotReachableError, RequestRefusedError) as error:
                if time.monotonic() >= deadline:
                    raise WaitTimeoutError(f"not ready within {timeout:g} s: {error}") from error
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
    """The same as `Emulator`, with responses to be awaited; close it with `aclose()` or an `async with` block."""

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
