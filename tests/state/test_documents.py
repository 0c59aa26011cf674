"""What documents are made of: bytes, numbers, texts, depth, and the values that JSON has no word for."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from state import memory
from state.bytes_json import bytes_of, text_of
from state.documents import DocumentError, read, write
from state.memory import OVERHEAD, fitted, weight
from state.nesting import (
    LARGEST,
    MAX_DEPTH,
    MAX_VALUES,
    SMALLEST,
    UnwritableError,
    check,
    count,
    may_be_deep,
    may_be_too_much,
)
from state.options import Options
from state.session_records import Signal


@pytest.mark.parametrize("data", [b"", b"a", "ż".encode(), b"\xff", b"base64:", b"base64:YQ==", b"\x00", b"{}"])
def test_bytes_are_read_as_they_were_written(data: bytes) -> None:
    text = text_of(data)
    assert bytes_of(text) == data
    assert bytes_of(orjson.loads(orjson.dumps(text))) == data


def test_bytes_that_are_text_stay_readable() -> None:
    assert text_of(b'{"a":1}') == '{"a":1}'
    assert text_of(b"\xff") == "base64:/w=="


@pytest.mark.parametrize("text", ["base64:?", "base64:YQ", "base64:Y Q=="])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not base64"):
        bytes_of(text)


@pytest.mark.parametrize("value", [1, None, b"a"])
def test_what_is_no_text_is_left_to_who_checks_types(value: Any) -> None:
    assert bytes_of(value) is value


def test_values_that_json_does_not_know_are_written_as_those_it_knows() -> None:
    value = {"a": b"b", "c": MappingProxyType({"d": 1}), "e": frozenset("zy"), "f": {"x"}, "g": Options(pace="instant")}
    found = orjson.loads(write(value))
    assert found["g"]["pace"] == "instant"
    assert {name: found[name] for name in "acef"} == {"a": "b", "c": {"d": 1}, "e": ["y", "z"], "f": ["x"]}
    assert write({"a": [1]}, indented=True) == b'{\n  "a": [\n    1\n  ]\n}'


def test_what_is_no_value_is_not_written() -> None:
    with pytest.raises(TypeError, match="is not JSON serializable") as caught:
        write(object())
    assert "object is no JSON" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "signal.id"),
        ([], "signal"),
        ({"id": "a", "session_id": "b", "at": "x", "type": "", "data": ""}, "signal.at"),
    ],
)
def test_a_part_that_is_wrong_is_named(document: Any, field: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(Signal, document, "signal")
    assert caught.value.field == field


# What can be written, shown and read back


def nested(levels: int, value: Any = 1) -> Any:
    for _ in range(levels):
        value = {"a": value} if levels % 2 else [value]
    return value


@pytest.mark.parametrize(
    ("document", "path", "problem"),
    [
        ({"a": [1, SMALLEST - 1]}, ("a", 1), "is a number of more than 64 bits"),
        ([LARGEST + 1], (0,), "is a number of more than 64 bits"),
        ({"a": math.inf}, ("a",), "input should be a finite number"),
        ([[math.nan]], (0, 0), "input should be a finite number"),
        ("\ud800", (), "has half a character (U+D800)"),
        ({"a": {"b": "x\udfff"}}, ("a", "b"), "has half a character (U+DFFF)"),
        ({"a": {"\ud800": 1}}, ("a",), "has half a character (U+D800)"),
        ({"\ud800": [math.inf]}, (), "has half a character (U+D800)"),
        (nested(MAX_DEPTH + 1), ("a",) * 8, "is nested too deeply: 64 levels are allowed"),
        (nested(MAX_DEPTH + 2), (0,) * 8, "is nested too deeply: 64 levels are allowed"),
    ],
)
def test_a_document_that_could_not_be_kept_is_refused_with_its_place(document: Any, path: Any, problem: str) -> None:
    with pytest.raises(UnwritableError) as caught:
        check(document)
    assert (str(caught.value), caught.value.path) == (problem, path)


@pytest.mark.parametrize(
    "document",
    [None, True, SMALLEST, LARGEST, 1.5, "Ż\U0001f600", (1, [2]), {"a": object()}, {1: "Ż"}, nested(MAX_DEPTH)],
)
def test_a_document_that_can_be_kept_is_let_in(document: Any) -> None:
    check(document)


@pytest.mark.parametrize(
    ("document", "values"),
    [(1, 1), ([], 1), ([1, 2], 3), ((1, [2]), 4), ({"a": {"b": [1]}, "c": "d"}, 5), ("text", 1)],
)
def test_values_are_counted(document: Any, values: int) -> None:
    assert count(document) == check(document) == check(document, values=values) == values
    if values > 1:
        with pytest.raises(UnwritableError, match=f"^has more than {values - 1} values$"):
            check(document, values=values - 1)


def test_many_values_are_only_counted_where_there_may_be_some() -> None:
    assert not may_be_too_much(b'{"a":[1]}')
    assert may_be_too_much(b"[" * (MAX_DEPTH + 1))
    assert may_be_too_much(b"," * MAX_VALUES)


def test_depth_is_only_looked_for_where_there_may_be_some() -> None:
    assert not may_be_deep(b'{"a":[1]}')
    assert may_be_deep(b"[" * (MAX_DEPTH + 1))
    assert may_be_deep(b"[]" * 3, 2)


# How much is kept


def test_a_record_weighs_what_is_written_of_it() -> None:
    plain = Signal("a", "b", 1, "c", "d")
    assert weight(plain) == OVERHEAD + len(orjson.dumps(plain))
    assert weight(Signal("a", "b", 1, "c", "d" * 1000)) == weight(plain) + 999


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (b"\xff", '"ÿ"'),
        ({"x"}, ["x"]),
        (frozenset(), []),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Options(seed=1), Options(seed=1).model_dump()),
    ],
)
def test_whatever_is_in_a_record_is_weighed(value: Any, written: Any) -> None:
    size = len(written.encode()) if isinstance(written, str) else len(orjson.dumps(written))
    assert weight(value) == OVERHEAD + size


def test_a_record_with_slots_is_weighed_inside_of_one_that_is_not_plain() -> None:
    class Odd(dict[str, Any]):
        """What orjson does not write by itself."""

    assert weight(MappingProxyType({"a": Odd(b=1)})) == OVERHEAD + len(b'{"a":{"b":1}}')


def test_what_json_cannot_say_is_weighed_too() -> None:
    deep = nested(400)
    assert weight(deep) == OVERHEAD + len(repr(deep))
    assert weight(2**70) == OVERHEAD + len(repr(2**70))


def test_what_is_kept_takes_no_more_than_its_length() -> None:
    written = b"abc"
    assert fitted(written) == written
    assert memory.MIB == 1024 * 1024
