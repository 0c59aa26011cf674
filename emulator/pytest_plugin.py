"""The pytest plugin: a running emulator, an application for each test with its clock, participants, callbacks and SDKs.

pytest loads this module into every test run, so it imports nothing until a fixture is used.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .client import ApplicationClient, Clock, Participants
    from .testing import Callbacks, Server

URL = "VONAGE_VIDEO_EMULATOR_URL"
HTTPS_URL = "VONAGE_VIDEO_EMULATOR_HTTPS_URL"
TOKEN = "VONAGE_VIDEO_EMULATOR_TOKEN"
CALLBACK_HOST = "VONAGE_VIDEO_EMULATOR_CALLBACK_HOST"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("vonage-video-emulator")
    group.addoption("--video-emulator-url", metavar="URL", help=f"use the emulator that runs there ({URL})")
    group.addoption(
        "--video-emulator-https-url",
        metavar="URL",
        help=f"where its HTTPS is reached, that host and its own port by default ({HTTPS_URL})",
    )
    group.addoption("--video-emulator-token", metavar="TOKEN", help=f"token of its control API ({TOKEN})")
    group.addoption(
        "--video-emulator-callback-host",
        metavar="NAME",
        help=f"name of this machine as seen by that emulator, localhost by default ({CALLBACK_HOST})",
    )
    parser.addini("video_emulator_flags", "flags of the emulator that tests start, as of `serve`", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    config.addinivalue_line("markers", "video_application(**options): options of the application that the test gets")
    config.addinivalue_line("markers", "video_fault(then, operation, **conditions): a fault rule of that application")
    config.addinivalue_line(
        "markers", "video_scenario(name, **parameters): a scenario pack applied to that application"
    )


@pytest.fixture(scope="session")
def video_emulator(pytestconfig: pytest.Config) -> Iterator[Server]:
    """A running emulator: the one of `--video-emulator-url`, or one that is started and ended with the test run."""
    testing = _testing()
    url = _setting(pytestconfig, "video_emulator_url", URL)
    if url:
        running = testing.existing_server(
            url,
            https_url=_setting(pytestconfig, "video_emulator_https_url", HTTPS_URL),
            token=_setting(pytestconfig, "video_emulator_token", TOKEN),
            callback_host=_setting(pytestconfig, "video_emulator_callback_host", CALLBACK_HOST) or "localhost",
        )
    else:
        flags = pytestconfig.getini("video_emulator_flags")
        running = testing.running_server(*flags, working_directory=pytestconfig.rootpath)
    with running as server:
        yield server


@pytest.fixture
def video_application(video_emulator: Server, request: pytest.FixtureRequest) -> Iterator[ApplicationClient]:
    """A new application, deleted after the test; the marker `video_application` sets its options.

    Of several of these markers the one nearest to the test wins; `video_fault` and `video_scenario` add up.
    """
    options: dict[str, Any] = {"name": request.node.name[:200]}
    for marker in reversed(list(request.node.iter_markers("video_application"))):
        options |= marker.kwargs
    with video_emulator.emulator.application(**options) as application:
        for marker in request.node.iter_markers("video_fault"):
            application.faults.add(*marker.args, **marker.kwargs)
        for marker in request.node.iter_markers("video_scenario"):
            application.scenario(*marker.args, **marker.kwargs).apply()
        yield application


@pytest.fixture
def video_clock(video_application: ApplicationClient) -> Clock:
    """The clock of the test's application, which runs until it is frozen or advanced."""
    return video_application.clock


@pytest.fixture
def video_participants(video_application: ApplicationClient) -> Participants:
    """Who is in the sessions of the test's application: let them join, publish and leave."""
    return video_application.participants


@pytest.fixture
def video_callbacks(video_emulator: Server, video_application: ApplicationClient) -> Iterator[Callbacks]:
    """A receiver that gets every callback of the test's application; `outbox` holds and repeats them."""
    callbacks: Callbacks = _testing().Callbacks(video_emulator, video_application)
    with callbacks:
        video_application.send_callbacks_to(callbacks.url)
        yield callbacks


@pytest.fixture
def video_vonage(video_emulator: Server, video_application: ApplicationClient, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The `vonage` SDK (4 or later) with the credentials of the test's application; `.video` is what it is for.

    It speaks HTTPS only: during the test the environment names the emulator's authority.
    """
    vonage = _sdk("vonage", "HttpClientOptions")
    if video_emulator.ca is None:
        pytest.fail("video_vonage: the vonage SDK needs HTTPS, which this emulator does not have", pytrace=False)
    for name, value in video_emulator.trust.items():
        monkeypatch.setenv(name, value)
    auth = vonage.Auth(application_id=video_application.id, private_key=video_application.private_key)
    return vonage.Vonage(auth, vonage.HttpClientOptions(video_host=video_emulator.https_host))


@pytest.fixture
def video_opentok(video_emulator: Server, video_application: ApplicationClient, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The `opentok` SDK with the credentials of the test's application."""
    opentok = _sdk("opentok", "Client")
    for name, value in video_emulator.trust.items():
        monkeypatch.setenv(name, value)
    return opentok.Client(video_application.api_key, video_application.api_secret, api_url=video_emulator.http)


def _sdk(name: str, has: str) -> Any:
    """Return the package `name`; a test that needs it fails without it, for one that is skipped proves nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what an SDK does at its import is no concern of the test's filters
            package = importlib.import_module(name)
    except ImportError as error:
        pytest.fail(f"video_{name} needs the SDK: pip install {name} ({error})", pytrace=False)
    if not hasattr(package, has):
        pytest.fail(f"video_{name} needs a newer SDK: pip install --upgrade {name}", pytrace=False)
    return package


def _setting(config: pytest.Config, option: str, variable: str) -> str | None:
    return config.getoption(option) or os.environ.get(variable) or None


def _testing() -> Any:
    return importlib.import_module(f"{__package__}.testing")
