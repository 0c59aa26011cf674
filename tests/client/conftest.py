"""An application with a frozen clock, and the service to call in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.client import ApplicationClient
from emulator.testing import Callbacks, Server
from tests.client.service import Service


@pytest.fixture
def app(server: Server) -> Iterator[ApplicationClient]:
    """An application whose processing takes no time and whose clock stands still."""
    with server.emulator.application("client", pace="instant") as app:
        app.freeze()
        yield app


@pytest.fixture
def service(server: Server, app: ApplicationClient) -> Service:
    """The service, called with the credentials of `app`."""
    return Service(server, app)


@pytest.fixture
def session_id(service: Service) -> str:
    """A session of `app` in which nobody is."""
    return service.session()


@pytest.fixture
def callbacks(server: Server, app: ApplicationClient) -> Iterator[Callbacks]:
    """A receiver of all callbacks of `app`."""
    with Callbacks(server, app) as callbacks:
        app.send_callbacks_to(callbacks.url)
        yield callbacks
