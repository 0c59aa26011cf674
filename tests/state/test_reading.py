"""Reading large JSON value by value: what is read is what it says, wherever it is cut; what is none is refused."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from state import reading
from state.documents import DocumentError
from state.nesting import LARGEST, SMALLEST, SNAPSHOT_DEPTH
from state.reading import Reader
from tests.state.everything import now

VALUES: list[Any] = [
    0, -1, 1.5, 1e300, SMALLEST, LARGEST, True, False, None, "", "a", 'a"b\\', "Ż\n\t", "\U0001f600", [], {}, [[]],
    [1, [2, {"a": None}]], {"a": {"b": [1, "]}"]}, "c": "{["}, ["x" * 50] * 20,
]  # fmt: skip


@pytest.fixture(params=[65_536, 64, 7, 1], ids=lambda size: f"window {size}")
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Windows of a usual size, and so small that every value is cut."""
    monkeypatch.setattr(reading, "WINDOW", request.param)
    size: int = request.param
    return size


def read(content: bytes) -> Any:
    """Read members or elements one by one, and anything else as a whole."""
    reader = Reader(content)
    found: Any
    if reader.peek() == "{":
        found = {name: now(reader.value(name)) for name in reader.members()}
    elif reader.peek() == "[":
        found = [now(reader.value(str(index))) for index in reader.elements()]
    else:
        found = now(reader.value("it"))
    reader.end()
    return found


@pytest.mark.parametrize("value", VALUES, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("indent", [None, 2])
def test_what_is_read_is_what_was_written(window: int, value: Any, indent: int | None) -> None:
    for ascii_ in (True, False):
        text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
        assert read(text.encode()) == value
        assert read(f"\n {text} \t\r\n".encode()) == value
    whole = {str(index): each for index, each in enumerate(VALUES)}
    assert read(json.dumps(whole, indent=indent).encode()) == whole


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "[", "[1", "[1,", "[1,]", "[1 2]", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', "{1:2}",
     '{"a" 1}', '"a', '"\\u12', "tru", "nul", "NaN", "-", "1.", "[1]]", '{"a":1}}', "1 2", "'a'", "\x00", "[NaN]",
     "01", "[01]", '"\n"', "\ufeff1", "{,}", "[,]", "[}", "{]", '{"a":}', "-Infinity", "[1e]", '"\\x"'],
)  # fmt: skip
def test_what_is_no_json_is_refused_as_that(window: int, text: str) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(text)
    with pytest.raises(DocumentError, match="the body is not JSON"):
        read(text.encode())


def test_bytes_that_are_no_text_are_refused(window: int) -> None:
    with pytest.raises(DocumentError, match="the body is not JSON"):
        read(b'["\xff"]')


def test_a_mistake_is_named_with_its_place(window: int) -> None:
    with pytest.raises(DocumentError, match=r"^the body is not JSON: '\}' is not expected at byte 103$"):
        read(b"[" + b" " * 100 + b"1 }")
    with pytest.raises(DocumentError, match=r"it ends too early at byte 2$"):
        read(b"[1")
    with pytest.raises(DocumentError, match=r"at byte 104$") as caught:
        read(b"[" + b" " * 100 + b"[1,}]]")
    assert caught.value.field == "0"


def test_a_name_that_comes_twice_is_refused(window: int) -> None:
    with pytest.raises(DocumentError, match=r"^comes twice$") as caught:
        read(json.dumps({"a" * 200: 1}).encode().replace(b"1}", b'1,"' + b"a" * 200 + b'":2}'))
    assert caught.value.field == "a" * 100


@pytest.mark.parametrize("value", ["1e400", "[1,1e400]", '"\\ud800"', '{"\\ud800":1}'])
def test_what_could_not_be_written_again_is_refused(value: str) -> None:
    with pytest.raises(DocumentError, match="the body is not JSON") as caught:
        read(b'{"a":%s}' % value.encode())
    assert caught.value.field == "a"


def test_numbers_are_those_that_were_written_wherever_a_window_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """`1.5` that is cut behind its point would be read as 1."""
    for size in range(1, 40):
        monkeypatch.setattr(reading, "WINDOW", size)
        assert read(b'{"a": 1.5, "b": 12e+3,"c":-0.25E-1}') == {"a": 1.5, "b": 12e3, "c": -0.025}


def test_a_value_is_as_deep_as_it_may_be() -> None:
    def nested(levels: int) -> bytes:
        return b'{"a":' + b"[" * levels + b"]" * levels + b"}"

    read(nested(SNAPSHOT_DEPTH))
    with pytest.raises(DocumentError, match="nested too deeply") as caught:
        read(nested(SNAPSHOT_DEPTH + 1))
    assert caught.value.field.startswith("a.0.0")
    with pytest.raises(DocumentError, match="nested too deeply") as caught:
        now(Reader(b"[" * 81 + b"]" * 81).value(""))
    assert caught.value.field.startswith("0.0")
    with pytest.raises(DocumentError, match="is nested too deeply"):
        read(nested(100_000))


def test_depth_and_length_are_looked_at_in_steps_where_a_value_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WINDOW", 64)
    monkeypatch.setattr(reading, "TOGETHER", 5)
    value = [["text, with [brackets]", [1, {"a": [2]}]] * 20, "end"]
    assert read(orjson.dumps(value)) == value
    reader = Reader(orjson.dumps(value))
    steps = list(reader.value("it"))
    assert len(steps) > 40
    for brackets in (b"[" * 81 + b"]" * 81, b'[{"a":' * 41 + b"1" + b"}]" * 41):
        with pytest.raises(DocumentError, match=r"^is nested too deeply: 80 levels are allowed$") as caught:
            read(b'{"a":%s}' % brackets)
        assert caught.value.field == "a"


def test_a_value_is_as_large_as_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WINDOW", 64)
    monkeypatch.setattr(reading, "LARGEST_VALUE", 1000)
    assert read(b'["' + b"a" * 998 + b'"]') == ["a" * 998]
    for size in (999, 2000, 100_000):
        with pytest.raises(DocumentError, match=r"^is larger than 1000 bytes$") as caught:
            read(b'["' + b"a" * size + b'"]')
        assert caught.value.field == "0"
    monkeypatch.setattr(reading, "WINDOW", 4000)
    with pytest.raises(DocumentError, match=r"^is larger than 1000 bytes$"):
        read(b'["' + b"a" * 2000 + b'"]')


def test_a_value_has_as_many_parts_as_it_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets and commas in texts are none."""
    monkeypatch.setattr(reading, "WINDOW", 64)
    monkeypatch.setattr(reading, "MAX_PARTS", 301)
    assert now(Reader(orjson.dumps([[1] * 300])).value("it")) == [[1] * 300]
    with pytest.raises(DocumentError, match=r"^has more than 301 brackets and commas$"):
        now(Reader(orjson.dumps([[1] * 301])).value("it"))
    text = ["[,{" * 300]
    assert now(Reader(orjson.dumps(text)).value("it")) == text


def test_there_are_only_so_many_blanks_between_two_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BLANKS", 200)
    monkeypatch.setattr(reading, "WINDOW", 64)
    assert read(b"[1," + b" " * 100 + b"2]") == [1, 2]
    with pytest.raises(DocumentError, match=r"^there are more than 200 blanks at byte 3$"):
        read(b"[1," + b" " * 1000 + b"2]")


@pytest.mark.parametrize(
    "text",
    ['{"a":"%s', '{"a":[["%s"]', '{"a":%s', '{"a":{"b":"%s}', '{"a%s', '["%s\\"', "[%s"],
)
def test_what_has_no_end_is_refused_however_long_it_is(window: int, text: str) -> None:
    for filling in ("1", "1" * 100, "1" * 1000):
        with pytest.raises(DocumentError, match="not JSON"):
            read((text % filling).encode())


def test_numbers_and_words_are_as_long_as_they_are(window: int) -> None:
    number = 0.1
    assert read(b'{"a":%s%s, "b" : [%s\n]}' % (b"0.1", b"0" * 300, b"true")) == {"a": number, "b": [True]}
    assert read(b"[%s1]" % (b" " * 300)) == [1]


def test_a_name_is_as_long_as_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WINDOW", 64)
    monkeypatch.setattr(reading, "MAX_NAME", 1000)
    assert read(b'{"%s":1}' % (b"a" * 900)) == {"a" * 900: 1}
    with pytest.raises(DocumentError, match=r"^a name is longer than 1000 bytes at byte 1$"):
        read(b'{"%s":1}' % (b"a" * 10_000))


def test_a_name_that_is_no_text_is_refused(window: int) -> None:
    with pytest.raises(DocumentError, match="the body is not JSON"):
        read(b'{"\\ud800":1}')
