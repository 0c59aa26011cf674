"""JSON is read whatever it looks like."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from state.parsing import loads

HEADS = ("[", "[ ", "[\n", "[\n  ", "[\n\n", "[\t\t", " [  ")


@pytest.mark.parametrize("value", [0, "", [], {}, [0], {"a": 0}, [[0, 1], 2], -1.5, None])
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("count", [1, 500, 20_000])
def test_many_short_values_are_read_behind_lines(value: Any, head: str, count: int) -> None:
    text = head + ",".join([json.dumps(value, separators=(",", ":"))] * count) + "]"
    assert loads(text.encode()) == [value] * count
    assert loads(memoryview(text.encode())) == [value] * count


@pytest.mark.parametrize("behind", ["x", ",[]", "]", "]["])
@pytest.mark.parametrize("head", HEADS)
def test_what_follows_is_not_read_as_a_part_of_it(head: str, behind: str) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        loads((head + ",".join(["0"] * 20_000) + "]" + behind).encode())
