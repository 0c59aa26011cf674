"""The engine, and the images that are built once for all of its tests."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

import pytest

from tests.docker.engine import Engine, NoEngineError, engine

BASES = ("python:3.12-slim", "postgres:16-alpine")


def has(docker: Engine, name: str) -> bool:
    """Tell whether the engine has an image."""
    return docker.docker("image", "inspect", "--format", "{{.Id}}", name, check=False).startswith("sha256:")


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    """An engine that has the images that ours are built on."""
    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(engine())
        except NoEngineError as error:
            pytest.skip(str(error))
        if shutil.which("docker-compose") is None and not running.docker("compose", "version", check=False):
            pytest.skip("needs docker compose")
        for base in BASES:
            if not has(running, base):
                pulled = running.docker("pull", "--quiet", base, check=False)
                if not has(running, base):
                    pytest.skip(f"the image {base} is not there: {pulled[-200:]}")
        yield running


@pytest.fixture(scope="session")
def image(docker: Engine) -> str:
    """The image, built with those of the compose file's other services."""
    docker.compose("build", "emulator", "example", "no-host", "recorder-tests")
    return "vonage-video-emulator"


@pytest.fixture
def composed(docker: Engine, image: str) -> Iterator[Engine]:
    """Compose, with nothing left of it before and after a test."""
    profiles = [word for name in ("example", "no-host", "recorder-tests", "shared") for word in ("--profile", name)]
    docker.compose(*profiles, "down", "--volumes", "--remove-orphans")
    try:
        yield docker
    finally:
        docker.compose(*profiles, "down", "--volumes", "--remove-orphans")
