"""The page itself: its addresses, keys, widths, files, safety, and how it does with a lot to show."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from emulator.callbacks.bodies import CALLBACK_TYPES
from emulator.dashboard.assets import FOLDER, MEDIA_TYPES, assets
from emulator.testing import Receiver, Server, running_server
from state.event_types import TYPES
from tests.dashboard.conftest import Open, Opened
from tests.dashboard.looking import rows
from tests.dashboard.service import Service

KINDS = ("archives", "broadcasts", "renders", "captions", "calls", "connectors")

HOSTILE = """"><script>alert('x')</script><img src=x onerror=alert(1)>{{7*7}}${alert(2)}<svg onload=alert(3)>"""


def options(page: Page, label: str) -> list[str]:
    return rows(page, label).all_inner_texts()


@pytest.fixture
def places(service: Service) -> dict[str, str]:
    """One of everything, with something wrong in it; return where each is in the page."""
    with Receiver() as receiver:
        receiver.reply(500, times=1)
        service.app.send_callbacks_to(receiver.url)
        service.app.faults.add("conflict", "stopBroadcast", name="no-stop")
        session = service.session("Ada", "Ben")
        found = {kind: f"{kind}/{service.start(kind, session)}" for kind in KINDS}
        service.call("POST", f"/broadcast/{found['broadcasts'].partition('/')[2]}/stop", {"unread": True})
        service.call("POST", f"/session/{session}/signal", {"type": "chat", "data": "hello"})
        with service.app.scenario("sip-busy"):
            pass
        callback = next(
            each for each in service.app.outbox.callbacks() if each.attempts and each.attempts[0].status == 500
        )
    exchange = next(each for each in service.app.requests() if each.fault)
    return found | {
        "": "",
        "sessions": f"sessions/{session}",
        "events": f"events/{service.app.last_event()}",
        "requests": f"requests/{exchange.number}",
        "callbacks": f"callbacks/{callback.id}",
        "faults": "faults/no-stop",
        "scenarios": "scenarios/sip-busy",
        "clock": "clock",
    }


def settled(page: Page, place: str) -> None:
    """Wait until a place has drawn what it is about."""
    expect(page.locator("main h2, main h1").last).to_be_visible()
    if "/" in place:
        expect(page.locator(".detail .title h2")).to_be_visible()


def test_every_place_has_an_address_of_its_own(visitor: Opened, places: dict[str, str]) -> None:
    for view, place in places.items():
        page = visitor.go(place)
        page.reload()
        settled(page, place)
        expect(page.locator(".side a[aria-current]")).to_have_count(1)
        if "/" in place and view != "sessions":
            expect(page.locator(".rows [aria-selected=true]")).to_have_count(1)
        assert page.get_by_role("alert").count() == 0, view


def test_filters_are_part_of_the_address(visitor: Opened, service: Service) -> None:
    service.session("Ada")
    service.session("Ben")
    session = service.app.sessions()[1].session_id
    page = visitor.go("events", query="?type=stream&q=ben")
    expect(rows(page, "Events")).to_have_count(1)
    expect(page.get_by_label("Search")).to_have_value("ben")
    page.get_by_label("Search").fill("")
    expect(rows(page, "Events")).to_have_count(2)
    page.get_by_label("All sessions").select_option(session)
    expect(rows(page, "Events")).to_have_count(1)
    assert f"session={session.replace('=', '%3D')}" in page.url
    page.reload()
    expect(rows(page, "Events")).to_have_count(1)


def choices(page: Page, label: str) -> set[str]:
    """The values of a list to choose from, once it has any."""
    options = page.get_by_label(label, exact=True).locator("option:not([value=''])")
    options.nth(1).wait_for(state="attached")
    return {option.get_attribute("value") or "" for option in options.all()}


def test_what_can_be_chosen_is_what_the_control_api_takes(visitor: Opened, service: Service) -> None:
    """The page has some of these words written down: reading all of OpenAPI for a few would cost more than they do."""
    server = visitor.server
    cycles = httpx.get(f"{server.http}/_emulator/lifecycles").json()
    document = httpx.get(f"{server.http}/openapi.json").json()
    schemas, root = document["components"]["schemas"], "/_emulator/applications/{application}/sessions/{session}"

    def query(method: str, path: str, name: str) -> set[str]:
        parameters = document["paths"][root + path][method]["parameters"]
        schema = next(each["schema"] for each in parameters if each["name"] == name)
        return set(schema.get("enum") or schema["anyOf"][0]["enum"])

    page = visitor.go("callbacks")
    assert choices(page, "All statuses") == {*cycles["callback"]["transitions"], "troubled"}
    assert choices(page, "All kinds") == {type_.partition(".")[0] for type_ in CALLBACK_TYPES}
    page = visitor.go("events")
    assert choices(page, "All kinds") == {type_.partition(".")[0] for type_ in TYPES}
    page = visitor.go("sessions", service.session("Ada"))
    assert choices(page, "Layout") == query("get", "/picture", "type") - {"custom"}
    assert choices(page, "Layout for screen sharing") == query("get", "/picture", "screenshareType")
    rows(page, "Participants").first.click()
    assert choices(page, "Reason for leaving") == query("delete", "/participants/{connection}", "reason")
    page.get_by_role("button", name="Join").click()
    assert choices(page, "Role") == set(schemas["JoinSession"]["properties"]["role"]["enum"])
    page = visitor.go()
    page.reload()
    for name in ("pace", "contract", "archiveStorage"):
        shown = page.get_by_role("group", name=name, exact=True).get_by_role("button")
        shown.first.wait_for()
        assert set(shown.all_inner_texts()) == set(schemas["ApplicationBehaviour"]["properties"][name]["enum"])


def test_what_is_not_there_is_said_to_be_missing(open_page: Open, service: Service) -> None:
    visitor = open_page()
    for place, words in (
        ("archives/0f4f5a3e-6a57-4e55-a8c6-7b1d7a9a5d33", "unknown archive"),
        ("requests/99", "there is no exchange 99"),
        ("events/99", "Event 99 is not"),
        ("faults/none", "There is no rule"),
    ):
        page = visitor.go(place)
        expect(page.locator("main")).to_contain_text(words)
    page.goto(f"{visitor.server.http}/_emulator/#/a/{service.app.id}/nonsense")
    expect(page.locator("main")).to_contain_text("There is no such view")
    visitor.allowed.append("status of 404")


def test_an_application_that_is_gone_is_said_to_be_gone(open_page: Open, service: Service) -> None:
    visitor = open_page()
    page = visitor.go()
    service.app.delete()
    expect(page.locator(".link.gone")).to_be_visible()
    page.get_by_role("alert").get_by_role("link", name="Applications").click()
    expect(page.get_by_role("heading", name="Applications")).to_be_visible()
    visitor.allowed.append("status of 404")


def test_everything_can_be_reached_by_keyboard(visitor: Opened, service: Service) -> None:
    session = service.session("Ada", "Ben")
    service.start("archives", session, name="lesson")
    page = visitor.go()
    keys = page.keyboard
    for key in "ge":
        keys.press(key)
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(rows(page, "Events").nth(1)).to_be_visible()
    keys.press("j")
    keys.press("j")
    expect(page.locator(".detail .facts")).to_contain_text("number2")
    keys.press("k")
    expect(page.locator(".detail .facts")).to_contain_text("number1")
    keys.press("Escape")
    expect(page.locator(".detail")).to_have_count(0)
    keys.press("/")
    keys.type("archive")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("ArrowUp")
    expect(page.locator(".detail h2")).to_have_text("archive.started")
    keys.press("?")
    expect(page.get_by_role("dialog", name="Help")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    for key in "ga":
        keys.press(key)
    expect(page.get_by_role("heading", name="Archives")).to_be_visible()
    expect(page.locator(".row")).to_have_count(1)
    keys.press("j")
    page.get_by_role("button", name="stopped", exact=True).focus()
    expect(page.locator(".bar-line .next")).to_contain_text('{"status":"stopped"}')
    keys.press("Enter")
    expect(page.locator(".node.now")).to_have_text("available")
    keys.press("l")
    expect(page.get_by_role("region", name="Calls this page has made")).to_contain_text("transition")


def test_it_is_readable_at_400_pixels(open_page: Open, places: dict[str, str]) -> None:
    visitor = open_page(viewport={"width": 400, "height": 800}, has_touch=True)
    for view, place in places.items():
        for shown in {place, view}:
            page = visitor.go(shown)
            settled(page, shown)
            wide = page.evaluate(
                """() => [...document.querySelectorAll('main *, .top *, .bar *')].filter((each) => {
                    const box = each.getBoundingClientRect();
                    const scrolls = '.rows, .side, pre, .bar-line, .fired, svg, .canvas, .glance';
                    return box.width && box.right > innerWidth + 1 && !each.closest(scrolls);
                }).map((each) => each.outerHTML.slice(0, 80))"""
            )
            assert not wide, (shown, wide)
            assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page = visitor.go(places["archives"])
    expect(page.locator(".list")).to_be_hidden()
    page.locator(".back").click()
    expect(page.locator(".list")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(open_page: Open, places: dict[str, str], scheme: str) -> None:
    visitor = open_page(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    axe = Axe()
    problems: dict[str, Any] = {}
    # What is there is the same in both schemes, but for its colours.
    rules = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}
    shown = [places[view] for view in ("", "sessions", "archives", "events", "requests", "callbacks")]
    if scheme == "light":
        del rules["runOnly"]
        shown = list(places.values())
    for place in shown:
        page = visitor.go(place)
        settled(page, place)
        found = axe.run(page, options=rules).response["violations"]
        problems |= {(place, each["id"]): [node["html"][:150] for node in each["nodes"]][:3] for each in found}
    page = visitor.go("faults")
    page.get_by_role("button", name="Add a fault").click()
    expect(page.get_by_label("Operation", exact=True)).to_be_visible()
    found = axe.run(page).response["violations"]
    problems |= {("dialog", each["id"]): [node["html"][:150] for node in each["nodes"]][:3] for each in found}
    assert not problems


def test_nothing_that_is_told_of_users_is_ever_run(open_page: Open, service: Service, server: Server) -> None:
    """Script in every field that a caller may fill; the page shows it as text, and the browser complains of nothing."""
    app, bad = service.app, HOSTILE
    with Receiver() as receiver:
        app.change(name=bad)
        app.send_callbacks_to(receiver.url + "?x=" + "%3Cscript%3E")
        app.faults.add({"status": {"status": 500, "body": bad}}, "listArchives", name="hostile", header={"x": bad})
        session = service.session(bad)
        app.participants.join(
            session, 1, data=bad, streams=[{"name": bad, "layoutClassList": [bad], "videoType": "screen"}]
        )
        service.call("POST", f"/session/{session}/signal", {"type": bad, "data": bad})
        layout = {"type": "custom", "stylesheet": "stream{width:50%}</style>" + bad + "@import url(//evil.invalid)"}
        archive = service.start("archives", session, name=bad, multiArchiveTag=bad, layout=layout)
        target = {"id": "<b>id", "serverUrl": "rtmp://h/" + bad, "streamName": bad}
        whom = {"sessionId": session, "token": service.client_token(session)}
        for path, body in (
            ("/broadcast", {"outputs": {"rtmp": [target]}, "multiBroadcastTag": bad}),
            ("/dial", {"sip": {"uri": "sip:a@h?" + bad, "from": bad, "headers": {"X-a": bad}}}),
            ("/render", {"url": "https://h/?" + bad, "properties": {"name": bad}}),
            ("/connect", {"websocket": {"uri": "wss://h/" + bad, "headers": {"X-a": bad}}}),
            ("/archive", {"name": 1, bad: bad}),
        ):
            service.call("POST", path, {**whom, **body})
        service.call("POST", f"/session/{session}/play-dtmf", {"digits": bad})
        service.call("GET", "/archive?" + bad)
        service.call("POST", "/archive/" + archive + "/<script>alert(4)<" + "/script>", {bad: bad})
        app.archive_transition(archive, "failed", bad)

        visitor = open_page()
        page = visitor.page
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective))"
        )
        seen = ""
        for view in ("", "sessions", *KINDS, "events", "requests", "callbacks", "faults", "scenarios", "clock"):
            visitor.go(view)
            rows = page.locator(".list .row")
            if view not in ("", "captions", "clock"):
                rows.first.wait_for()
                for index in range(min(4, rows.count())):
                    rows.nth(index).click()
                    expect(page.locator(".detail .title h2")).to_be_visible()
                    seen += page.locator("main").inner_text()
            seen += page.locator("main").inner_text()
            assert page.locator("main img, main script, main svg[onload]").count() == 0
        page.goto(server.http + "/_emulator/#/a/" + bad.replace("/", "%2F"))
        page.goto(server.http + "/_emulator/#/<img src=x onerror=alert(1)>")
        page.goto(server.http + "/_emulator/")
        expect(page.get_by_text("<script>alert('x')</script>").first).to_be_visible()
    assert seen.count("<script>alert('x')</script>") > 20
    visitor.allowed.append("status of 404")


def test_the_control_token_is_asked_for_and_kept_for_the_tab(open_page: Open) -> None:
    with running_server("--control-token", "let me in") as server:
        app = server.emulator.application("closed")
        visitor = open_page(of=server, app=app)
        page = visitor.page
        page.goto(f"{server.http}/_emulator/#/a/{app.id}/events")
        page.get_by_label("Control token").fill("wrong")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("alert")).to_have_text("This token was refused.")
        page.get_by_label("Control token").fill("let me in")
        page.get_by_role("button", name="Open").click()
        expect(page.locator(".link.live")).to_be_visible()
        session = server.emulator.get(app.id)
        Service(server, session).session("Ada")
        expect(rows(page, "Events")).to_have_count(3)
        page.get_by_role("button", name="Freeze").click()
        expect(page.locator(".bar-line .now")).to_contain_text("200 POST")
        page.reload()
        expect(rows(page, "Events")).to_have_count(3)
        assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
        page.close()
        visitor.allowed.append("status of 401")


def test_a_snapshot_is_downloaded_and_uploaded(visitor: Opened, service: Service, tmp_path: Path) -> None:
    session = service.session("Ada")
    page = visitor.go()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download a snapshot").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == f"{service.app.id}.snapshot.json"
    assert session in path.read_text()
    service.app.reset()
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    page.get_by_label("Upload a snapshot").set_input_files(path)
    expect(page.locator(".glance .row")).to_have_count(3)
    assert [each.session_id for each in service.app.sessions()] == [session]


def test_long_lists_draw_only_what_is_in_sight(visitor: Opened, service: Service) -> None:
    session = service.session()
    service.app.participants.join(session, 500, data="Ada")
    for _ in range(3):
        for person in service.app.session(session).participants[:100]:
            service.app.participants.change_stream(session, person.streams[0].id, has_audio=False)
    page = visitor.go("events")
    expect(page.locator(".count")).to_have_text("1,301 of 1,301")
    assert len(options(page, "Events")) < 80
    page.get_by_role("listbox", name="Events").press("Home")
    expect(page.locator(".detail .facts")).to_contain_text("number1")
    page.get_by_role("listbox", name="Events").press("End")
    expect(page.locator(".detail .facts")).to_contain_text("number1301")
    page = visitor.go("sessions", session)
    expect(page.get_by_text("500 participants, 500 streams")).to_be_visible()
    assert len(options(page, "Participants")) < 60
    expect(page.locator(".tile")).to_have_count(16)


# Its files


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.http) as client:
        yield client


def test_the_files_are_small_and_kept_for_good(http: httpx.Client) -> None:
    page = http.get("/_emulator/")
    assert (page.headers["cache-control"], page.status_code) == ("no-cache", 200)
    assert http.get("/_emulator/", headers={"if-none-match": page.headers["etag"]}).status_code == 304
    total = 0
    for name, found in assets().files.items():
        if name == "index.html":
            continue
        answer = http.get(f"/_emulator/assets/{assets().version}/{name}")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (answer.headers["content-encoding"], answer.content) == ("gzip", found.content)
        assert answer.headers["content-type"] == MEDIA_TYPES[Path(name).suffix]
        total += len(gzip.compress(answer.content, 9))
    assert total < 150_000
    assert http.get("/_emulator/assets/old/page.css").headers["cache-control"] == "no-cache"
    plain = http.get(f"/_emulator/assets/{assets().version}/page.css", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_nothing_else_is_served_as_a_file(http: httpx.Client) -> None:
    for name in ("index.html", "vendor/README.md", "assets.py", "..%2fapp.py", "js/none.js", ""):
        assert http.get(f"/_emulator/assets/{assets().version}/{name}").status_code == 404, name
    assert http.get("/_emulator").headers["location"] == "/_emulator/"


def test_the_policy_allows_nothing_inline_and_nobody_else(http: httpx.Client) -> None:
    page = http.get("/_emulator/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    for path in FOLDER.rglob("*"):
        if path.suffix in MEDIA_TYPES:
            text = path.read_text()
            assert "innerHTML" not in text.replace("dangerouslySetInnerHTML", "") or path.parent.name == "vendor", path
            assert "dangerouslySetInnerHTML" not in text or path.parent.name == "vendor", path
    assert "style=" not in page.text
    assert "onload" not in page.text


def test_nothing_of_the_page_is_read_before_it_is_opened() -> None:
    program = """if True:
        import sys
        from emulator.app import create_app
        from emulator.settings import Settings
        create_app(Settings())
        print(*sys.modules)"""
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in loaded if name.startswith(("emulator.dashboard", "emulator.control.page"))]


def test_the_library_is_the_one_that_its_readme_names() -> None:
    assert "htm) 3.1.1" in (FOLDER / "vendor" / "README.md").read_text()
    assert {"LICENSE.htm", "LICENSE.preact"} <= {path.name for path in (FOLDER / "vendor").iterdir()}
    assert (FOLDER / "vendor" / "preact.js").stat().st_size < 20_000


def test_a_page_that_nobody_looks_at_gives_its_connection_back(visitor: Opened, service: Service) -> None:
    page = visitor.page
    page.clock.install()
    page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => window.away || false})")
    look = "(away) => { window.away = away; document.dispatchEvent(new Event('visibilitychange')); }"
    visitor.go("events")
    with page.expect_event("requestfailed", lambda request: "/events/stream" in request.url):
        page.evaluate(look, True)
        page.clock.run_for(11_000)
    service.session("Ada")
    page.evaluate(look, False)
    page.clock.run_for(1000)
    expect(rows(page, "Events")).to_have_count(3)
