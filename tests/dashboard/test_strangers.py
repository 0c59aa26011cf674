"""Pages of other sites, in a real headless Chromium: whatever they try, nothing changes and nothing is read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser

from emulator import wellknown
from emulator.testing import Server, running_server
from tests.dashboard.conftest import Launch
from tests.dashboard.service import Service

ATTACK = """
async ({base, paths}) => {
  const read = [], wait = ms => new Promise(go => setTimeout(go, ms));
  const note = (how, path, text) => { if (text) read.push([how, path, String(text).slice(0, 200)]); };
  const bodies = {"text/plain": '{"name":"stolen"}', "application/x-www-form-urlencoded": "name=stolen"};
  const asked = [];
  for (const path of paths) {
    const url = base + path;
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
      for (const mode of ["cors", "no-cors"])
        for (const [type, body] of Object.entries(bodies)) {
          const options = {method, mode, credentials: "include", signal: AbortSignal.timeout(3000)};
          if (!["GET", "HEAD"].includes(method)) { options.body = body; options.headers = {"Content-Type": type}; }
          asked.push((async () => {
            try { const r = await fetch(url, options); note("fetch " + method + " " + mode, path, await r.text()); }
            catch (e) {}
          })());
        }
    asked.push(fetch(url, {method: "POST", body: "{}", headers: {"Content-Type": "application/json"}})
      .then(r => r.text()).then(t => note("json", path, t), () => 0));
    navigator.sendBeacon(url, '{"name":"stolen"}');
    for (const [tag, attribute] of [["img", "src"], ["script", "src"], ["iframe", "src"], ["object", "data"],
                                    ["embed", "src"], ["video", "src"], ["audio", "src"]]) {
      const made = document.createElement(tag); made[attribute] = url;
      made.onload = () => {
        try { if (tag == "iframe") note("iframe", path, made.contentDocument && made.contentDocument.body.innerText); }
        catch (e) {}
        if (tag == "script") note("script", path, "ran");
      };
      document.body.append(made);
    }
    const sheet = document.createElement("link"); sheet.rel = "stylesheet"; sheet.href = url;
    sheet.onload = () => { try { note("css", path, sheet.sheet.cssRules.length); } catch (e) {} };
    document.head.append(sheet);
    for (const method of ["GET", "POST"])
      for (const enctype of method == "GET" ? ["text/plain"] : ["text/plain", "multipart/form-data"]) {
        const frame = document.createElement("iframe"); frame.name = "f" + Math.random();
        const form = document.createElement("form"); form.target = frame.name; form.action = url;
        form.method = method; form.enctype = enctype;
        const field = document.createElement("input"); field.name = '{"name":"stolen","x":"'; field.value = '"}';
        form.append(field); document.body.append(frame, form); form.submit();
      }
    const stream = new EventSource(url); stream.onmessage = e => note("EventSource", path, e.data);
    stream.onopen = () => note("EventSource", path, "open");
    try {
      const socket = new WebSocket(url.replace(/^http/, "ws"));
      socket.onopen = () => note("WebSocket", path, "open");
    } catch (e) {}
    const request = new XMLHttpRequest(); request.open("POST", url);
    request.onload = () => note("XHR", path, request.response); request.send('{"name":"stolen"}');
    try { navigator.serviceWorker.register(url).then(() => note("worker", path, "is"), () => 0); } catch (e) {}
  }
  await Promise.all(asked); await wait(1500);
  return read;
}
"""


FETCHES = """
async paths => Promise.all(paths.flatMap(path => ["GET", "POST", "PUT", "DELETE"].map(method =>
  fetch(path, {method, body: method == "GET" ? undefined : "{}"}).then(r => r.status, e => String(e)))))
"""


REBOUND = "rebound.example"
"""A stranger's name that leads to this machine, as DNS that the stranger runs can say at any moment."""


class Page(BaseHTTPRequestHandler):
    """A stranger's page."""

    def do_GET(self) -> None:
        """Answer an empty page."""
        content = b"<!doctype html><meta charset=utf-8><title>stranger</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def stranger() -> Iterator[int]:
    """Serve the stranger's page on a free port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module", params=[None, "control-secret"], ids=["open", "with a control token"])
def victim(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An emulator that nobody else uses."""
    flags = ("--control-token", request.param) if request.param else ()
    with running_server(*flags) as server:
        yield server


@pytest.fixture(scope="module")
def visiting(launch: Launch) -> Browser:
    """A browser without a wall of its own between the web and this machine: ours is tested, and others have none."""
    return launch(
        f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
        "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
    )


def state_of(server: Server) -> Any:
    """Return all that a stranger might change."""
    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    with httpx.Client(base_url=f"{server.http}/_emulator", headers=headers) as client:
        apps = client.get("/applications").json()
        application = apps["items"][0]["id"] if "items" in apps else wellknown.APPLICATION_ID
        below = ("faults", "clock", "callbacks", "checkpoints", "sessions", "scenarios")
        told = {path: client.get(f"/applications/{application}/{path}").json() for path in below}
    told["clock"] = {name: value for name, value in told["clock"].items() if name not in ("now", "time")}
    return apps, told


def paths_of(server: Server) -> list[str]:
    """Return every path of the control API that takes no more than an application."""
    described = httpx.get(f"{server.http}/openapi.json").json()["paths"]
    paths = [
        path.replace("{application}", wellknown.APPLICATION_ID)
        for path in described
        if path.startswith("/_emulator") and "{" not in path.replace("{application}", "")
    ]
    assert len(paths) > 25
    return ["/_emulator/", "/docs", "/openapi.json", *paths]


@pytest.mark.parametrize(
    ("page_host", "asked_as"),
    [
        pytest.param("localhost", "localhost", marks=pytest.mark.extended),
        pytest.param("127.0.0.1", "localhost", marks=pytest.mark.extended),
        pytest.param("stranger.localhost", "127.0.0.1", marks=pytest.mark.extended),
        (REBOUND, "localhost"),
    ],
)
def test_a_page_of_another_origin_changes_and_reads_nothing(
    visiting: Browser, victim: Server, page_host: str, asked_as: str
) -> None:
    if victim.token and page_host != REBOUND:
        pytest.skip("one page is enough where a token is asked for besides")
    port = urlsplit(victim.http).port
    before = state_of(victim)
    paths = paths_of(victim)
    with stranger() as own_port:
        context = visiting.new_context()
        page = context.new_page()
        page.goto(f"http://{page_host}:{own_port}/")
        # A few paths at a time: a browser has room for so many connections.
        read = []
        for start in range(0, len(paths), 12):
            some = {"base": f"http://{asked_as}:{port}", "paths": paths[start : start + 12]}
            read += page.evaluate(ATTACK, some)
            page.goto(f"http://{page_host}:{own_port}/?{start}")
        context.close()
    assert read == []
    assert state_of(victim) == before


def test_a_name_whose_dns_was_led_here_changes_and_reads_nothing(visiting: Browser, victim: Server) -> None:
    """A browser that takes the stranger's name for 127.0.0.1: its page and the emulator are of one origin then."""
    before = state_of(victim)
    port = urlsplit(victim.http).port
    context = visiting.new_context()
    page = context.new_page()
    # The stranger's server gave the page; since then the name leads to the emulator.
    page.route("**/stranger", lambda route: route.fulfill(content_type="text/html", body="<title>stranger</title>"))
    page.goto(f"http://{REBOUND}:{port}/stranger")
    statuses = page.evaluate(FETCHES, paths_of(victim))
    context.close()
    assert set(statuses) == {421}
    assert state_of(victim) == before


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"])
def test_a_rules_answer_runs_nothing(visiting: Browser, content_type: str) -> None:
    """Neither in a frame nor as a page, where it would be of the emulator's own origin."""
    script = "fetch('/_emulator/applications').then(r => r.text()).then(t => { document.title = 'stolen ' + t })"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><title>t</title><script>{script}</script></svg>'
    xhtml = f'<html xmlns="http://www.w3.org/1999/xhtml"><body><script>{script}</script></body></html>'
    body = f"<!doctype html><script>{script}</script>" if content_type == "text/html" else xhtml
    body = svg if "svg" in content_type else body
    rule = {
        "name": "evil",
        "when": {"operation": "listArchives"},
        "then": {"status": {"status": 200, "body": body, "contentType": content_type}},
    }
    with running_server("--auth", "lax") as server, stranger() as own_port:
        with httpx.Client(base_url=f"{server.http}/_emulator/applications/{wellknown.APPLICATION_ID}") as client:
            assert client.post("/faults", json=rule).status_code == 201
        url = f"{server.http}/v2/project/{wellknown.APPLICATION_ID}/archive"
        assert httpx.get(url).text == body
        context = visiting.new_context()
        page = context.new_page()
        page.goto(url)
        page.wait_for_timeout(500)
        assert "stolen" not in page.title()
        assert page.evaluate("self.origin") == "null"
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"http://localhost:{own_port}/")
        page.evaluate("url => { document.body.innerHTML = `<iframe src='${url}'></iframe>` }", url)
        page.wait_for_timeout(500)
        assert [each for each in asked if "/_emulator/" in each] == []
        context.close()


def test_a_link_on_a_strangers_page_leads_to_the_live_page(visiting: Browser, server: Server) -> None:
    with stranger() as own_port:
        context = visiting.new_context()
        page = context.new_page()
        page.goto(f"http://stranger.localhost:{own_port}/")
        page.evaluate(
            "url => { document.body.innerHTML = `<a href='${url}'>the emulator</a>` }", f"{server.http}/_emulator/"
        )
        page.get_by_text("the emulator").click()
        page.wait_for_url(f"{server.http}/_emulator/**")
        assert page.evaluate("async () => (await fetch('/_emulator/info')).status") == 200
        context.close()


def test_a_recording_is_shown_and_downloaded_from_a_link(visiting: Browser, server: Server, service: Service) -> None:
    session = service.session("ada")
    archive = service.start("archives", session)
    service.call("POST", f"/archive/{archive}/stop")
    service.app.wait_for("archive.available")
    url = service.call("GET", f"/archive/{archive}").json()["url"]
    with stranger() as own_port:
        context = visiting.new_context()
        page = context.new_page()
        page.goto(f"http://stranger.localhost:{own_port}/")
        with page.expect_response(url) as seen:
            page.evaluate("url => { document.body.innerHTML = `<video src='${url}' preload=auto></video>` }", url)
        assert seen.value.status in (200, 206)
        context.close()
