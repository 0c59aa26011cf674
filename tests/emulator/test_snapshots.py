"""Snapshots and checkpoints over HTTP: exact, readable, refused with a reason, and where a reset goes back to."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.testclient import TestClient

from emulator.app import create_app
from emulator.settings import Settings
from state.application import MAX_RULES, Application, Credentials
from state.options import Options
from state.record_kinds import KINDS
from state.world import World
from tests.emulator.local import Tenant, emulator


def take(tenant: Tenant) -> str:
    return tenant.client.get(f"/_emulator/applications/{tenant.id}/snapshot").text


def put(tenant: Tenant, content: str) -> Any:
    return tenant.client.put(f"/_emulator/applications/{tenant.id}/snapshot", content=content)


def busy(tenant: Tenant) -> str:
    """Fill a frozen application with one of everything; return the archive's id."""
    tenant.control("POST", "/clock", {"action": "freeze"})
    tenant.control("POST", "/faults", {"when": {"operation": "stopArchive"}, "then": "conflict", "times": 2})
    tenant.control("PATCH", "", {"webhooks": {"connection_created": {"address": "http://127.0.0.1:9"}}})
    tenant.control("POST", "/callbacks/hold", {})
    session = tenant.session(join=2)
    archive: str = tenant.call("POST", "/archive", {"sessionId": session, "name": "żółw"}).json()["id"]
    tenant.call(
        "POST", "/render", {"sessionId": session, "token": tenant.client_token(session), "url": "http://render.test/"}
    )
    tenant.call("POST", f"/session/{session}/signal", {"type": "t", "data": "\u0000 </script>"})
    tenant.call("POST", "/callback", {"group": "broadcast", "event": "status", "url": "http://127.0.0.1:9"})
    tenant.call("POST", f"/archive/{archive}/stop")  # the rule has one hit
    return archive


@pytest.fixture
def realistic(client: TestClient) -> Tenant:
    """An application whose processing takes its time."""
    return Tenant(client, pace="realistic")


def test_a_snapshot_put_back_is_the_same_to_the_byte(realistic: Tenant) -> None:
    busy(realistic)
    before = take(realistic)
    assert put(realistic, before).status_code == 200
    assert take(realistic) == before
    realistic.control("POST", "/reset")
    assert put(realistic, before).status_code == 200
    assert take(realistic) == before


def test_callbacks_stay_in_the_order_that_they_were_put_into(realistic: Tenant) -> None:
    busy(realistic)
    session = realistic.session(join=3)
    ids = [each["id"] for each in realistic.control("GET", f"/callbacks?session={session}")["items"]]
    realistic.control("POST", "/callbacks/reorder", {"ids": ids[::-1]})
    realistic.control("POST", f"/callbacks/{ids[-1]}/drop")  # what is done with keeps its place
    realistic.join(session)
    before = take(realistic)
    assert put(realistic, before).status_code == 200
    assert take(realistic) == before
    found = [each["id"] for each in realistic.control("GET", f"/callbacks?session={session}")["items"]]
    assert found[:3] == ids[::-1]


def test_a_snapshot_makes_the_application_in_another_emulator_which_goes_on_alike(realistic: Tenant) -> None:
    archive = busy(realistic)
    snapshot = take(realistic)
    with emulator() as other:
        twin = Tenant.__new__(Tenant)
        twin.__dict__.update(realistic.__dict__)
        twin.client = other
        assert put(twin, snapshot).status_code == 200
        assert take(twin) == snapshot
        for each in (realistic, twin):
            first = each.call("POST", f"/archive/{archive}/stop")
            second = each.call("POST", f"/archive/{archive}/stop")
            assert (first.status_code, second.status_code) == (409, 200)  # the second hit of the rule, then none
            each.control("POST", "/clock", {"action": "advance", "seconds": 100_000})
        assert take(twin) == take(realistic)
        new = [each.session(join=1) for each in (realistic, twin)]
        assert new[0] == new[1]


def test_a_snapshot_is_readable_json_with_its_schema(realistic: Tenant) -> None:
    busy(realistic)
    text = take(realistic)
    document = json.loads(text)
    assert document["schema"] == 1
    assert document["application"]["id"] == realistic.id
    assert '"name": "żółw"' in text
    assert text.startswith('{\n  "schema": 1,\n')


def test_a_checkpoint_is_returned_to_and_stays(realistic: Tenant) -> None:
    archive = busy(realistic)
    kept = realistic.control("PUT", "/checkpoints/base")
    assert kept["name"] == "base"
    realistic.control("POST", "/clock", {"action": "advance", "seconds": 300})
    realistic.control("DELETE", "/faults")
    realistic.session(join=3)
    for _ in range(2):
        realistic.control("POST", "/checkpoints/base/restore")
        assert realistic.control("GET", "/clock")["now"] == kept["at"]
        assert [rule["hits"] for rule in realistic.control("GET", "/faults")["items"]] == [1]
        assert realistic.call("GET", f"/archive/{archive}").json()["status"] == "started"
    assert [each["name"] for each in realistic.control("GET", "/checkpoints")["items"]] == ["base"]
    realistic.control("DELETE", "/checkpoints/base")
    assert realistic.control("GET", "/checkpoints") == {"count": 0, "items": []}


def test_a_reset_goes_back_to_the_checkpoint_called_seed(realistic: Tenant) -> None:
    archive = busy(realistic)
    realistic.control("PUT", "/checkpoints/seed")
    before = take(realistic)
    realistic.control("POST", "/clock", {"action": "advance", "seconds": 300})
    realistic.control("POST", "/reset")
    assert take(realistic) == before
    assert realistic.call("GET", f"/archive/{archive}").status_code == 200


def test_the_whole_emulator_is_taken_and_put_back(tmp_path: Path) -> None:
    with emulator() as client:
        first, second = Tenant(client), Tenant(client)
        busy(first)
        second.control("POST", "/clock", {"action": "freeze"})
        client.post("/_emulator/applications/00000000-0000-4000-8000-000000000001/clock", json={"action": "freeze"})
        before = client.get("/_emulator/snapshot").text
        second.session(join=1)
        added = Tenant(client)
        client.delete(f"/_emulator/applications/{first.id}")
        assert client.put("/_emulator/snapshot", content=before).json()["count"] == 3
        assert client.get(f"/_emulator/applications/{added.id}").status_code == 404
        assert client.get("/_emulator/snapshot").text == before
        seed = tmp_path / "seed.json"
        seed.write_text(before, encoding="utf-8")
    with emulator(seed_file=seed, well_known_application=False) as client:
        assert client.get("/_emulator/snapshot").text == before
        again = Tenant.__new__(Tenant)
        again.__dict__.update(first.__dict__)
        again.client = client
        again.control("POST", "/clock", {"action": "advance", "seconds": 300})
        again.control("POST", "/reset")
        assert client.get("/_emulator/snapshot").text == before


def test_what_is_no_snapshot_is_refused_with_the_place_and_changes_nothing(realistic: Tenant) -> None:
    busy(realistic)
    text = take(realistic)

    def changed(**parts: Any) -> str:
        return json.dumps({**json.loads(text), **parts})

    document = json.loads(text)
    archive = document["archive"][0]

    def with_key(key: str) -> str:
        application = document["application"]
        return changed(application={**application, "credentials": {**application["credentials"], "public_key": key}})

    for content, field in (
        ("{", None),
        ("[]", None),
        (changed(schema=2), "schema"),
        (changed(archives=[]), "archives"),
        (changed(archive={}), "archive"),
        (changed(archive=[{"live": True}]), "archive.0"),
        (
            changed(archive=[{**archive, "record": {**archive["record"], "recorded": "long"}}]),
            "archive.0.record.recorded",
        ),
        (changed(archive=[archive, archive]), "archive.1"),
        (changed(session=[]), "connection.0.session_id"),
        (changed(timer=[{"due": 1, "number": 1, "action": "archive.fly", "subject": "x"}]), "timer.0.subject"),
        (changed(timer=[{"due": 1, "number": 1, "action": "pigs.fly", "subject": "x"}]), "timer.0.action"),
        (changed(timer=[{"due": 1, "number": 1, "action": "callback.retry", "subject": "x"}]), "timer.0.subject"),
        (changed(faults={**document["faults"], "rules": [{"rule": 7}]}), "faults.rules.0.rule"),
        (changed(head={**document["head"], "ids": {"seed": "x", "made": -5}}), "head.ids.made"),
        (with_key("no key"), "application.credentials.public_key"),
        (changed(event=[{"type": []}]), "event.0.type"),
        (changed(event=[{"type": "archive.failed", "kind": {}}]), "event.0.kind"),
        (changed(faults={"rules": 7}), "faults"),
        (changed(head={**document["head"], "clock": {**document["head"]["clock"], "speed": 0}}), "head.clock"),
        (changed(event=[{"type": "archive.flew"}]), "event.0.type"),
    ):
        answer = put(realistic, content)
        assert answer.status_code == 400, (field, answer.text)
        assert answer.json()["error"].get("field") == field, answer.text
    other = Tenant(realistic.client)
    assert put(other, text).status_code == 409
    assert take(realistic) == text


def full(tenant: Tenant) -> dict[str, Any]:
    """Return the snapshot of a busy application with everything else in it too."""
    busy(tenant)
    session = tenant.session(join=1)
    tenant.control("PUT", "/scenarios/participant-churn", {"session": session})
    rule = {"when": {"operation": "startArchive"}, "then": {"archiveFails": {"seconds": 60}}}
    tenant.control("POST", "/faults", {"name": "doomed", **rule})
    tenant.archive(session)
    rtmp = [{"serverUrl": "rtmp://a.test/x", "streamName": "y"}]
    about = {"sessionId": session, "token": tenant.client_token(session)}
    for path, more in (
        ("/broadcast", {"outputs": {"hls": {}, "rtmp": rtmp}}),
        ("/captions", {}),
        ("/render", {"url": "http://render.test/"}),
        ("/dial", {"sip": {"uri": "sip:a@b.test"}}),
        ("/connect", {"websocket": {"uri": "ws://b.test"}}),
    ):
        answer = tenant.call("POST", path, {**about, **more})
        assert answer.status_code < 300, answer.text
    project = copy.copy(tenant)
    project.root = f"/v2/project/{tenant.made['apiKey']}"
    for method, path, body in (  # what OpenTok projects have
        ("PUT", "/archive/storage", {"type": "s3", "config": {"accessKey": "a", "secretKey": "b", "bucket": "c"}}),
        ("POST", "/callback", {"group": "archive", "event": "status", "url": "http://a.test/"}),
    ):
        answer = project.call(method, path, body)
        assert answer.status_code == 200, answer.text
    document: dict[str, Any] = json.loads(take(tenant))
    return document


def test_a_snapshot_of_everything_is_put_back_with_the_steps_of_its_scenarios(realistic: Tenant) -> None:
    document = full(realistic)
    assert {"fault.step", "fault.archiveFails"} <= {timer["action"] for timer in document["timer"]}
    assert [kind for kind in KINDS if not document[kind]] == []
    assert put(realistic, json.dumps(document)).status_code == 200
    assert json.loads(take(realistic)) == document


def test_what_would_break_later_is_refused_with_its_place(realistic: Tenant) -> None:
    document = full(realistic)
    doomed = next(iter(document["faults"]["fates"]))
    step = [timer["action"] for timer in document["timer"]].index("fault.step")
    fails = [timer["action"] for timer in document["timer"]].index("fault.archiveFails")
    pack = "faults.packs.participant-churn"
    for place, value in (
        *((f"{kind}.0.record.status", "x") for kind in ("archive", "broadcast", "render", "captions")),
        *((f"{kind}.0.record.status", "x") for kind in ("call", "connector")),
        ("callback.0.status", "x"),
        *(("callback.0.body", body) for body in ("", "{", "<xml/>", "{'id': 1}", "base64:/w==", '"\\ud800"')),
        ("broadcast.0.record.hls.status", "x"),
        ("broadcast.0.record.rtmp.0.status", "x"),
        ("stream.0.connection_id", "nobody"),
        ("call.0.record.connection_id", "nobody"),
        ("connector.0.record.connection_id", "nobody"),
        ("faults.number", "x"),
        ("faults.named.conflict", "x"),
        ("faults.rules.0.hits", -1),
        ("faults.rules.0.counters", []),
        ("faults.rules.0.rule.times", 0),
        (f"faults.fates.{doomed}.archiveFails.settings", {}),
        (f"faults.fates.{doomed}.archiveFails.settings.seconds", "x"),
        (pack, 7),
        (f"{pack}.timeline.0.at", "x"),
        (f"{pack}.appliedAt", -1),
        (f"timer.{step}.subject", "participant-churn 99 x"),
        (f"timer.{fails}.subject", "x"),
        ("timer.0.number", document["head"]["timer"] + 1),
        ("callback.0.number", -5),
        ("event.3.number", -7),
        ("head.event", 3),
        ("head.ids.made", 0),
        *(
            (f"head.{name}", 2**53)
            for name in ("event", "exchange", "outbox.last", "timer", "ids.made", "clock.started")
        ),
        *((f"head.{name}", -1) for name in ("event", "exchange", "outbox.last")),
        ("application.webhooks.bogus", {"address": "http://a.test"}),
        ("application.webhooks.opentok.bogus", {"address": "http://a.test"}),
        ("application.webhooks.connection_created.address", "javascript:x"),
    ):
        *way, last = _keys(place)
        changed = copy.deepcopy(document)
        inner: Any = changed
        for key in way:
            inner = inner[key]
        inner[last] = value
        answer = put(realistic, json.dumps(changed))
        assert (answer.status_code, answer.json().get("error", {}).get("field")) == (400, place), answer.text
    assert json.loads(take(realistic)) == document


def _keys(place: str) -> list[str | int]:
    """Return the way to a place; webhooks of OpenTok families have a dot in their name."""
    parts = place.replace("opentok.", "opentok/").split(".")
    return [int(part) if part.isdecimal() else part.replace("/", ".") for part in parts]


def test_a_checkpoint_that_is_not_there_is_404_with_the_nearest_name(tenant: Tenant) -> None:
    tenant.control("PUT", "/checkpoints/before-upload")
    url = f"/_emulator/applications/{tenant.id}/checkpoints"
    answer = tenant.client.post(f"{url}/before-uplaod/restore")
    assert (answer.status_code, answer.json()["error"]["suggestion"]) == (404, "did you mean before-upload?")
    assert tenant.client.put(f"{url}/..%20x").status_code == 400


def test_a_snapshot_of_all_that_cannot_be_served_changes_nothing() -> None:
    with emulator() as client:
        first, second = Tenant(client), Tenant(client)
        for tenant in (first, second):
            tenant.control("POST", "/clock", {"action": "freeze"})
            tenant.session(join=1)
        client.post("/_emulator/applications/10000001/clock", json={"action": "freeze"})
        before = client.get("/_emulator/snapshot").text
        document = json.loads(before)
        document["applications"] = [each for each in document["applications"] if each["application"]["id"] != first.id]
        document["applications"][-1]["faults"] = {"rules": [{}]}
        answer = client.put("/_emulator/snapshot", json=document)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "applications.1.faults")
        assert client.get("/_emulator/snapshot").text == before


def test_a_refused_snapshot_of_a_new_application_leaves_nothing_of_it_in_the_store(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'world.db'}"
    with emulator(store=store) as client:
        document = client.get("/_emulator/applications/10000001/snapshot").json()
        document["application"]["id"] = "ghost"
        document["application"]["credentials"]["api_key"] = "4242"
        document["faults"] = {"rules": 7}
        assert client.put("/_emulator/applications/ghost/snapshot", json=document).status_code == 400
    with emulator(store=store) as client:
        assert client.get("/_emulator/applications").json()["count"] == 1


def test_an_api_key_that_two_applications_of_a_snapshot_have_is_refused_with_its_place() -> None:
    with emulator() as client:
        Tenant(client)
        document = client.get("/_emulator/snapshot").json()
        first, second = (each["application"] for each in document["applications"])
        second["credentials"]["api_key"] = first["credentials"]["api_key"]
        answer = client.put("/_emulator/snapshot", json=document)
        assert answer.json()["error"]["field"] == "applications.1.application.credentials.api_key"


def test_applications_may_swap_their_api_keys() -> None:
    with emulator(well_known_application=False) as client:
        tenants = [Tenant(client), Tenant(client)]
        document = client.get("/_emulator/snapshot").json()
        found = [each["application"]["credentials"] for each in document["applications"]]
        found[0]["api_key"], found[1]["api_key"] = found[1]["api_key"], found[0]["api_key"]
        assert client.put("/_emulator/snapshot", json=document).status_code == 200
        for tenant, other in (tenants, tenants[::-1]):
            assert client.get(f"/_emulator/applications/{tenant.made['apiKey']}").json()["id"] == other.id


def test_applications_may_come_and_go_while_all_are_taken_or_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with emulator(well_known_application=False) as client:
        app: Any = client.app
        world, store = app.state.services.world, app.state.services.store
        stays, goes, *deleted = (Tenant(client).id for _ in range(4))
        new = iter(("one", "two"))

        @contextlib.asynccontextmanager
        async def transaction(held: Application) -> AsyncIterator[None]:
            if held.id == goes:  # others are served meanwhile
                world.remove(deleted.pop())
                name = next(new)
                world.add(name, name, replace(held.credentials, api_key=str(len(deleted))), held.options)
            yield

        document = client.get(f"/_emulator/applications/{stays}/snapshot").json()
        monkeypatch.setattr(store, "transaction", transaction)
        taken = client.get("/_emulator/snapshot")
        assert taken.status_code == 200
        assert {each["application"]["id"] for each in taken.json()["applications"]} == {stays, goes, *deleted}
        assert client.put("/_emulator/snapshot", json=document).status_code == 200
        assert {each.id for each in world} == {stays, "two"}


def test_what_ended_is_in_a_snapshot_although_its_session_was_given_up() -> None:
    with emulator(record_size=5) as client:
        tenant = Tenant(client)
        tenant.control("POST", "/clock", {"action": "freeze"})
        for _ in range(12):
            session = tenant.session(join=1)
            archive = tenant.archive(session)
            tenant.call("POST", f"/archive/{archive}/stop")
            (someone,) = tenant.control("GET", f"/sessions/{session}/participants")["items"]
            tenant.control("DELETE", f"/sessions/{session}/participants/{someone['connectionId']}")
        assert tenant.control("GET", "/sessions")["count"] <= 6
        assert tenant.call("GET", "/archive").json()["count"] <= 6
        before = take(tenant)
        tenant.control("PUT", "/checkpoints/base")
        tenant.control("POST", "/checkpoints/base/restore")
        assert put(tenant, before).status_code == 200
        assert take(tenant) == before


def test_what_is_given_up_after_a_snapshot_is_what_would_have_been_without() -> None:
    with emulator(record_size=2) as client:
        tenant = Tenant(client)
        tenant.control("POST", "/clock", {"action": "freeze"})
        sessions = [tenant.session(join=1) for _ in range(3)]
        archives = [tenant.archive(session) for session in sessions]
        for archive in (archives[1], archives[0]):  # the younger one ends first
            tenant.call("POST", f"/archive/{archive}/stop")
        before = take(tenant)
        left = []
        for go_back in (False, True):
            if go_back:
                assert put(tenant, before).status_code == 200
            tenant.call("POST", f"/archive/{archives[2]}/stop")
            left.append([each["id"] for each in tenant.call("GET", "/archive").json()["items"]])
        assert left[0] == left[1] == [archives[2], archives[1]]


def test_sessions_are_given_up_though_the_oldest_live_on() -> None:
    with emulator(record_size=40) as client:
        tenant = Tenant(client)
        alive = [tenant.session(join=1) for _ in range(30)]
        for _ in range(60):
            session = tenant.session()
        kept = {each["sessionId"] for each in tenant.control("GET", "/sessions")["items"]}
        assert len(kept) <= 44
        assert {session, *alive} <= kept


def test_an_application_has_a_hundred_checkpoints_at_most(tenant: Tenant) -> None:
    limits = tenant.client.get("/_emulator/info").json()["limits"]
    assert (limits["checkpoints"], limits["signals"], limits["requestBytes"]) == (100, 1000, 16 * 1024 * 1024)
    for number in range(100):
        tenant.control("PUT", f"/checkpoints/{number}")
    answer = tenant.client.put(f"/_emulator/applications/{tenant.id}/checkpoints/more")
    assert (answer.status_code, "100 checkpoints" in answer.json()["error"]["message"]) == (409, True)
    tenant.control("PUT", "/checkpoints/7")


def test_a_seed_that_ids_cannot_be_drawn_from_is_refused(tenant: Tenant) -> None:
    answer = tenant.client.patch(f"/_emulator/applications/{tenant.id}", json={"seed": 2**70})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "seed")


def test_a_reset_goes_back_to_the_seed_file_with_what_the_settings_say(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    with emulator() as client:
        seed.write_text(client.get("/_emulator/snapshot").text, encoding="utf-8")
    known = "/_emulator/applications/10000001"
    with emulator(seed_file=seed, pace="instant") as client:
        assert client.get(known).json()["pace"] == "instant"
        client.post(f"{known}/reset")
        assert client.get(known).json()["pace"] == "instant"


@pytest.mark.parametrize("count", [0, 60])
def test_a_snapshot_of_all_is_written_as_of_one_and_lets_others_work_meanwhile(count: int) -> None:
    async def scenario() -> None:
        app = create_app(Settings(well_known_application=False))
        world: World = app.state.services.world
        for number in range(count):
            world.add(f"app-{number}", "", Credentials("", "", str(number + 1), ""), Options())
        turns = 0
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://emulator") as client:
            asking = asyncio.create_task(client.get("/_emulator/snapshot"))
            while not asking.done():
                await asyncio.sleep(0)
                turns += 1
            taken = (await asking).content
        written = orjson.loads(taken)
        assert taken == orjson.dumps(written, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        assert len(written["applications"]) == count
        assert turns > count

    asyncio.run(scenario())


OTHER = {"auth": "lax", "pace": "realistic", "list_count": "page", "deleted_archive": "gone"}
"""Options of a process, each another one than the default."""


@pytest.mark.parametrize("unsaid", [["auth"], ["pace", "list_count"], ["deleted_archive", "auth"], list(OTHER)])
@pytest.mark.parametrize("door", ["snapshot", "all", "seed", "store"])
def test_options_that_a_document_does_not_say_are_those_of_the_process(
    tmp_path: Path, door: str, unsaid: list[str]
) -> None:
    settings: dict[str, Any] = dict(OTHER)
    database = f"sqlite:///{tmp_path}/world.db"
    with emulator(store=database if door == "store" else "memory") as client:
        tenant = Tenant(client, pace="fast")
        document = json.loads(take(tenant))
    for name in unsaid:
        del document["application"]["options"][name]
    if door == "seed":
        settings["seed_file"] = tmp_path / "seed.json"
        (tmp_path / "seed.json").write_text(json.dumps(document))
    if door == "store":
        settings["store"] = database
        _forget_options(tmp_path / "world.db", unsaid)
    with emulator(**settings) as client:
        if door == "snapshot":
            client.put(f"/_emulator/applications/{tenant.id}/snapshot", json=document)
        elif door == "all":
            client.put("/_emulator/snapshot", json={"schema": 1, "applications": [document]})
        found = client.get(f"/_emulator/applications/{tenant.id}/snapshot").json()["application"]["options"]
    said = document["application"]["options"]
    assert {name: found[name] for name in OTHER} == {name: said.get(name, OTHER[name]) for name in OTHER}


def _forget_options(file: Path, names: list[str]) -> None:
    """Let the identities in a store be as a version wrote them that had not these options."""
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        rows = database.execute("SELECT seq, document FROM emulator_record WHERE kind = 'identity'").fetchall()
        assert rows
        for seq, text in rows:
            document = json.loads(text)
            document["options"] = {key: each for key, each in document["options"].items() if key not in names}
            database.execute("UPDATE emulator_record SET document = ? WHERE seq = ?", (json.dumps(document), seq))


@pytest.mark.parametrize(
    "when",
    [
        {"operation": "startArchive", "body": {"name": "x", "resolution": ["640x480", "1280x720"]}},
        {"any": [{"session": "a"}, {"session": "b"}, {"session": "c"}], "operation": ["dial", "startArchive"]},
    ],
)
def test_as_many_rules_as_an_application_may_have_are_put_back(tenant: Tenant, when: Any) -> None:
    tenant.control("POST", "/clock", {"action": "freeze"})
    tenant.control("POST", "/faults", {"name": "r", "when": when, "then": "conflict"})
    document = json.loads(take(tenant))
    (only,) = document["faults"]["rules"]
    document["faults"]["rules"] = [{**only, "rule": {**only["rule"], "name": f"r{each}"}} for each in range(MAX_RULES)]
    assert put(tenant, json.dumps(document)).status_code == 200
    taken = take(tenant)
    assert len(json.loads(taken)["faults"]["rules"]) == MAX_RULES
