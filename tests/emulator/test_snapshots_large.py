"""Large snapshots, and large texts that are none: memory is bounded, others are served, the limit is named."""

from __future__ import annotations

import copy
import http.client
import json
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.tenants import snapshots
from state import reading
from state import snapshots as state_snapshots
from state.documents import DocumentError
from state.reading import Reader
from tests.store.process import APP, Process, running

MIB = 1024 * 1024
SIZE = 24 * MIB


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A process whose memory can be seen."""
    with running(tmp_path_factory.mktemp("large")) as process:
        archive = process.call("POST", f"/v2/project/{APP}/archive", {"sessionId": process.session(1)}, 200)["id"]
        process.call("POST", f"/v2/project/{APP}/archive/{archive}/stop", expect=200)
        process.control("POST", "clock", {"action": "idle"}, expect=200)  # it changes no more by itself
        yield process


def memory(process: Process, name: str) -> int:
    """Return the memory of a process in bytes: `VmRSS` of now, `VmHWM` at most since `forget_peak`."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(name))


def forget_peak(process: Process) -> None:
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def put(process: Process, content: bytes, path: str = f"/applications/{APP}/snapshot") -> httpx.Response:
    return process.http.put(f"{process.url}/_emulator{path}", content=content, timeout=300)


def repeated(head: bytes, part: bytes, tail: bytes = b"") -> bytes:
    return head + part * (SIZE // len(part)) + tail


RUBBISH = {
    "empty lists": repeated(b"[", b"[],", b"[]]"),
    "empty objects": repeated(b"[", b"{},", b"{}]"),
    "numbers": repeated(b"[", b"1,", b"1]"),
    "texts": repeated(b"[", b'"",', b'""]'),
    "lists as events": repeated(b'{"schema":1,"event":[', b"[],", b"[]]}"),
    "objects as sessions": repeated(b'{"schema":1,"session":[', b'{"id":"a"},', b"{}]}"),
    "lists as faults": repeated(b'{"schema":1,"faults":[', b"[],", b"[]]}"),
    "rules in faults": repeated(b'{"schema":1,"faults":{"rules":[', b'{"rule":{}},', b"{}]}}"),
    "an object of many members as the head": repeated(b'{"schema":1,"head":{', b'"a":1,', b'"b":2}}'),
    "a number of many digits": repeated(b'{"schema":', b"7", b"}"),
    "a text without an end": repeated(b'{"schema":1,"application":"', b"a"),
    "an escaped text without an end": repeated(b'{"schema":1,"application":"', b'\\"'),
    "a long text": repeated(b'{"schema":1,"application":"', b"a", b'"}'),
    "a long name": repeated(b'{"', b"a", b'":1}'),
    "many names": b"{" + b",".join(b'"%d":1' % number for number in range(SIZE // 12)) + b"}",
    "depth": repeated(b'{"schema":1,"head":', b"["),
    "depth of objects": repeated(b'{"schema":1,"head":', b'{"a":'),
    "blanks": repeated(b"", b" "),
    "blanks within": repeated(b'{"schema":1,', b"\n", b'"head":{}}'),
    "zeros": bytes(SIZE),
    "lists among applications": repeated(b'{"schema":1,"applications":[', b"[],", b"[]]}"),
}


ALWAYS_SENT = ("empty lists", "rules in faults")


@pytest.mark.parametrize(
    "name", [name if name in ALWAYS_SENT else pytest.param(name, marks=pytest.mark.extended) for name in RUBBISH]
)
@pytest.mark.parametrize("path", [f"/applications/{APP}/snapshot", "/snapshot"])
def test_rubbish_takes_less_than_four_times_its_size_and_is_refused(process: Process, name: str, path: str) -> None:
    before = process.control("GET", "snapshot")
    forget_peak(process)
    resting = memory(process, "VmRSS")
    response = put(process, RUBBISH[name], path)
    assert response.status_code in (400, 413)
    assert response.json()["error"]["message"]
    assert memory(process, "VmHWM") - resting < 4 * SIZE
    assert process.control("GET", "snapshot")["archive"] == before["archive"]


def grown(snapshot: dict[str, Any], size: int) -> bytes:
    """Return a snapshot with as many recordings as make it so large."""
    archive = snapshot["archive"][0]
    found = {**snapshot, "timer": [], "archive": []}
    for number in range(size // len(json.dumps(archive, separators=(",", ":")))):
        record = {**copy.copy(archive["record"]), "id": str(uuid.UUID(int=number)), "status": "available"}
        found["archive"].append({"live": False, "listed": True, "record": record})
    return orjson.dumps(found)


def test_a_large_snapshot_is_put_back_and_taken_while_others_are_served(process: Process) -> None:
    snapshot = process.control("GET", "snapshot")
    content = grown(snapshot, SIZE)
    served = 0
    done = threading.Event()

    def ask() -> None:
        nonlocal served
        with httpx.Client(timeout=30, trust_env=False) as http:
            while not done.is_set():
                assert http.get(f"{process.url}/_emulator/health").status_code == 200
                served += 1

    asking = threading.Thread(target=ask)
    asking.start()
    forget_peak(process)
    resting = memory(process, "VmRSS")
    response = put(process, content)
    peak = memory(process, "VmHWM")
    served_meanwhile = served
    done.set()
    asking.join()
    assert response.status_code == 200, response.text
    assert served_meanwhile > 50
    assert peak - resting < 4 * SIZE
    back = process.control("GET", "snapshot")
    assert len(back["archive"]) == len(orjson.loads(content)["archive"])
    assert put(process, orjson.dumps(snapshot)).status_code == 200


def test_what_is_larger_than_a_snapshot_may_be_is_413_and_names_the_limit(process: Process) -> None:
    connection = http.client.HTTPConnection(process.url.removeprefix("http://"), timeout=20)
    connection.putrequest("PUT", "/_emulator/snapshot")
    connection.putheader("Content-Length", str(64 * MIB + 1))
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 413
    said = response.read().decode()
    assert str(64 * MIB) in said
    assert "VONAGE_EMULATOR_SEED_FILE" in said  # where a larger one can go
    connection.close()


# Reading, value by value

json_texts = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
        | st.text('"\\/[]{},: a\n\u00e9\U0001f600', max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    ),
    max_size=4,
).flatmap(
    lambda document: st.sampled_from(
        [orjson.dumps(document), orjson.dumps(document, option=orjson.OPT_INDENT_2), json.dumps(document).encode()]
    )
)  # fmt: skip

TEXTS: tuple[Any, ...] = (
    {},
    {"a": 1},
    {"a": {"b": [1, 2.5, -3e10, None, True, False, 'x\\"]}']}, "c": []},
    {"ż": "żółw 🐢", 'quote"\\': "\u0000\n\t"},
    {"a": list(range(3000)), "b": "y" * 5000},
    {"a": [{"b": "z" * 300} for _ in range(200)]},
)


@pytest.mark.parametrize("window", [1, 7, 64, 4096])
@pytest.mark.parametrize("indented", [False, True])
@pytest.mark.parametrize("index", range(len(TEXTS)))
def test_what_is_read_value_by_value_is_what_is_read_at_once(
    monkeypatch: pytest.MonkeyPatch, window: int, indented: bool, index: int
) -> None:
    monkeypatch.setattr(reading, "WINDOW", window)
    content = orjson.dumps(TEXTS[index], option=orjson.OPT_INDENT_2 if indented else None)
    reader = Reader(content)
    assert {name: snapshots.now(reader.value(name)) for name in reader.members()} == TEXTS[index]
    reader.end()


@pytest.mark.parametrize("window", [1, 5, 4096])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b'{"a"',
        b'{"a":',
        b'{"a":1',
        b'{"a":1,',
        b'{"a":1,}',
        b'{"a":1}}',
        b'{"a":1}x',
        b'{"a":1 "b":2}',
        b'{"a":tru}',
        b'{"a":[1,]}',
        b'{"a":NaN}',
        b'{"a":01}',
        b'{"a":"\x01"}',
        b'{"a":"\\x"}',
        b'{"a":"\xff"}',
        b'{"a":1,"a":2}',
        b"{'a':1}",
        b"{a:1}",
        b"\xef\xbb\xbf{}",
        b"{" + b'"a":{' * 5000,
    ],
)
def test_what_is_no_json_is_refused_wherever_it_is_cut(
    monkeypatch: pytest.MonkeyPatch, window: int, content: bytes
) -> None:
    monkeypatch.setattr(reading, "WINDOW", window)

    def read() -> None:
        reader = Reader(content)
        for name in reader.members():
            snapshots.now(reader.value(name))
        reader.end()

    with pytest.raises(DocumentError):
        read()


def test_a_snapshot_is_written_in_steps_as_at_once(process: Process) -> None:
    text = process.http.get(f"{process.url}/_emulator/applications/{APP}/snapshot").content
    assert text == orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    parsed = snapshots.now(state_snapshots.parse(text))
    assert text[slice(*parsed.span)].strip() == text.strip()


@given(content=json_texts, window=st.sampled_from([1, 2, 3, 5, 16]))
@settings(deadline=None)
def test_what_is_read_in_windows_is_what_is_read_at_once(content: bytes, window: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "WINDOW", window)
        reader = Reader(content)
        assert {name: snapshots.now(reader.value(name)) for name in reader.members()} == orjson.loads(content)
        reader.end()
