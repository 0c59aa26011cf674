"""Packs: found in two folders, applied as a whole or not at all, inspected, and removed with all that is theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from emulator.service.names import known_names
from scenarios import engine, packs
from scenarios.engine import Faults
from scenarios.pack import Pack, load
from scenarios.packs import BUNDLED, MAX_SIZE, Library, NameTakenError
from scenarios.schema import DIALECT, schema
from scenarios.strict import RuleError
from scenarios.yaml_positions import PackError
from state.session_records import Session
from state.timeline import Timer
from tests.scenarios.stage import Stage

NAMES = known_names()

PACK = """\
name: my-pack
description: Starting fails.
parameters:
  failures: {type: integer, default: 2, min: 1}
rules:
  - name: start
    when: {operation: startArchive}
    then: conflict
    times: ${failures}
  - then: {latency: {ms: 5}}
    when: {session: elsewhere}
timeline:
  - at: 2
    join: {who: alice}
  - at: 4
    leave: {who: alice}
"""


def pack(text: str = PACK) -> Pack:
    return load(text, "my-pack.yaml", NAMES)


@pytest.fixture
def stage() -> Stage:
    return Stage(NAMES)


def apply(stage: Stage, found: Pack | None = None, parameters: Any = None, session: str = "") -> dict[str, Any]:
    with stage.world.unit(stage.app) as app:
        return packs.apply(app, stage.faults, found or pack(), parameters, session)


def timers(stage: Stage) -> list[Timer]:
    return [timer for timer in stage.app.timeline if timer.action == "fault.step"]


# The library


def test_every_pack_that_comes_with_it_can_be_applied(stage: Stage) -> None:
    found, errors = Library(NAMES).all()
    assert (errors, list(found)) == ([], sorted(path.stem for path in BUNDLED.iterdir()))
    for each in found.values():
        shown = each.show()
        assert (shown["name"], shown["bundled"], bool(shown["description"])) == (each.name, True, True)
        applied = apply(stage, each)
        assert applied["name"] == each.name
        assert len(applied["rules"]) == len(each.written.rules)
    assert set(stage.faults.packs) == set(found)


def test_a_folder_hides_what_came_with_it(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text(PACK.replace("my-pack", "sip-busy"))
    (tmp_path / "note.txt").write_text("no pack")
    library = Library(NAMES, tmp_path)
    assert [path.name for path in library.files()][-1] == "b.yml"
    assert library.all()[0]["sip-busy"].bundled is False
    assert library.get("sip-busy").bundled is True  # that of the file of its name comes first
    (tmp_path / "sip-busy.yaml").write_text(PACK.replace("my-pack", "sip-busy"))
    assert library.get("sip-busy").bundled is False
    assert library.get("sip-drop").bundled is True
    assert Library(NAMES, tmp_path / "missing").get("sip-busy").bundled is True


def test_a_pack_is_found_by_its_name_in_whatever_file(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(PACK)
    (tmp_path / "my-pack.yaml").write_text(PACK.replace("my-pack", "another"))
    library = Library(NAMES, tmp_path)
    assert library.get("my-pack").name == "my-pack"
    assert library.get("another").name == "another"


def test_a_pack_that_there_is_not_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"^name: there is no scenario sip-bsy; did you mean sip-busy\?$"):
        Library(NAMES).get("sip-bsy")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [", "this is no YAML"),
        (b"\xff\xfe\xff", "cannot be read"),
        (b"a" * (MAX_SIZE + 1), "this is too large for a pack: at most 262144 bytes"),
        (b"name: broken\n", "description is required"),
    ],
)
def test_a_file_that_is_no_pack_is_an_error_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    monkeypatch.setattr(packs, "BUNDLED", tmp_path / "none")
    (tmp_path / "broken.yaml").write_bytes(content)
    (tmp_path / "mine.yaml").write_text(PACK)
    library = Library(NAMES, tmp_path)
    found, (error,) = library.all()
    assert "my-pack" in found
    assert message in str(error)
    with pytest.raises(PackError, match=message):
        library.get("broken")
    assert library.get("my-pack").name == "my-pack"
    with pytest.raises(RuleError, match="there is no scenario other"):
        library.get("other")


def test_a_folder_of_a_wanted_name_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "wanted.yaml").mkdir()
    with pytest.raises(PackError, match="cannot be read"):
        Library(NAMES, tmp_path).get("wanted")


# Applied


def test_an_applied_pack_has_its_rules_under_its_name(stage: Stage) -> None:
    applied = apply(stage, parameters={"failures": 5})
    assert applied["parameters"] == {"failures": 5}
    assert [(rule["name"], rule["source"], rule["times"]) for rule in applied["rules"]] == [
        ("my-pack:start", "my-pack", 5),
        ("my-pack:2", "my-pack", None),
    ]
    assert (applied["session"], applied["appliedAt"], applied["hits"], applied["pending"]) == (
        None,
        stage.app.now,
        0,
        [],
    )


def test_a_pack_for_one_session_is_about_it_and_begins_there(stage: Stage) -> None:
    session: Session = stage.session()
    applied = apply(stage, session=session.id)
    sessions = [fault.data["when"]["session"] for fault in stage.faults.rules.values()]
    assert sessions == [session.id, "elsewhere"]  # what is about a session by itself stays so
    assert applied["session"] == session.id
    assert [(each["due"] - stage.app.now, each["session"], list(each["step"])) for each in applied["pending"]] == [
        (2000, session.id, ["at", "join"]),
        (4000, session.id, ["at", "leave"]),
    ]
    stage.advance(2)
    assert len(session.connections) == 1
    assert len(packs.inspect(stage.app, stage.faults, "my-pack")["pending"]) == 1


def test_a_pack_is_applied_anew_with_other_parameters(stage: Stage) -> None:
    session = stage.session()
    apply(stage, session=session.id)
    stage.advance(2)
    revision = stage.faults.revision
    applied = apply(stage, parameters={"failures": 7}, session=session.id)
    assert applied["rules"][0]["times"] == 7
    assert len(stage.faults.rules) == 2
    assert len(timers(stage)) == 2
    assert stage.faults.revision > revision


def test_a_pack_goes_with_all_that_is_its_own(stage: Stage) -> None:
    session = stage.session()
    apply(stage, session=session.id)
    with stage.world.unit(stage.app) as app:
        stage.faults.add({"name": "my-pack:start", "then": "internal"}, app.now, replace=True)
        stage.faults.add({"name": "other", "then": "internal"}, app.now)
        assert [rule["name"] for rule in packs.inspect(app, stage.faults, "my-pack")["rules"]] == ["my-pack:2"]
        packs.remove(app, stage.faults, "my-pack")
    assert list(stage.faults.rules) == ["my-pack:start", "other"]  # what somebody has put in its place stays
    assert (timers(stage), stage.faults.packs) == ([], {})
    with pytest.raises(KeyError):
        packs.remove(stage.app, stage.faults, "my-pack")
    with pytest.raises(KeyError):
        packs.inspect(stage.app, stage.faults, "my-pack")


def test_every_rule_goes_and_packs_that_only_have_a_timeline_stay(stage: Stage) -> None:
    session = stage.session()
    churn = load("name: churn\ndescription: They come.\ntimeline:\n  - {at: 1, join: {}}\n", "churn.yaml", NAMES)
    apply(stage, churn, session=session.id)
    apply(stage, session=session.id)
    stage.faults.add({"name": "mine", "then": "internal"}, 0)
    with stage.world.unit(stage.app) as app:
        packs.clear(app, stage.faults)
    assert (list(stage.faults.packs), stage.faults.rules, len(timers(stage))) == (["churn"], {}, 1)


def test_nothing_has_changed_when_a_pack_cannot_be_applied(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(stage)
    stage.faults.add({"name": "other:start", "then": "internal"}, 0)
    before = stage.faults.dump()
    with pytest.raises(NameTakenError) as taken:
        apply(stage, pack(PACK.replace("my-pack", "other")))
    assert taken.value.name == "other:start"
    with pytest.raises(RuleError, match="my-pack has no parameter failurs; did you mean failures"):
        apply(stage, parameters={"failurs": 1})
    with pytest.raises(RuleError, match="failures must be an integer"):
        apply(stage, parameters={"failures": float("nan")})
    with pytest.raises(RuleError, match="failures must be 1 or more") as caught:
        apply(stage, parameters={"failures": 0})
    assert caught.value.path == ("parameters", "failures")
    monkeypatch.setattr(engine, "MAX_RULES", 3)
    with pytest.raises(RuleError, match="has 3 rules at most, and there are 3: remove some"):
        apply(stage, pack(PACK.replace("my-pack", "third")))
    monkeypatch.setattr(engine, "RULES", 1)
    with pytest.raises(RuleError, match="the rules of an application have 1 bytes at most"):
        apply(stage)
    assert stage.faults.dump() == before


def test_the_rules_of_a_pack_that_is_applied_make_room_for_its_new_ones(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(stage)
    monkeypatch.setattr(engine, "MAX_RULES", 2)
    monkeypatch.setattr(engine, "RULES", stage.faults.bytes)
    apply(stage)
    assert len(stage.faults) == 2


def test_the_patterns_of_a_pack_count(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PACK.replace("{session: elsewhere}", '{body: {name: {matches: "a{50}"}}}')
    apply(stage, pack(text))
    monkeypatch.setattr(engine, "MAX_PATTERN_STEPS", stage.faults.rules["my-pack:2"].size)
    apply(stage, pack(text))
    with pytest.raises(RuleError, match="the patterns of an application's rules have"):
        apply(stage, pack(text.replace("my-pack", "another")))


# Written


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("{type: integer, default: true}", "default must be an integer"),
        ("{type: number, default: .nan}", "input should be a finite number"),
        ("{type: number, default: .inf}", "input should be a finite number"),
        ("{type: boolean, default: 1}", "default must be a boolean"),
        ("{type: string, default: 1}", "default must be a string"),
        ("{type: integer, default: 5, max: 4}", "default must be 4 or less"),
        ("{type: integer, default: 5, min: 6}", "default must be 6 or more"),
        ("{type: string, default: a, choices: [b, c]}", "default must be one of b, c"),
        ("{type: string, default: a, choices: [a, 1]}", "choices must be a string"),
    ],
)
def test_a_default_fits_its_parameter(parameter: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        pack(PACK.replace("{type: integer, default: 2, min: 1}", parameter))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: my-pack", "name: My Pack", "a pack's name is up to 64 small letters, digits and `-`"),
        (PACK, "- a\n", "expected a mapping with name, description, rules and timeline"),
        (PACK, "name: a\ndescription: b\n", "a pack needs rules or a timeline"),
        ("  - then: {latency: {ms: 5}}\n", "  - name: start\n    then: conflict\n", "there is a rule my-pack:start al"),
        ("  - then: {latency: {ms: 5}}\n", "  - {then: conflict, name: " + "n" * 99 + "}\n  - then: conflict\n",
         "a name is up to"),
        ("{who: alice}", "{who: '${nobody}'}", "there is no parameter nobody"),
        ("leave: {who: alice}", "leave: {who: bob}", "timeline.1.leave.who: bob has not joined by then"),
        ("at: 4", "at: soon", "timeline.1.at: input should be a valid number"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_pack_is_named(old: str, new: str, message: str) -> None:
    with pytest.raises(PackError) as caught:
        pack(PACK.replace(old, new, 1))
    assert message in str(caught.value)


def test_parameters_are_put_in_as_they_are_and_inside_of_texts() -> None:
    text = PACK.replace(
        "- then: {latency: {ms: 5}}", '- then: {status: {status: 418, body: ["${failures} of ${failures}"]}}'
    )
    rendered = pack(text).render({"failures": 9})
    assert rendered.rules[0]["times"] == 9
    assert rendered.rules[1]["then"]["status"]["body"] == ["9 of 9"]


# The schema, for editors


def test_the_schema_lets_in_every_pack_that_comes_with_it() -> None:
    found = schema(NAMES)
    assert found["$schema"] == DIALECT
    jsonschema_rs.meta.validate(found)
    validator = jsonschema_rs.validator_for(found)
    for path in BUNDLED.iterdir():
        assert not list(validator.iter_errors(yaml.safe_load(path.read_text()))), path.name
    assert not list(validator.iter_errors(yaml.safe_load(PACK)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("startArchive", "startArchve"),
        ("conflict", "conflct"),
        ("my-pack", "My Pack"),
        ("times: ${failures}", "times: often"),
        ("at: 2", "at: -2"),
        ("timeline", "timelin"),
        ("who: alice", "whom: alice"),
        ("{operation: startArchive}", "{tag: Archive}"),
        ("{operation: startArchive}", "{state: lost}"),
        ("{operation: startArchive}", "{role: king}"),
    ],
)
def test_the_schema_shows_what_is_wrong(old: str, new: str) -> None:
    validator = jsonschema_rs.validator_for(schema(NAMES))
    assert list(validator.iter_errors(yaml.safe_load(PACK.replace(old, new, 1))))


def test_faults_of_a_fresh_application_are_untouched() -> None:
    faults = Faults(NAMES)
    assert faults.untouched
    assert len(faults) == 0
    faults.add({"then": "internal"}, 0)
    assert not faults.untouched
    assert len(faults) == 1
