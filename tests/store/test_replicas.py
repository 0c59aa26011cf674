"""Replicas on one PostgreSQL: any of them serves any request, and one that dies takes nothing along."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient

from emulator import wellknown
from emulator.app import create_app
from emulator.settings import Settings
from emulator.store.database import Item, make_tables, write
from emulator.store.journals import add_exchanges, exchanges, last_exchanges
from emulator.testing.receiver import Receiver
from state.journal import Exchange
from tests.emulator.local import Tenant
from tests.store import postgres
from tests.store.process import APP, Process, running

ARCHIVES = f"/v2/project/{APP}/archive"


@pytest.fixture
def replicas(tmp_path: Path, database: str) -> Iterator[tuple[Process, Process]]:
    """Two replicas with an empty database."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(running(tmp_path, "--store", database, name=name)) for name in "ab")
        yield first, second


def statuses(processes: list[Process], path: str, body: Any) -> list[int]:
    """Send the same to several processes at once; return the statuses, sorted."""

    def ask(process: Process) -> int:
        return process.http.post(f"{process.url}{path}", json=body, headers=process.headers).status_code

    with ThreadPoolExecutor(len(processes)) as pool:
        return sorted(pool.map(ask, processes))


def test_two_replicas_that_race_to_start_an_archive_give_one_200_and_one_409(
    replicas: tuple[Process, Process],
) -> None:
    for _ in range(10):
        session = replicas[0].session(people=1)
        assert statuses(list(replicas), ARCHIVES, {"sessionId": session}) == [200, 409]


def test_sixteen_clients_at_two_replicas_see_one_world(replicas: tuple[Process, Process]) -> None:
    first, second = replicas
    session = first.session(people=1)
    statuses_seen = statuses([first, second] * 8, ARCHIVES, {"sessionId": session})
    assert statuses_seen == [200] + [409] * 15
    first.control(
        "POST", "faults", {"when": {"operation": "createSession"}, "then": "internal", "times": 5}, expect=201
    )
    assert statuses([first, second] * 8, "/session/create", None) == [200] * 11 + [500] * 5
    assert second.control("GET", "faults")["items"][0]["hits"] == 5
    numbers = [each["number"] for each in second.control("GET", "requests")["items"]]
    assert numbers == list(range(len(numbers), 0, -1))
    assert first.control("GET", "requests") == second.control("GET", "requests")
    events = [[each["number"] for each in each.control("GET", "events")["items"]] for each in replicas]
    assert events[0] == events[1] == list(range(1, len(events[0]) + 1))


def test_whoever_waits_at_one_replica_sees_what_happens_at_the_other(replicas: tuple[Process, Process]) -> None:
    first, second = replicas
    session = first.session()
    last = second.control("GET", "events")["last"]
    lines: list[str] = []
    streaming = threading.Event()

    def stream() -> None:
        url = f"{second.url}/_emulator/applications/{APP}/events/stream"
        with httpx.stream("GET", url, timeout=20) as answer:
            for line in answer.iter_lines():
                streaming.set()
                lines.append(line)
                if line == "event: stream.created":
                    return

    thread = threading.Thread(target=stream)
    thread.start()
    assert streaming.wait(10)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second.control, "GET", f"events?after={last}&type=stream.created&wait=10")
        time.sleep(0.3)
        started = time.monotonic()
        first.control("POST", f"sessions/{session}/participants", {"count": 1}, expect=201)
        assert [each["type"] for each in waiting.result()["items"]] == ["stream.created"]
        assert time.monotonic() - started < 3
    thread.join(10)
    assert "event: connection.created" in lines
    assert "event: stream.created" in lines


def test_each_callback_is_delivered_once_and_in_order_by_two_replicas(replicas: tuple[Process, Process]) -> None:
    with Receiver() as receiver:
        webhook = {"address": receiver.url}
        names = ("session_created", "connection_created", "stream_created")
        replicas[0].control("PATCH", "", {"webhooks": dict.fromkeys(names, webhook)}, expect=200)
        session = replicas[0].session()
        for number in range(20):
            replicas[number % 2].control("POST", f"sessions/{session}/participants", {"count": 1}, expect=201)
        deadline = time.monotonic() + 20
        while replicas[0].control("GET", "callbacks?status=pending")["count"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        sent = [each["jti"] for each in replicas[1].control("GET", "callbacks")["items"]]
        received = [receiver.verify(callback, wellknown.SIGNATURE_SECRET)["jti"] for callback in receiver.received()]
        assert sorted(received) == sorted(sent)
        assert len(sent) == 41
        assert received == sent


def test_a_replica_that_dies_loses_nothing_and_the_other_sends_its_callbacks(
    replicas: tuple[Process, Process],
) -> None:
    first, second = replicas
    with Receiver() as receiver:
        receiver.reply(delay=30, times=1)
        first.control("PATCH", "", {"webhooks": {"session_created": {"address": receiver.url}}}, expect=200)
        acknowledged = []
        stop = threading.Event()

        def load() -> None:
            with httpx.Client(timeout=10) as http:
                while not stop.is_set():
                    try:
                        answer = http.post(f"{first.url}/session/create", headers=first.headers)
                    except httpx.HTTPError:
                        return
                    if answer.status_code == 200:
                        acknowledged.append(answer.json()[0]["session_id"])

        session = first.session(people=1)
        (under_way,) = first.control("GET", "callbacks")["items"]
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 20:
            time.sleep(0.01)
        first.kill()
        stop.set()
        for thread in threads:
            thread.join()
        known = {each["sessionId"] for each in second.control("GET", "sessions")["items"]}
        assert {session, *acknowledged} <= known
        (delivered,) = second.control("GET", "callbacks?status=delivered&wait=20")["items"]
        assert delivered["jti"] == under_way["jti"]


def test_a_restart_of_the_database_is_survived(
    postgres_server: postgres.Server, replicas: tuple[Process, Process]
) -> None:
    first, second = replicas
    session = first.session(people=1)
    postgres_server.stop()
    try:
        answer = first.http.post(f"{first.url}{ARCHIVES}", json={"sessionId": session}, headers=first.headers)
        assert answer.status_code == 503
        assert "store" in answer.json()["message"]
        assert first.http.get(f"{first.url}/_emulator/applications/{APP}/clock").status_code == 503
        assert first.http.get(f"{first.url}/_emulator/health").status_code == 200
    finally:
        postgres_server.start()
    deadline = time.monotonic() + 20
    while answer := second.http.post(f"{second.url}{ARCHIVES}", json={"sessionId": session}, headers=first.headers):
        if answer.status_code == 200 or time.monotonic() > deadline:
            break
        assert answer.status_code == 503, answer.text
        time.sleep(0.1)
    assert answer.status_code == 200
    assert first.call("GET", f"{ARCHIVES}/{answer.json()['id']}", expect=200)["sessionId"] == session


def test_a_database_that_can_only_be_read_is_not_ready(
    postgres_server: postgres.Server, database: str, replicas: tuple[Process, Process]
) -> None:
    def only_read(setting: str) -> None:
        with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
            name = database.rpartition("/")[2]
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {setting}")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            ).fetchall()

    first, _ = replicas
    only_read("on")
    assert first.http.get(f"{first.url}/_emulator/ready").status_code == 503
    assert first.http.post(f"{first.url}/session/create", headers=first.headers).status_code == 503
    only_read("off")
    assert first.http.get(f"{first.url}/_emulator/ready").status_code == 200
    assert first.session()


def test_what_waits_for_the_database_keeps_no_replica_from_its_end(
    database: str, replicas: tuple[Process, Process]
) -> None:
    first, _ = replicas
    with psycopg.connect(database) as somebody, ThreadPoolExecutor(1) as pool:
        somebody.execute("LOCK TABLE emulator_record IN ACCESS EXCLUSIVE MODE")
        answer = pool.submit(first.http.post, f"{first.url}/session/create", headers=first.headers)
        time.sleep(1.5)  # it waits for the table by now, and so does who asks for replicas that died
        started = time.monotonic()
        first.stop()
        assert time.monotonic() - started < 10  # `docker stop` kills then
        assert answer.result().status_code == 503


def test_a_replica_starts_while_an_application_is_locked(
    tmp_path: Path, database: str, replicas: tuple[Process, Process]
) -> None:
    made = replicas[0].control("POST", "/applications", {}, expect=201)
    with psycopg.connect(database) as somebody:
        somebody.execute("SELECT FROM emulator_application WHERE id = %s FOR UPDATE", (made["id"],))
        with running(tmp_path, "--store", database, name="c") as third:
            assert third.control("GET", "/applications")["count"] == 2


def test_what_costs_a_query_costs_none_for_each_application(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with TestClient(create_app(Settings(store=database, auth="lax"))) as client:
        store = client.app.state.services.store  # type: ignore[attr-defined]
        for number in range(6):
            assert client.get(f"/v2/project/shop-{number}/archive").status_code == 200
        assert client.get("/_emulator/applications").json()["count"] == 7
        asked: list[str] = []
        event.listen(store._connections.engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
        assert client.get("/_emulator/applications").json()["items"][-1]["counts"]["requests"] == 1
        assert client.post("/_emulator/applications", json={}).status_code == 201
        assert client.portal is not None
        client.portal.call(store.hear_all)  # as after the connection to the database broke
        client.portal.call(asyncio.sleep, 0.5)
        assert 0 < len(asked) < 14, asked


def test_what_happens_while_a_replica_cannot_hear_is_learnt_when_it_can(
    database: str, replicas: tuple[Process, Process]
) -> None:
    first, second = replicas
    last = second.control("GET", "events")["last"]
    with psycopg.connect(database, autocommit=True) as somebody, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second.control, "GET", f"events?after={last}&type=stream&wait=10")
        time.sleep(0.3)
        broken = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query ~ %s"
        )
        assert somebody.execute(broken, ("(?i)^(LISTEN|SELECT DISTINCT owner)",)).rowcount == 2
        session = first.session(people=1)
        made = first.control("POST", "/applications", {}, expect=201)["id"]
        assert [each["sessionId"] for each in waiting.result()["items"]] == [session]
    assert second.control("GET", f"/applications/{made}", expect=200)


def test_applications_are_made_found_and_deleted_at_any_replica(replicas: tuple[Process, Process]) -> None:
    first, second = replicas
    made = first.control("POST", "/applications", {"name": "new"}, expect=201)
    assert second.control("GET", f"/applications/{made['id']}", expect=200)["apiKey"] == made["apiKey"]
    assert second.control("GET", "/applications")["count"] == 2
    second.control("DELETE", f"/applications/{made['id']}", expect=204)
    assert first.control("GET", f"/applications/{made['id']}", expect=404)
    assert first.control("GET", "/applications")["count"] == 1


def test_a_database_that_cannot_be_reached_is_a_clear_refusal(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"store postgresql://u:\*\*\*@127.0.0.1:1/d: .*refused"):
        Process(tmp_path, "--store", "postgresql://u:secret@127.0.0.1:1/d").start()


def dump(process: Process) -> dict[str, Any]:
    """Return all that a replica knows."""
    found: dict[str, Any] = process.control("GET", "/snapshot", expect=200)
    for each in found["applications"]:
        del each["head"]["exchange"]
    return found


def test_an_application_made_anew_is_the_new_one_at_every_replica(replicas: tuple[Process, Process]) -> None:
    first, second = replicas
    body = {"id": "0b0b0b0b-0000-4000-8000-000000000001"}
    for _ in range(5):
        made = first.control("POST", "/applications", body, expect=201)
        for number in range(3):
            second.control("PUT", f"/applications/{body['id']}/checkpoints/c{number}", expect=200)
        first.control("DELETE", f"/applications/{body['id']}", expect=204)
        again = first.control("POST", "/applications", body, expect=201)
        found = second.control("GET", f"/applications/{body['id']}", expect=200)
        assert found["apiKey"] == again["apiKey"] != made["apiKey"]
        assert second.control("GET", f"/applications/{body['id']}/checkpoints")["count"] == 0
        first.control("DELETE", f"/applications/{body['id']}", expect=204)


def test_replicas_that_make_the_same_application_at_once_have_one(tmp_path: Path, database: str) -> None:
    flags = ("--store", database, "--auth", "lax")
    with running(tmp_path, *flags, name="a") as first, running(tmp_path, *flags, name="b") as second:
        for number in range(8):
            project = f"made-at-once-{number}"

            def make(process: Process, project: str = project) -> int:
                return process.http.get(f"{process.url}/v2/project/{project}/archive").status_code

            with ThreadPoolExecutor(8) as pool:
                assert set(pool.map(make, [first, second] * 4)) == {200}
            keys = [each.control("GET", f"/applications/{project}")["apiKey"] for each in (first, second)]
            assert keys[0] == keys[1]


@pytest.mark.parametrize("body", [{"apiKey": "70000000"}, {"id": "0b0b0b0b-0000-4000-8000-000000000002"}])
def test_of_two_who_make_an_application_at_once_one_is_told_that_it_is_taken(
    replicas: tuple[Process, Process], body: dict[str, str]
) -> None:
    for _ in range(5):
        given = {**body, "privateKey": wellknown.PRIVATE_KEY}
        assert statuses(list(replicas), "/_emulator/applications", given) == [201, 409]
        (name,) = body.values()
        found = [each.control("GET", f"/applications/{name}", expect=200)["id"] for each in replicas]
        assert found[0] == found[1]
        replicas[0].control("DELETE", f"/applications/{name}", expect=204)
        assert replicas[1].control("GET", "/applications")["count"] == 1


def test_lax_callers_at_two_replicas_make_one_application_of_an_api_key(tmp_path: Path, database: str) -> None:
    flags = ("--store", database, "--auth", "lax")
    with running(tmp_path, *flags, name="a") as first, running(tmp_path, *flags, name="b") as second:
        for key in ("60000001", "60000002", "60000003"):
            with ThreadPoolExecutor(2) as pool:
                calls = [pool.submit(each.http.get, f"{each.url}/v2/project/{key}/archive") for each in (first, second)]
                assert [each.result().status_code for each in calls] == [200, 200]
            ids = [each.control("GET", f"/applications/{key}", expect=200)["id"] for each in (first, second)]
            assert ids[0] == ids[1]


def test_what_is_deleted_stays_so_while_others_look(tmp_path: Path, database: str) -> None:
    with running(tmp_path, "--store", database) as process, ThreadPoolExecutor(3) as pool:
        stop = threading.Event()

        def look() -> None:
            with httpx.Client(timeout=10) as http:
                while not stop.is_set():
                    assert http.get(f"{process.url}/_emulator/applications").status_code == 200

        looks = [pool.submit(look) for _ in range(3)]
        try:
            for _ in range(50):
                made = process.control("POST", "/applications", {"privateKey": wellknown.PRIVATE_KEY}, expect=201)
                process.control("DELETE", f"/applications/{made['id']}", expect=204)
        finally:
            stop.set()
        for each in looks:
            each.result()
        assert process.control("GET", "/applications")["count"] == 1


def test_deleting_what_another_replica_serves_stops_nobody(tmp_path: Path, database: str) -> None:
    flags = ("--store", database, "--auth", "lax")
    with running(tmp_path, *flags, name="a") as first, running(tmp_path, *flags, name="b") as second:
        stop = threading.Event()

        def load() -> None:
            with httpx.Client(timeout=10) as http:
                while not stop.is_set():
                    assert http.get(f"{second.url}/v2/project/shop/archive").status_code == 200

        with ThreadPoolExecutor(3) as pool:
            loads = [pool.submit(load) for _ in range(3)]
            for _ in range(15):
                first.http.delete(f"{first.url}/_emulator/applications/shop")
                first.http.get(f"{first.url}/v2/project/shop/archive")
            stop.set()
            for each in loads:
                each.result()
        assert dump(first) == dump(second)


def test_what_is_held_at_one_replica_while_it_waits_at_the_other_keeps_no_clock(
    replicas: tuple[Process, Process],
) -> None:
    first, second = replicas
    with Receiver() as receiver:
        receiver.reply(delay=3, times=1)
        webhook = {"address": receiver.url}
        first.control(
            "PATCH", "", {"webhooks": {"session_created": webhook, "connection_created": webhook}}, expect=200
        )
        first.session(people=1)  # two callbacks, one after the other
        receiver.wait_for()
        second.control("POST", "callbacks/hold", {}, expect=200)
        for replica in (second, first):
            assert replica.control("POST", "clock", {"action": "advance", "seconds": 1}, expect=200)
        found = {each["event"]: each["status"] for each in first.control("GET", "callbacks")["items"]}
        assert found == {"session.created": "delivered", "connection.created": "held"}


def test_time_that_one_replica_lets_pass_ends_when_the_other_goes_back(replicas: tuple[Process, Process]) -> None:
    first, second = replicas
    with Receiver() as receiver:
        behaviour = {"webhooks": {"archive_status": {"address": receiver.url}}, "pace": "realistic"}
        first.control("PATCH", "", behaviour, expect=200)
        first.control("POST", "clock", {"action": "freeze"}, expect=200)
        sessions = [first.session(people=1) for _ in range(3)]
        first.control("PUT", "checkpoints/base", expect=200)
        before = first.control("GET", "clock")["now"]
        for end, body in (("checkpoints/base/restore", None), ("clock", {"action": "freeze"})):
            receiver.clear()
            receiver.reply(delay=1)
            for session in sessions:
                first.call("POST", ARCHIVES, {"sessionId": session}, expect=200)
            with ThreadPoolExecutor(1) as pool:
                context = pool.submit(second.control, "POST", "clock", {"action": "advance", "seconds": 400_000}, 200)
                receiver.wait_for(timeout=30, where=lambda told: told["status"] == "stopped")  # it is on its way
                first.control("POST", end, body, expect=200)
                context.result()
            assert first.control("GET", "clock")["now"] < before + 400_000_000
            first.control("POST", "checkpoints/base/restore", expect=200)


def test_a_callback_that_arrives_while_the_database_is_away_is_noted_afterwards(
    postgres_server: postgres.Server, replicas: tuple[Process, Process]
) -> None:
    first, second = replicas
    with Receiver() as receiver:
        receiver.reply(delay=1.5, times=1)
        first.control("PATCH", "", {"webhooks": {"session_created": {"address": receiver.url}}}, expect=200)
        first.session(people=1)
        time.sleep(0.2)
        postgres_server.stop()
        try:
            time.sleep(2)
        finally:
            postgres_server.start()
        deadline = time.monotonic() + 20
        while first.http.get(f"{first.url}/_emulator/ready").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        (delivered,) = second.control("GET", "callbacks?status=delivered&wait=20")["items"]
        assert delivered["attempts"]


def test_the_requests_of_one_replica_are_counted_at_the_other(replicas: tuple[Process, Process]) -> None:
    first, second = replicas
    for _ in range(3):
        first.call("GET", ARCHIVES, expect=200)
    for replica in replicas:
        assert replica.control("GET", "")["counts"]["requests"] == 3
    (told,) = (each for each in second.control("GET", "/applications")["items"] if each["id"] == APP)
    assert told["counts"]["requests"] == 3


def test_a_replica_remembers_what_it_answered_before(replicas: tuple[Process, Process]) -> None:
    first, second = replicas
    rules = [{"when": {"operation": "getArchive"}, "then": effect} for effect in ("staleRead", {"latency": {"ms": 1}})]
    first.control("POST", "faults", rules, expect=201)
    archive = first.call("POST", ARCHIVES, {"sessionId": first.session(people=1)}, expect=200)["id"]

    def status(process: Process) -> str:
        found: str = process.call("GET", f"{ARCHIVES}/{archive}", expect=200)["status"]
        return found

    assert status(first) == "started"
    first.call("POST", f"{ARCHIVES}/{archive}/stop", expect=200)
    assert status(second) != "started"  # it never said anything else
    assert status(first) == "started"


def test_what_is_held_and_parked_at_one_replica_is_so_at_the_other(replicas: tuple[Process, Process]) -> None:
    first, second = replicas
    with Receiver() as receiver:
        webhook = {"address": receiver.url}
        first.control("PATCH", "", {"webhooks": {"session_created": webhook, "stream_created": webhook}}, expect=200)
        first.control("POST", "callbacks/hold", {}, expect=200)
        second.session(people=2)
        assert [each["status"] for each in first.control("GET", "callbacks")["items"]] == ["held"] * 3
        ids = [each["id"] for each in first.control("GET", "callbacks")["items"]][::-1]
        second.control("POST", "callbacks/reorder", {"ids": ids}, expect=200)
        assert [each["id"] for each in first.control("GET", "callbacks")["items"]] == ids
        assert not receiver.received()


def test_api_keys_that_are_swapped_at_one_replica_are_so_at_the_other(replicas: tuple[Process, Process]) -> None:
    first, second = replicas
    ids = [first.control("POST", "/applications", {"name": name}, expect=201)["id"] for name in ("one", "two")]
    for _ in range(5):
        snapshot = first.control("GET", "/snapshot", expect=200)
        one, two = (each["application"] for each in snapshot["applications"] if each["application"]["id"] in ids)
        for each in (one, two):  # the other replica serves them by their keys
            assert second.control("GET", f"/applications/{each['credentials']['api_key']}")["id"] == each["id"]
        keys = [each["credentials"]["api_key"] for each in (one, two)]
        two["credentials"]["api_key"], one["credentials"]["api_key"] = keys
        first.control("PUT", "/snapshot", snapshot, expect=200)
        for key, application_id in zip(keys, (two["id"], one["id"]), strict=True):
            assert second.control("GET", f"/applications/{key}/clock", expect=200)
            assert second.control("GET", f"/applications/{key}", expect=200)["id"] == application_id


def test_exchanges_that_are_kept_while_their_application_is_deleted_are_gone_with_it(database: str) -> None:
    engine = create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        make_tables(connection)
        write(connection, Item("app", "1", 1, b"{}", incarnation="a"), tombstones=True)
    exchange = Exchange(at=0, method="GET", path="/")
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as keeping:
            add_exchanges(keeping, "app", [exchange], 100)

            def remove() -> None:
                with engine.begin() as connection:
                    write(connection, Item("app", "1", 2, b"", deleted=True), tombstones=True)

            removing = pool.submit(remove)
            time.sleep(0.3)
            assert not removing.done()
        removing.result(10)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        add_exchanges(connection, "app", [exchange], 100)
    with engine.begin() as connection:
        assert last_exchanges(connection, ["app"]) == {}
        assert exchanges(connection, "app", 0, 100) == []
    engine.dispose()


@pytest.mark.parametrize("after", range(1, 4))
def test_what_is_written_while_an_application_is_read_is_read_once(database: str, after: int) -> None:
    """Another replica commits after so many queries of the one that starts, or that looks for what is new."""
    with TestClient(create_app(Settings(store=database))) as one:
        tenant, queries = Tenant(one), 0

        def write_between(*_: object) -> None:
            nonlocal queries
            queries += 1
            if queries == after:
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(tenant.session, join=1).result(30)

        with TestClient(create_app(Settings(store=database))) as other:
            store = other.app.state.services.store  # type: ignore[attr-defined]
            engine = store._connections.engine
            event.listen(engine, "after_cursor_execute", write_between)
            (found,) = store._unknown(set(), tenant.id)[0]
            event.remove(engine, "after_cursor_execute", write_between)
            assert queries >= after
            assert json.loads(found.head)["event"] == sum(row.kind == "event" for row, _ in found.rows)
