"""The log: nobody forges a line of it, or moves the cursor of who reads it."""

from __future__ import annotations

import io
import logging
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from emulator.app import create_app
from emulator.server.logs import LineFormatter, escaped
from emulator.settings import Settings

TEXTS = ["a\nINFO emulator: forged", "\x1b[2J\x1b[31mred", "\r\nERROR emulator: x", "bell\a", "c1 \x9b31m", "line\u2028separator", "\u202eevil", "null\x00", "\x7f\b\b"]  # fmt: skip  # noqa: E501


@pytest.fixture
def log() -> io.StringIO:
    """What is logged, as `serve` writes it."""
    return io.StringIO()


@pytest.fixture
def handler(log: io.StringIO) -> logging.Handler:
    handler = logging.StreamHandler(log)
    handler.setFormatter(LineFormatter())
    return handler


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_not_printed_is_escaped(text: str) -> None:
    assert escaped(text).isprintable()
    assert escaped(text).isascii()


@pytest.mark.parametrize("text", ["", "plain", "é and 日本語", "a\\nb"])
def test_what_is_printed_stays(text: str) -> None:
    assert escaped(text) == text


@pytest.mark.parametrize("text", TEXTS)
def test_a_failing_path_forges_no_line(handler: logging.Handler, log: io.StringIO, text: str) -> None:
    app = create_app(Settings())

    async def fail() -> None:
        raise ValueError(f"no: {text}")

    app.add_api_route("/fail/{name}", fail)
    logger = logging.getLogger("emulator")
    logger.addHandler(handler)
    try:
        with TestClient(app, raise_server_exceptions=False) as client:
            assert client.get(f"/fail/{quote(text)}").status_code == 500
    finally:
        logger.removeHandler(handler)
    first, *traceback = log.getvalue().splitlines()
    assert first.startswith("ERROR emulator: GET /fail/")
    assert traceback
    assert all(line.startswith("  ") and line.isprintable() for line in traceback)
    assert log.getvalue().replace("\n", "").isprintable()
