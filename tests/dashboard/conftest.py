"""The page in a real headless Chromium, against a real emulator process."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, expect, sync_playwright

from emulator.client import ApplicationClient
from emulator.testing import Server
from tests.dashboard.service import Service

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
           --disable-component-update --disable-sync""".split()

expect.set_options(timeout=10_000)


def chromium() -> str | None:
    """Return where Chromium is, or None."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


Launch = Callable[..., Browser]


@pytest.fixture(scope="package")
def launch() -> Iterator[Launch]:
    """Launch browsers, with flags besides the usual ones; no test has to close them.

    They are closed before the tests of other packages run: Playwright keeps an event loop meanwhile.
    """
    path = chromium()
    if path is None:
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            pytest.fail("the page is tested in Chromium: apt-get install chromium, or name it in CHROMIUM")
        pytest.skip("needs Chromium: apt-get install chromium, or name it in CHROMIUM")
    with sync_playwright() as playwright, contextlib.ExitStack() as stack:

        def launch_one(*flags: str) -> Browser:
            browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
            stack.callback(browser.close)
            return browser

        yield launch_one


@pytest.fixture(scope="package")
def browser(launch: Launch) -> Browser:
    """One browser for these tests."""
    return launch()


@dataclass
class Opened:
    """The page as a visitor has it; `complaints` are what the browser had to say: errors, refusals, dialogs.

    `allowed` are parts of complaints that the test brings about.
    """

    page: Page
    server: Server
    application: ApplicationClient | None
    complaints: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def go(self, *parts: str, query: str = "") -> Page:
        """Open a place of the application by its address, as from a link; return the page once it shows that view.

        Only the fragment of the address changes, so for a moment the page still shows the place that it was at.
        """
        assert self.application is not None
        place = "/".join([f"#/a/{self.application.id}", *filter(None, parts)])
        self.page.goto(f"{self.server.http}/_emulator/{place}{query}")
        expect(self.page.locator(".link.live")).to_be_attached()
        view = "/".join(place.split("/")[:4])
        expect(self.page.locator(".side a[aria-current]")).to_have_attribute("href", view)
        return self.page


Open = Callable[..., Opened]


@pytest.fixture
def open_page(browser: Browser, server: Server, application: ApplicationClient) -> Iterator[Open]:
    """Open pages, each for a visitor of its own; whatever the browser complains of fails the test at its end."""
    contexts: list[BrowserContext] = []
    opened: list[Opened] = []

    def open_one(of: Server = server, app: ApplicationClient | None = application, **options: Any) -> Opened:
        context = browser.new_context(**{"viewport": {"width": 1300, "height": 850}, **options})
        contexts.append(context)
        visitor = Opened(context.new_page(), of, app)
        opened.append(visitor)

        def complain(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                visitor.complaints.append(f"{message.type}: {message.text} {message.location.get('url')}")

        def dismiss(dialog: Dialog) -> None:
            visitor.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        visitor.page.on("console", complain)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"exception: {error}"))
        visitor.page.on("dialog", dismiss)
        return visitor

    yield open_one
    for context in contexts:
        context.close()
    for each in opened:
        assert not [text for text in each.complaints if not any(part in text for part in each.allowed)]


@pytest.fixture
def visitor(open_page: Open) -> Opened:
    """A visitor of the test's application."""
    return open_page()


@pytest.fixture
def service(server: Server, application: ApplicationClient) -> Service:
    """The service, called as an SDK calls it."""
    return Service(server, application)
