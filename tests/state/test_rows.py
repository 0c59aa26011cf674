"""Rows, what a store keeps: whoever takes up the rows of every change has the same application."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson
import pytest

from state import documents, sessions
from state.application import Application, Change, Checkpoint
from state.documents import DocumentError
from state.options import Options
from state.record_kinds import KINDS, STORED
from state.records import Row
from state.rows import put_row, rows_of, rows_of_all
from state.sessions import SIGNALS_KEPT
from tests.state.conftest import Tenant
from tests.state.everything import fill, filled, moved_on, now, snapshot
from tests.state.test_snapshots import put_back

_ORDER = {name: place for place, name in enumerate(STORED)}


class Replica:
    """Another application that takes up the rows of each change of the first one, as a replica reads them."""

    def __init__(self, tenant: Tenant) -> None:
        self.source = tenant.app
        self.app = Tenant().app
        self.told: list[Row] = []
        tenant.world.listeners.append(self.follow)

    def follow(self, change: Change) -> None:
        app = self.app
        if change.reset:
            app.clear()
        rows = [*(change.restored or ()), *rows_of(self.source, change)]
        self.told += rows
        for row in sorted(rows, key=lambda row: _ORDER[row.kind]):
            put_row(app, row)
        head = orjson.loads(documents.write(documents.head(self.source)))
        identity = orjson.loads(documents.write(documents.identity(self.source)))
        app.id, app.credentials = self.source.id, self.source.credentials
        documents.put_identity(app, documents.read_identity(identity), Options())
        documents.put_head(app, documents.read_head(head))

    def require_same(self, but: Sequence[str] = ()) -> None:
        first, second = (orjson.loads(snapshot(app)) for app in (self.app, self.source))
        assert [name for name in first if first[name] != second[name]] == list(but)
        assert self.app.checkpoints == self.source.checkpoints
        assert self.app.signal_bytes == self.source.signal_bytes


def test_the_rows_of_every_change_are_all_there_is() -> None:
    tenant = Tenant(seed=1, pace="realistic")
    replica = Replica(tenant)
    fill(tenant)
    replica.require_same()
    assert {row.kind for row in replica.told} == set(STORED)
    for seconds in (1, 70, 24 * 3600, 4 * 24 * 3600):
        moved_on(tenant, seconds)
        replica.require_same()


STEPS: dict[str, Callable[[Application], object]] = {
    "a reset": lambda app: app.reset(),
    "nothing": lambda app: None,
    "all that may be given up": lambda app: app.give_up_old(everything=True),
    "other options": lambda app: app.change_options(Options(pace="instant")),
    "a checkpoint that is gone": lambda app: app.remove(app.checkpoints.pop("seed")),
    "another checkpoint": lambda app: app.touch(app.checkpoints.setdefault("b", Checkpoint("b", 1, b"{}"))),
    "many signals": lambda app: [
        sessions.signal(app, next(iter(app.sessions.values())), "a", str(number)) for number in range(SIGNALS_KEPT + 5)
    ],
}


@pytest.mark.parametrize("step", STEPS)
def test_the_rows_of_a_change_are_those_of(step: str) -> None:
    tenant = filled()
    replica = Replica(tenant)
    replica.app = put_back(snapshot(tenant.app)).app
    replica.app.checkpoints.update(tenant.app.checkpoints)
    with tenant.world.unit(tenant.app) as app:
        STEPS[step](app)
    replica.require_same(but=["event"] if step == "all that may be given up" else [])  # a ring gives up by itself


def test_what_was_put_back_is_told_in_rows_too() -> None:
    tenant = Tenant()
    replica = Replica(tenant)
    put_back(snapshot(filled().app), rows=True, into=tenant)
    replica.require_same()
    tenant = Tenant()
    replica = Replica(tenant)
    put_back(snapshot(filled().app), into=tenant)
    replica.require_same()


def test_all_rows_are_those_of_a_new_application() -> None:
    tenant = filled()
    app = Tenant().app
    rows = now(rows_of_all(tenant.app))
    assert {row.kind for row in rows} == set(KINDS)
    for row in rows:
        put_row(app, row)
    first, second = (orjson.loads(snapshot(each)) for each in (tenant.app, app))
    assert [name for name in KINDS if first[name] != second[name]] == []


@pytest.mark.parametrize("name", STORED)
def test_a_row_without_a_document_is_a_record_that_is_gone(name: str) -> None:
    """Also one that is not there; of events the oldest are given up by themselves."""
    tenant = filled()
    kind = STORED[name]
    (record, *_) = kind.all(tenant.app)
    record_id = kind.id_of(record)
    assert kind.has(tenant.app, record)
    for _ in range(2):
        put_row(tenant.app, Row(name, record_id, None))
        assert kind.has(tenant.app, record) is (name == "event")
    put_row(tenant.app, Row(name, "unknown unknown", None))


@pytest.mark.parametrize("name", sorted({*STORED} - {"event"}))
def test_a_row_takes_the_place_of_the_one_before(name: str) -> None:
    tenant = filled()
    kind = STORED[name]
    before = [kind.id_of(each) for each in kind.all(tenant.app)]
    signals, records = tenant.app.signal_bytes, tenant.app.bytes["records"]
    for record in list(kind.all(tenant.app)):
        put_row(tenant.app, Row(name, kind.id_of(record), documents.write(kind.show(tenant.app, record))))
    assert [kind.id_of(each) for each in kind.all(tenant.app)] == before
    assert tenant.app.signal_bytes == signals
    assert abs(tenant.app.bytes["records"] - records) < 100
    if name == "session":  # it keeps who and what is in it
        assert snapshot(tenant.app) == snapshot(filled().app)


def test_a_row_that_is_wrong_says_where() -> None:
    with pytest.raises(DocumentError) as caught:
        put_row(Tenant().app, Row("session", "s", b'{"id":1,"created_at":1}'))
    assert caught.value.field == "session.id"
    with pytest.raises(DocumentError) as caught:
        put_row(Tenant().app, Row("archive", "a", b"[]"))
    assert caught.value.field == "archive"


def test_what_is_no_record_of_a_store_is_in_no_row() -> None:
    """Exchanges are kept by other means, and an application's own state is its head."""
    tenant = filled()
    told = Replica(tenant).told
    with tenant.world.unit(tenant.app) as app:
        app.touch(app)
    assert told == []
