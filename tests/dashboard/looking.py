"""Where things are in the page."""

from __future__ import annotations

from playwright.sync_api import FloatRect, Locator, Page

from tests.eventually import eventually


def box(found: Locator) -> FloatRect:
    """Return where an element is; one that is just being drawn anew is nowhere for a moment."""
    place = eventually(found.bounding_box, f"{found} has a place")
    assert place is not None
    return place


def rows(page: Page, label: str) -> Locator:
    """Return the rows of a list."""
    return page.get_by_role("listbox", name=label, exact=True).get_by_role("option")


def act(page: Page, name: str) -> None:
    """Press a button."""
    page.get_by_role("button", name=name, exact=True).click()


def tile(page: Page, name: str) -> Locator:
    """Return somebody's place in the picture of a session."""
    return page.locator(".tile", has_text=name)
