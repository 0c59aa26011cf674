"""Packs that are written wrongly: one clear mistake with file, line and column."""

from __future__ import annotations

import pytest

from emulator.service.names import known_names
from scenarios import yaml_positions
from scenarios.pack import load
from scenarios.yaml_positions import PackError, parse

PACK = """\
name: my-pack
description: Starting fails twice.
parameters:
  failures: {type: integer, default: 2, min: 1}
rules:
  - name: start
    when:
      operation: startArchive
    then: conflict
    times: ${failures}
timeline:
  - at: 2
    join: {who: alice}
"""


def wrong(old: str, new: str) -> PackError:
    assert old in PACK
    with pytest.raises(PackError) as caught:
        load(PACK.replace(old, new, 1), "my-pack.yaml", known_names())
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        # The four of the promise: a typo, a wrong type, an unknown operation, a wrong indent.
        ("    then:", "    thn:", "9:5: rules.0: there is no such field: thn; did you mean then?"),
        ("times: ${failures}", "times: often", "10:12: rules.0.times: input should be a valid integer"),
        (
            "startArchive",
            "startArchve",
            "8:18: rules.0.when.operation: there is no operation startArchve; did you mean",
        ),
        (
            "    then:",
            "      then:",
            "9:7: rules.0.when: there is no such field: then; then belongs to the rule: check",
        ),
        # And the like.
        ("    times:", "   times:", "10:4: this is no YAML: "),
        ("    times:", "\ttimes:", "10:1: this is no YAML: "),
        ("conflict", "conflct", "9:11: rules.0.then: there is no such effect: conflct; did you mean conflict?"),
        ("${failures}", "${failurs}", "10:12: rules.0.times: there is no parameter failurs; did you mean failures?"),
        ("default: 2", "default: two", "4:13: parameters.failures: default must be an integer (got 'two')"),
        ("default: 2", "default: 0", "4:13: parameters.failures: default must be 1 or more (got 0)"),
        ("  failures:", "  unused: {type: string, default: x}\n  failures:", "4:3: parameters: nothing"),
        (
            "      operation: startArchive",
            "      operation: dial\n      body: {name: x}",
            "9:14: rules.0.when.body: no body that this rule is about has a field name",
        ),
        ("    join:", "    jion:", "13:5: timeline.0: there is no such field: jion; did you mean join?"),
        ("  - at: 2\n", "  - at: soon\n", "12:9: timeline.0.at: input should be a valid"),
        ("    join: {who: alice}", "    at: 3", "13:5: at is written twice"),
        ("name: my-pack", "name: My Pack", "1:7: name: a pack's name is up to 64 small letters"),
        ("description: Starting fails twice.\n", "", "1:1: description is required"),
        ("default: 2", "default: .nan", "4:38: parameters.failures.default: input should be a finite number"),
        (
            "integer, default: 2",
            "number, default: .inf",
            "4:37: parameters.failures.default: input should be a finite number",
        ),
        ("min: 1", "min: .nan", "4:46: parameters.failures.min: input should be a finite number"),
        ("min: 1", 'choices: [2, "2"]', "4:13: parameters.failures: choices must be an integer (got '2')"),
        ("  - name: start", f"  - name: {'a' * 95}", "6:11: rules.0.name: a name is up to 100 letters"),
        (
            "timeline:",
            "  - {name: start, then: internal}\ntimeline:",
            "11:12: rules.1.name: there is a rule my-pack:start",
        ),
        (
            "timeline:",
            "  - then: internal\n  - {name: '2', then: conflict}\ntimeline:",
            "12:12: rules.2.name: there is a",
        ),
        (
            "    join: {who: alice}",
            "    leave: {who: alice}",
            "13:18: timeline.0.leave.who: alice has not joined by then",
        ),
        (
            "    join: {who: alice}",
            "    join: {who: alice}\n  - at: 3\n    publish: {who: alcie}",
            "15:20: timeline.1.publish.who: alcie has not joined by then; did you mean alice?",
        ),
        ("  - at: 2\n", "  - at: .nan\n", "12:9: timeline.0.at: input should be a finite number"),
        ("  - at: 2\n", "  - at: '2'\n", "12:9: timeline.0.at: input should be a valid number"),
        ("timeline:", "---\ntimeline:", "11:1: another document begins here (---): one file is one pack"),
        ("    when:\n", "    <<: {times: 3}\n    when:\n", "7:5: keys cannot be merged in (<<): write them out"),
    ],
)
def test_one_clear_mistake_with_its_place(old: str, new: str, said: str) -> None:
    text = str(wrong(old, new))
    assert text.startswith(f"my-pack.yaml:{said}"), text
    assert "\n" not in text


def test_a_pack_that_is_right_is_taken() -> None:
    pack = load(PACK, "my-pack.yaml", known_names())
    (rule,) = pack.render({"failures": 3}).rules
    assert (rule["name"], rule["times"]) == ("my-pack:start", 3)


@pytest.mark.parametrize(
    "text", ["", "- a\n", "3", "a: &a {b: *a}", "? [1, 2]\n: 3\n", "a: !!python/name:os.system {}"]
)
def test_what_is_no_pack_at_all(text: str) -> None:
    with pytest.raises(PackError):
        load(text, "file.yaml", known_names())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: \0", "file.yaml:1:1: this is no YAML: unacceptable character"),
        ("a: " + "[" * 70 + "]" * 70, "file.yaml:1:68: this is nested too deeply: 64 levels are allowed"),
        ("a: 1\na: 2", "file.yaml:2:1: a is written twice"),
        ("? {a: b}\n: 1", "file.yaml:1:3: a key must be text"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(PackError) as caught:
        parse(text, "file.yaml")
    assert str(caught.value).startswith(said)


def test_a_pack_has_so_many_values_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_positions, "MAX_NODES", 10)
    assert parse("[1, 2, 3, 4, 5, 6, 7, 8, 9]", "file.yaml").data == list(range(1, 10))
    with pytest.raises(PackError, match=r"^file\.yaml:1:29: this is too large for a pack$"):
        parse("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "file.yaml")


def test_scalars_are_what_json_has() -> None:
    """Times and bytes stay the texts that were written."""
    text = "a: 2026-01-31\nb: 2026-01-31T12:00:00Z\nc: !!binary YQ==\nd: 1\ne: 1.5\nf: yes\ng: ~\nh: text\n5: x\n"
    assert parse(text, "file.yaml").data == {
        "a": "2026-01-31",
        "b": "2026-01-31T12:00:00Z",
        "c": "YQ==",
        "d": 1,
        "e": 1.5,
        "f": True,
        "g": None,
        "h": "text",
        "5": "x",
    }


@pytest.mark.parametrize("value", ["!!int foo", "!!float foo", "!!bool foo", "9" * 5000, "[" * 600 + "]" * 600])
def test_a_value_that_is_none_of_its_kind_is_one_error_with_its_place(value: str) -> None:
    with pytest.raises(PackError) as caught:
        parse(f"name: x\ntimes: {value}\n", "pack.yaml")
    assert str(caught.value).startswith("pack.yaml:")
