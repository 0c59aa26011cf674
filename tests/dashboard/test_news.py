"""What the page shows stays true: news, lost connections, failed readings, resets, another world."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Route, expect

from emulator.testing import Receiver
from tests.dashboard.conftest import Opened
from tests.dashboard.looking import act, rows
from tests.dashboard.service import Service
from tests.eventually import eventually


@pytest.mark.parametrize("view", ["broadcasts", "clock"])
def test_what_is_due_is_counted_down_on_the_clock_of_the_application(
    visitor: Opened, service: Service, view: str
) -> None:
    page = visitor.page
    page.clock.install()
    broadcast = service.start("broadcasts", service.session("Ada"), maxDuration=60)
    visitor.go(*((view, broadcast) if view == "broadcasts" else (view,)))
    due = page.locator(".pending li", has_text="broadcast.").last.locator(".due")

    def left() -> int:
        found = re.fullmatch(r"in (\d+) s", due.inner_text())
        assert found
        return int(found[1])

    expect(due).to_have_text(re.compile(r"^in \d+ s$"))
    before = left()
    page.clock.run_for(30_000)
    ahead = eventually(lambda: left() <= before - 29 and left(), "it is drawn once a second")
    assert ahead > before - 60
    page.get_by_role("button", name="Freeze").first.click()
    expect(page.get_by_role("link", name="Clock").first).to_contain_text("frozen")
    expect(due).not_to_have_text(f"in {ahead} s")  # the emulator's clock has not gone so far as the browser's
    frozen = left()
    page.clock.run_for(30_000)
    assert left() == frozen > ahead
    page.get_by_role("button", name="Resume").first.click()
    expect(page.get_by_role("link", name="Clock").first).to_contain_text("running")
    page.clock.run_for(70_000)
    expect(due).to_have_text("due")


@pytest.mark.parametrize("turn", [Locator.focus, Locator.hover])
def test_the_picker_knows_applications_made_and_deleted_meanwhile(
    visitor: Opened, turn: Callable[[Locator], None]
) -> None:
    page = visitor.go("events")
    picker = page.get_by_label("Application", exact=True)
    expect(picker.locator("option:checked")).to_have_text("test")
    made = visitor.server.emulator.application("made meanwhile")
    turn(picker)
    expect(picker.locator(f"option[value='{made.id}']")).to_have_text("made meanwhile")
    made.delete()
    page.get_by_role("heading", name="Timeline").hover()
    picker.blur()
    turn(picker)
    expect(picker.locator(f"option[value='{made.id}']")).to_have_count(0)
    expect(picker.locator("option:checked")).to_have_text("test")


def test_the_page_comes_back_when_the_connection_was_lost(visitor: Opened, service: Service) -> None:
    page = visitor.go("events")
    page.context.set_offline(True)
    service.session("Ada")
    page.context.set_offline(False)
    expect(rows(page, "Events")).to_have_count(3)
    visitor.allowed.append("net::")


@pytest.mark.parametrize(("view", "count"), [("events", 3), ("requests", 1)])
def test_what_could_not_be_read_is_said_and_read_again(
    visitor: Opened, service: Service, view: str, count: int
) -> None:
    service.session("Ada")
    failing = True

    def answer(route: Route) -> None:
        if failing:
            route.fulfill(status=503)
        else:
            route.continue_()

    visitor.page.route(lambda url: f"/{service.app.id}/{view}?after=" in url, answer)
    page = visitor.go(view)
    expect(page.get_by_role("alert")).to_contain_text("could not be read (status 503): trying again")
    expect(page.get_by_role("listbox")).to_have_text("Not read yet.")
    failing = False
    expect(page.locator(".list .c-no")).to_have_count(count)
    expect(page.get_by_role("alert")).to_have_count(0)
    visitor.allowed.append("status of 503")


def test_a_reset_ends_the_reading_of_what_was_before(visitor: Opened, service: Service) -> None:
    service.session("Ada")
    page = visitor.page
    page.route(lambda url: "/events?after=" in url, lambda route: route.fulfill(status=503))
    visitor.go("events")
    expect(page.get_by_role("alert")).to_contain_text("trying again")
    service.app.reset()
    expect(page.get_by_role("alert")).to_have_count(0)
    service.session("Ben")
    expect(rows(page, "Events")).to_have_count(3)
    visitor.allowed.append("status of 503")


def test_requests_after_a_reset_take_the_place_of_those_before(visitor: Opened, service: Service) -> None:
    page = visitor.go("requests")
    for method in ("GET", "DELETE"):
        service.call(method, "/archive")
        expect(rows(page, "Requests").first).to_contain_text(method)
        service.app.reset()
    service.call("GET", "/broadcast")
    expect(rows(page, "Requests")).to_have_count(1)
    expect(rows(page, "Requests").first).to_contain_text("listBroadcasts")


@pytest.mark.parametrize("connected", [True, False])
def test_after_a_restored_snapshot_the_page_shows_that_world_alone(
    visitor: Opened, service: Service, connected: bool
) -> None:
    """The numbers of its events and resources say nothing: they may be those of the world before."""
    empty = service.app.snapshot()
    service.session("Ben", "Chidi")
    other = service.app.snapshot()
    service.app.restore(empty)
    service.session("Ada")
    page = visitor.page
    page.clock.install()
    page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => window.away || false})")
    look = "(away) => { window.away = away; document.dispatchEvent(new Event('visibilitychange')); }"
    visitor.go("events")
    expect(rows(page, "Events").filter(has_text="Ada")).to_have_count(2)
    if not connected:  # as after a restart: it connects anew, to a world that it does not know
        with page.expect_event("requestfailed", lambda request: "/events/stream" in request.url):
            page.evaluate(look, True)
            page.clock.run_for(11_000)
    service.app.restore(other)
    page.evaluate(look, False)
    page.clock.run_for(1000)
    expect(rows(page, "Events")).to_have_count(5)
    expect(rows(page, "Events").filter(has_text="Ada")).to_have_count(0)
    expect(rows(page, "Events").filter(has_text="Chidi")).to_have_count(2)
    assert page.locator(".rows .c-no").all_inner_texts() == ["1", "2", "3", "4", "5"]


def test_callbacks_that_fail_are_told_of_at_once_and_those_under_way_are_not(visitor: Opened, service: Service) -> None:
    with Receiver() as receiver:
        service.app.send_callbacks_to(receiver.url)
        service.app.freeze()
        service.app.outbox.hold("connection")
        page = visitor.go()
        receiver.reply(503, times=1)
        service.session("Ada")
        link = page.get_by_role("link", name="1 callback whose last attempt failed")
        expect(link).to_be_visible()
        expect(page.locator(".side small.bad")).to_have_count(1)
        link.click()
        expect(page.locator(".rows .badge.bad")).to_have_text("pending")
        rows(page, "Callbacks").first.click()
        act(page, "Redeliver")
        expect(page.locator(".node.now")).to_have_text("delivered")
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_text("All is well")).to_be_visible()
        expect(page.locator(".side small.bad")).to_have_count(0)


def test_what_is_recorded_grows_as_it_is_looked_at(visitor: Opened, service: Service) -> None:
    archive = service.start("archives", service.session("Ada"))
    page = visitor.go("archives", archive)
    recorded = page.locator(".facts div", has_text="recorded").locator("dd")
    expect(recorded).to_have_text(re.compile(r"^[3-9](\.\d)? s$"))  # and no call changes anything meanwhile
