"""The journal and the ring of events: the newest are kept, so many and of so many bytes."""

from __future__ import annotations

import orjson
import pytest

from state import events, journal
from state.documents import read_exchange, write
from state.events import Event, Events, matches
from state.journal import Exchange, Journal, Undocumented
from state.memory import OVERHEAD
from state.session_records import Session, Signal


def exchange(path: str = "/", **fields: object) -> Exchange:
    return Exchange(1, "GET", path, **fields)  # type: ignore[arg-type]


def filled(count: int, size: int = 1000) -> Journal:
    kept = Journal(size)
    for number in range(count):
        kept.append(exchange(operation="even" if number % 2 else "odd", answer=b"12345"))
    return kept


def numbers(found: list[Exchange]) -> list[int]:
    return [each.number for each in found]


def test_exchanges_are_numbered_and_the_oldest_given_up() -> None:
    kept = filled(5, size=3)
    assert (len(kept), kept.last, numbers(kept.newest(10))) == (3, 5, [5, 4, 3])
    assert kept.bytes == 3 * 6
    assert kept.get(4) in kept.newest(10)
    assert kept.get(2) is None


def test_a_journal_has_no_more_bytes_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_BYTES", 20)
    assert numbers(filled(5).newest(10)) == [5, 4, 3]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"count": 2}, [6, 5]),
        ({"count": 2, "operation": "even"}, [6, 4]),
        ({"count": 9, "operation": "odd", "after": 2}, [5, 3]),
        ({"count": 9, "operation": "none"}, []),
        ({"count": 0}, []),
        ({"count": 9, "after": 6}, []),
    ],
)
def test_the_newest_are_found_by_operation_and_number(arguments: dict[str, object], found: list[int]) -> None:
    assert numbers(filled(6).newest(**arguments)) == found  # type: ignore[arg-type]


def test_the_older_half_is_given_up() -> None:
    kept = filled(5)
    kept.give_up_half()
    assert (numbers(kept.newest(9)), kept.bytes) == ([5, 4, 3], 18)
    kept.append(exchange())
    assert kept.last == 6


def test_an_exchange_that_was_written_is_read_as_it_was() -> None:
    whole = exchange(
        query="a=b",
        operation="startArchive",
        headers=((b"a", b"b\xff"),),
        body=b"\x00\xfe",
        status=200,
        answer="ż".encode(),
        duration=1.5,
        claims={"sub": "video"},
        unread=("a.b",),
        undocumented=(Undocumented("token.exp", 5, "an hour"),),
        fault="rule",
        truncated=True,
        number=7,
    )
    assert read_exchange(orjson.loads(write(whole))) == whole
    assert whole.bytes == 1 + 3 + 3 + 2 + 2


# Events


def ring(count: int, size: int = 100) -> Events:
    kept = Events(size)
    for number in range(1, count + 1):
        kept.append(Event(number, 0, "signal.sent", "s", record=Signal("s", "s", 0, "type", "data")))
    return kept


@pytest.mark.parametrize(
    ("number", "most", "found"),
    [(0, 2, [4, 5]), (3, 2, [4, 5]), (4, 9, [5, 6]), (6, 9, []), (9, 9, []), (0, 0, [])],
)
def test_the_next_events_after_a_number_are_read_in_parts(number: int, most: int, found: list[int]) -> None:
    kept = ring(6, size=3)
    assert kept.first == 4
    assert [event.number for event in kept.next_after(number, most)] == found


def test_the_older_half_of_the_events_is_given_up() -> None:
    kept = ring(5)
    each = kept.bytes // 5
    kept.give_up_half()
    assert ([event.number for event in kept.after(0)], kept.last, kept.bytes) == ([3, 4, 5], 5, 3 * each)
    kept.give_up_half()
    kept.give_up_half()
    assert [event.number for event in kept.after(0)] == [5]
    assert Events(5, last=7).first == 8


def test_events_have_no_more_bytes_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session is not weighed: its record has all that is in it, and is not copied."""
    each = ring(1).bytes
    monkeypatch.setattr(events, "EVENTS", 2 * each)
    assert [event.number for event in ring(4).after(0)] == [3, 4]
    kept = Events(10)
    for number, record in enumerate((None, Session("s" * 10_000, 0)), 1):
        kept.append(Event(number, 0, "session.created", "s", record=record))
    assert kept.bytes == 2 * OVERHEAD


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [("*", True), ("archive", True), ("archive.available", True), ("arch", False), ("archive.", False), ("", False)],
)
def test_a_pattern_means_a_type_its_kind_or_all(pattern: str, meant: bool) -> None:
    assert matches(pattern, "archive.available") is meant
