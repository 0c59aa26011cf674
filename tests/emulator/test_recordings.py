"""The files of archives: what the ZIP of an individual one holds, and that size and checksum are those of the bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.local import Tenant

ENTRY = ["connectionData", "filename", "size", "startTimeOffset", "stopTimeOffset", "streamId", "videoType"]
MANIFEST = ["createdAt", "files", "id", "name", "partnerId", "sessionId"]


def finish(tenant: Tenant, archive: str) -> dict[str, Any]:
    """Stop an archive, and return it once it is available."""
    tenant.call("POST", f"/archive/{archive}/stop")
    tenant.advance(60)
    found: dict[str, Any] = tenant.call("GET", f"/archive/{archive}").json()
    assert found["status"] == "available"
    return found


def unzip(tenant: Tenant, url: str) -> dict[str, bytes]:
    file = zipfile.ZipFile(io.BytesIO(tenant.client.get(url).content))
    return {name: file.read(name) for name in file.namelist()}


@pytest.fixture
def tenant(tenant: Tenant) -> Tenant:
    """An application whose clock stands still."""
    tenant.control("POST", "/clock", {"action": "freeze"})
    return tenant


def one_goes(tenant: Tenant, sid: str, archive: str, streams: list[str]) -> None:
    tenant.advance(10)
    tenant.control("DELETE", f"/sessions/{sid}/streams/{streams[1]}")
    tenant.advance(10)


def one_comes(tenant: Tenant, sid: str, archive: str, streams: list[str]) -> None:
    tenant.advance(7)
    tenant.join(sid, 1, data="late", streams=[{"videoType": "screen"}])
    tenant.advance(13)


def paused(tenant: Tenant, sid: str, archive: str, streams: list[str]) -> None:
    for status, seconds in (("paused", 5), ("started", 15)):
        tenant.control("POST", f"/archives/{archive}/transition", {"status": status})
        tenant.advance(seconds)


def picked_twice(tenant: Tenant, sid: str, archive: str, streams: list[str]) -> None:
    for change, seconds in (("addStream", 4), ("removeStream", 6), ("addStream", 10)):
        tenant.call("PATCH", f"/archive/{archive}/streams", {change: streams[0]})
        tenant.advance(seconds)


def nothing(tenant: Tenant, sid: str, archive: str, streams: list[str]) -> None:
    tenant.advance(20)


Segments = list[tuple[int, str, int, int]]
CASES: dict[str, tuple[dict[str, Any], Callable[..., None], Segments]] = {
    # each file: the number of its stream, the index in its name, and its offsets in s
    "two people": ({}, nothing, [(0, "", 0, 20), (1, "", 0, 20)]),
    "one goes": ({}, one_goes, [(0, "", 0, 20), (1, "", 0, 10)]),
    "one comes": ({}, one_comes, [(0, "", 0, 20), (1, "", 0, 20), (2, "", 7, 20)]),
    "paused by force": ({}, paused, [(0, "", 0, 0), (1, "", 0, 0), (0, "-1", 5, 20), (1, "-1", 5, 20)]),
    "taken in by hand twice": ({"streamMode": "manual"}, picked_twice, [(0, "", 0, 4), (0, "-1", 10, 20)]),
    "nobody taken in": ({"streamMode": "manual"}, nothing, []),
}


@pytest.mark.parametrize("name", CASES)
def test_an_individual_archive_has_a_file_for_each_segment_of_each_stream(tenant: Tenant, name: str) -> None:
    fields, happen, wanted = CASES[name]
    sid = tenant.session()
    joined = tenant.join(sid, 2, data="Ada")
    streams = [each["streams"][0]["id"] for each in joined]
    archive = tenant.archive(sid, outputMode="individual", name="lesson", **fields)
    happen(tenant, sid, archive, streams)
    found = finish(tenant, archive)
    files = unzip(tenant, found["url"])
    manifest = json.loads(files.pop(f"{archive}.json"))
    assert list(manifest) == MANIFEST
    assert (manifest["id"], manifest["name"], manifest["sessionId"]) == (archive, "lesson", sid)
    assert manifest["partnerId"] == tenant.id
    streams += [each["streamId"] for each in manifest["files"] if each["streamId"] not in streams]
    assert [
        (streams.index(each["streamId"]), each["startTimeOffset"] / 1000, each["stopTimeOffset"] / 1000)
        for each in manifest["files"]
    ] == [(number, start, stop) for number, _, start, stop in wanted]
    for entry, (number, index, _, _) in zip(manifest["files"], wanted, strict=True):
        assert list(entry) == ENTRY
        assert entry["filename"] == f"{streams[number]}{index}.webm"
        assert entry["size"] == len(files[entry["filename"]])
        assert files[entry["filename"]].startswith(b"\x1a\x45\xdf\xa3")
        expected = ("late", "screen") if number == 2 else ("Ada", "camera")
        assert (entry["connectionData"], entry["videoType"]) == expected
    assert list(files) == [each["filename"] for each in manifest["files"]]


def test_the_manifest_of_an_opentok_project_names_its_number_and_counts_from_the_first_stream(tenant: Tenant) -> None:
    key = tenant.made["apiKey"]
    headers = {"X-TB-PARTNER-AUTH": f"{key}:{tenant.made['apiSecret']}", "Accept": "application/json"}
    sid = tenant.client.post("/session/create", headers=headers).json()[0]["session_id"]
    tenant.join(sid, 1, streams=[])
    archive = tenant.archive(sid, outputMode="individual")
    tenant.advance(30)
    tenant.join(sid, 1)
    tenant.advance(5)
    found = finish(tenant, archive)
    manifest = json.loads(unzip(tenant, found["url"])[f"{archive}.json"])
    assert (manifest["partnerId"], manifest["name"]) == (int(key), "")
    (entry,) = manifest["files"]
    assert (entry["startTimeOffset"], entry["stopTimeOffset"]) == (0, 5000)
    assert manifest["createdAt"] // 1000 == found["createdAt"] // 1000 + 30


@pytest.mark.parametrize(
    "fields", [{}, {"outputMode": "individual"}, {"hasAudio": False}, {"streamMode": "manual"}], ids=str
)
def test_size_and_checksum_are_those_of_the_bytes_that_are_served(tenant: Tenant, fields: dict[str, Any]) -> None:
    archive = tenant.archive(**fields)
    tenant.advance(9)
    found = finish(tenant, archive)
    content = tenant.client.get(found["url"]).content
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode() if content else ""
    assert (found["size"], found["sha256sum"]) == (len(content), checksum)
    again = tenant.call("GET", f"/archive/{archive}").json()
    assert (again["size"], again["sha256sum"]) == (found["size"], found["sha256sum"])


@pytest.mark.parametrize("summary", [False, True])
@pytest.mark.parametrize("output", ["composed", "individual"])
def test_a_transcript_is_a_zip_that_holds_its_json(tenant: Tenant, output: str, summary: bool) -> None:
    asked = {"primaryLanguageCode": "de-DE", "hasSummary": summary}
    archive = tenant.archive(outputMode=output, hasTranscription=True, transcriptionProperties=asked)
    url = finish(tenant, archive)["transcription"]["url"]
    assert url.partition("?")[0].endswith("/transcription.zip")
    files = unzip(tenant, url)
    assert list(files) == ["transcription.json", "summary.json"][: 1 + summary]
    assert json.loads(files["transcription.json"])["language"] == "de-DE"


LARGE = [2**31, 2**31 + 1, 5 * 2**30, 2**53 - 1, 2**53]


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("status", ["available", "uploaded"])
def test_a_forced_archive_tells_the_size_and_duration_that_it_is_given(tenant: Tenant, status: str, size: int) -> None:
    archive = tenant.archive()
    tenant.control("PATCH", "", {"pace": "realistic"})
    tenant.control("POST", f"/archives/{archive}/transition", {"status": "stopped"})
    body = {"status": status, "size": size, "duration": 14_400}
    forced = tenant.control("POST", f"/archives/{archive}/transition", body)
    assert (forced["size"], forced["duration"]) == (size, 14_400)
    snapshot = tenant.control("GET", "/snapshot")
    tenant.control("PUT", "/snapshot", snapshot)
    for seconds in (0, 10, 80 * 3600):  # read at once, when it is available, and when it has expired
        tenant.advance(seconds)
        read = tenant.call("GET", f"/archive/{archive}").json()
        assert (read["size"], read["duration"]) == (size, 14_400)


@pytest.mark.parametrize("stated", [{"size": 2**40}, {"duration": 7200}, {"size": 0, "duration": 0}], ids=str)
def test_size_and_duration_can_be_stated_of_a_file_that_is_there(tenant: Tenant, stated: dict[str, int]) -> None:
    archive = tenant.archive()
    tenant.advance(5)
    finish(tenant, archive)
    tenant.control("POST", f"/archives/{archive}/transition", {"status": "available", **stated})
    read = tenant.call("GET", f"/archive/{archive}").json()
    assert {name: read[name] for name in stated} == stated
    path = f"/_emulator/applications/{tenant.id}/archives/{archive}/transition"
    assert tenant.client.post(path, json={"status": "available"}).status_code == 409


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"status": "available", "size": -1}, "size"),
    ({"status": "available", "size": 2**53 + 1}, "size"),
    ({"status": "uploaded", "duration": -1}, "duration"),
    ({"status": "available", "size": "large"}, "size"),
    ({"status": "available", "duration": 1.5}, "duration"),
    ({"status": "failed", "size": 1}, "size"),
    ({"status": "failed", "duration": 1}, "duration"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=str)
def test_a_wrong_size_or_duration_is_refused_and_nothing_changes(
    tenant: Tenant, body: dict[str, Any], field: str
) -> None:
    archive = tenant.archive()
    tenant.control("PATCH", "", {"pace": "realistic"})
    tenant.control("POST", f"/archives/{archive}/transition", {"status": "stopped"})
    path = f"/_emulator/applications/{tenant.id}/archives/{archive}"
    before = tenant.client.get(path).json()
    refused = tenant.client.post(f"{path}/transition", json=body)
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)
    assert tenant.client.get(path).json() == before


@pytest.mark.parametrize("kind", ["broadcasts", "captions"])
def test_only_archives_have_a_size(tenant: Tenant, kind: str) -> None:
    sid = tenant.session(join=1)
    if kind == "captions":
        body: dict[str, Any] = {"token": tenant.client_token(sid)}
    else:
        body = {"outputs": {"hls": {}}}
    made = tenant.call(
        "POST", f"/{kind.removesuffix('s') if kind == 'broadcasts' else kind}", {"sessionId": sid, **body}
    )
    resource = made.json().get("id") or made.json()["captionsId"]
    path = f"/_emulator/applications/{tenant.id}/{kind}/{resource}/transition"
    refused = tenant.client.post(path, json={"status": "stopped", "size": 1})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "size")
