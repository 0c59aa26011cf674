"""Running the emulator: one event loop, one application, an HTTP and an HTTPS listener."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from emulator import __version__, wellknown
from emulator.server.listeners import Listeners, ServerUrls, listen
from emulator.settings import Settings
from emulator.tls.files import TlsFiles, write_atomically
from emulator.tls.prepare import ensure, publish

COLLECTED = (10_000, 20, 50)
"""After how many objects cycles are looked for, and in which of the generations. A request makes hundreds of objects
and hardly a cycle: Python's own 700 cost a tenth of the CPU of starting an archive."""


def run(settings: Settings, ready_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then end within a few seconds.

    `ready_file` gets `{"pid", "http", "https", "ca", "private_key", "control_token"}` as JSON once both listeners
    answer, and is removed at the end; only its owner can read it.
    Raises `ListenError` when a port is taken, `TlsError` when HTTPS cannot be prepared and `SettingsError` when an
    application of the settings cannot be made.
    """
    https_port = settings.https_port if settings.https else None
    listeners = listen(settings.host, settings.http_port, https_port)
    try:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)  # one that a killed process left would announce the wrong ports
        files = ensure(settings.data_dir, settings.tls_names) if https_port is not None else None
        listening = _where(settings, listeners, files)

        def announce() -> None:
            key = _keep_private_key(settings) if settings.well_known_application else None
            print(banner(settings, listening, key), flush=True)
            if ready_file is not None:
                write_atomically(ready_file, _ready(listening, key, settings.control_token), 0o600)

        with _quick_imports():
            from emulator.app import create_app
            from emulator.server.server import EmulatorServer

            app = create_app(settings)
            server = EmulatorServer(app, settings, files)
        app.state.services.urls.update(listening.urls)
        server.serve_on(listeners, announce)
    finally:
        listeners.close()
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


def banner(settings: Settings, listening: ServerUrls, key_file: Path | None) -> str:
    """Return what a developer has to know once the emulator listens, as printed lines."""
    control = f"{listening.local}/_emulator"
    rows = [("HTTP", listening.local)]
    if listening.https:
        rows.append(("HTTPS", listening.https))
    rows += [("live page", f"{control}/"), ("API docs", f"{listening.local}/docs"), ("control API", control)]
    if listening.ca:
        rows.append(("CA", f"{listening.ca}  (also {control}/ca.pem)"))
        rows.append(
            ("trust it", f"export REQUESTS_CA_BUNDLE={listening.ca}  (SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, ...)")
        )
    if settings.well_known_application:
        rows += [
            ("application", f"{wellknown.APPLICATION_ID}  (well-known; its keys are public: for tests only)"),
            ("private key", str(key_file or f"{control}/applications/{wellknown.APPLICATION_ID}")),
            ("api key", wellknown.API_KEY),
            ("api secret", wellknown.API_SECRET),
        ]
    title = f"Vonage Video API emulator {__version__} (unofficial; not affiliated with Vonage)"
    hint = "Point an SDK here: vonage-video-emulator env python  (or node, java, ruby, ...). Ctrl-C ends it."
    return "\n".join([title, "", *(f"  {name:<12} {value}" for name, value in rows), "", hint])


def _where(settings: Settings, listeners: Listeners, files: TlsFiles | None) -> ServerUrls:
    return ServerUrls(
        host=settings.host,
        http_port=listeners.http[0].getsockname()[1],
        https_port=listeners.https[0].getsockname()[1] if listeners.https else None,
        ca=files.ca if files else None,
    )


def _keep_private_key(settings: Settings) -> Path | None:
    """Write the well-known private key where SDKs can be pointed at it; None when the folder cannot be written."""
    path, content = settings.private_key_file, wellknown.PRIVATE_KEY.encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            write_atomically(path, content)  # readable by everyone: it is published, and containers share it
        publish(path.parent, path.name, content)
    except OSError:
        return None
    return path


def _ready(listening: ServerUrls, key: Path | None, token: str | None) -> bytes:
    files = {name: str(path) if path else None for name, path in (("ca", listening.ca), ("private_key", key))}
    told = {"pid": os.getpid(), "http": None, "https": None} | listening.urls | files | {"control_token": token}
    return json.dumps(told).encode()


@contextlib.contextmanager
def _quick_imports() -> Iterator[None]:
    """Import and build what the first response needs and no more: the rest takes a fifth of the start."""
    from pydantic import BaseModel

    gc.disable()  # nothing is dropped meanwhile, and what was made stays out of all later collections
    # FastAPI looks for models of Pydantic 1 and takes "not installed" for an answer.
    sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]
    BaseModel.model_config["defer_build"] = (
        True  # FastAPI's own models describe OpenAPI: built when the page is asked for
    )
    import fastapi  # noqa: F401

    del BaseModel.model_config["defer_build"]
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*COLLECTED)
        gc.enable()
