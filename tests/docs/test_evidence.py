"""The evidence page is what the table of sources, the results of the SDK suites and the code make it."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from emulator.callbacks.bodies import CALLBACK_TYPES
from emulator.evidence import fields, page, table
from emulator.service.operations import OPERATIONS
from emulator.spec.schemas import responses
from emulator.spec.schemas.common import Body
from emulator.spec.schemas.connectors import AudioTransport
from tests.emulator.local import Tenant, emulator
from tests.emulator.test_operations import walk

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "evidence.md"
SOURCES = table.table("sources")
SDKS = table.table("sdks")
DRIVEN: dict[str, Any] = json.loads((ROOT / "emulator" / "evidence" / "driven.json").read_text("utf-8"))
SHAPES = [each for each in vars(responses).values() if isinstance(each, type) and each.__module__ == responses.__name__]


def sources() -> Iterator[str]:
    """Yield every source that the table names."""
    for operation in SOURCES["operations"].values():
        yield operation["source"]
        yield from operation.get("request", {}).values()
    for groups in SOURCES["answers"].values():
        yield from groups.values()
    yield from SOURCES["callbacks"].values()


def names_in(groups: dict[str, str]) -> list[str]:
    return [name for names in groups for name in names.split()]


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text("utf-8") == page.markdown(table.evidence()), "run: python -m emulator.evidence"


@pytest.mark.parametrize("text", sorted(set(sources())))
def test_a_source_names_level_file_section_and_known_origins(text: str) -> None:
    found = table.source(text)
    assert found["level"] in SOURCES["levels"]
    assert found["file"] in SOURCES["files"]
    assert found["section"]
    for origin in re.findall(r"\b[A-Z]{3,}\b", found["origin"]):
        assert origin in SOURCES["origins"] or origin in ("SDK", "PHP")


def test_every_operation_has_a_source_and_none_is_made_up() -> None:
    assert list(SOURCES["operations"]) == [operation.id for operation in OPERATIONS]


@pytest.mark.parametrize("operation", [operation.id for operation in OPERATIONS])
def test_every_field_of_a_request_has_one_source(operation: str) -> None:
    entry = SOURCES["operations"][operation]
    assert sorted(names_in(entry.get("request", {}))) == sorted(fields.known(operation))
    assert not entry.get("unread", {}).keys() & set(fields.known(operation)), (
        "read, though it is said that nothing does"
    )


@pytest.mark.parametrize(
    "shape", [each for each in SHAPES if each is not responses.Shape], ids=lambda shape: shape.__name__
)
def test_every_field_of_an_answer_has_one_source(shape: type[BaseModel]) -> None:
    known = [field.alias or name for name, field in shape.model_fields.items()]
    assert sorted(names_in(SOURCES["answers"][responses.name_of(shape)])) == sorted(known)


def test_every_callback_has_a_source() -> None:
    told = {each.webhook for each in CALLBACK_TYPES.values()}
    assert told <= {name for names in SOURCES["callbacks"] for name in names.split()}


def models_of(hint: Any) -> Iterator[type[Body]]:
    """Yield the models that a body is made of: itself, and those of its fields."""
    if isinstance(hint, type) and issubclass(hint, Body):
        yield hint
        for field in hint.model_fields.values():
            yield from models_of(field.annotation)
    for each in get_args(hint):
        yield from models_of(each)


def test_every_field_that_is_known_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field of a request that a model names and nothing looks at would be ignored without a trace."""
    read: set[tuple[str, str]] = set()

    def noted(body: Body, name: str) -> Any:
        if sys._getframe(1).f_code.co_name != "_check":  # which refuses, and does nothing with it
            read.add((type(body).__name__, name))
        return object.__getattribute__(body, name)

    monkeypatch.setattr(Body, "__getattribute__", noted)
    with emulator() as client:
        tenant = Tenant(client)
        walk(tenant)
        # What the bodies of the walk leave out: objects within, and the other one of two fields.
        session = tenant.session(join=1)
        whom = {"sessionId": session, "token": tenant.client_token(session)}
        transcribed = {**whom, "streamMode": "manual", "hasTranscription": True, "transcriptionProperties": {}}
        transcribed["layout"] = {"type": "bestFit", "screenshareType": "pip"}
        archive = tenant.call("POST", "/archive", transcribed).json()["id"]
        (stream,) = tenant.call("GET", f"/session/{session}/stream").json()["items"]
        for method, path, content in (
            ("PATCH", f"/archive/{archive}/streams", {"removeStream": stream["id"]}),
            ("POST", "/dial", {**whom, "sip": {"uri": "sip:ada@localhost", "auth": {}}}),
            ("POST", "/connect", {**whom, "websocket": {"uri": "wss://localhost/a", "audioTransport": {}}}),
        ):
            assert tenant.call(method, path, content).status_code < 300
    models = {model for each in OPERATIONS if each.body is not None for model in models_of(each.body)}
    known = {(model.__name__, name) for model in models - {AudioTransport} for name in model.model_fields}
    known.add((AudioTransport.__name__, "model_dump"))  # it is taken as a whole
    assert len(known) > 80
    assert known - read == set()


@pytest.mark.parametrize("sdk", DRIVEN)
def test_an_sdk_calls_an_operation_or_says_why_not(sdk: str) -> None:
    without = SDKS[sdk].get("without", {})
    called = {name for name, each in DRIVEN[sdk]["operations"].items() if each["proof"]}
    assert called & without.keys() == set()
    assert called | without.keys() == {operation.id for operation in OPERATIONS}
    assert "reason" not in SDKS[sdk], "it is driven, so there is no reason why it is not"
    assert (ROOT / SDKS[sdk]["suite"]).is_dir()


@pytest.mark.parametrize("sdk", sorted(SDKS.keys() - DRIVEN.keys()))
def test_an_sdk_that_is_not_driven_says_why(sdk: str) -> None:
    assert SDKS[sdk]["reason"]


def test_the_versions_are_those_that_are_pinned() -> None:
    pinned = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["test"]
    lock = json.loads((ROOT / "tests" / "sdk" / "node" / "package-lock.json").read_text("utf-8"))["packages"]
    assert f"vonage=={DRIVEN['vonage-python']['version']}" in pinned
    assert f"opentok=={DRIVEN['opentok-python']['version']}" in pinned
    assert lock["node_modules/@vonage/server-sdk"]["version"] == DRIVEN["vonage-node"]["version"]
    assert lock["node_modules/opentok"]["version"] == DRIVEN["opentok-node"]["version"]
    pom = (ROOT / "tests" / "sdk" / "jvm" / "pom.xml").read_text("utf-8")
    assert f"<vonage.version>{DRIVEN['vonage-java']['version']}<" in pom
    assert f"<opentok.version>{DRIVEN['opentok-java']['version']}<" in pom
    module = (ROOT / "tests" / "sdk" / "go" / "go.mod").read_text("utf-8")
    assert f"opentok-go-sdk/v2 v{DRIVEN['opentok-go']['version']}\n" in module


def test_a_field_that_an_sdk_sends_and_nothing_reads_has_a_reason() -> None:
    found = table.evidence()["unread"]
    assert found, "at least one SDK is known to send such a field"
    assert [each for each in found if each["reason"] == "not known"] == []


def test_the_tests_and_suites_that_defects_point_to_exist() -> None:
    for sdk in SDKS.values():
        for defect in sdk.get("defects", []):
            for path, _, test in re.findall(r"(tests/[\w./]+\.\w+)(::(\w+))?", defect["seen"]):
                assert test in (ROOT / path).read_text("utf-8")


def test_the_emulator_serves_the_page_and_the_data() -> None:
    with emulator() as client:
        shown = client.get("/_emulator/evidence")
        assert shown.headers["content-type"] == "text/html; charset=utf-8"
        for operation in OPERATIONS:
            assert f'<h2 id="{operation.id.lower()}">' in shown.text
        targets = set(re.findall(r'href="#([^"]+)"', shown.text))
        assert targets <= set(re.findall(r'id="([^"]+)"', shown.text))
        assert "http://" not in shown.text.replace("http://www.w3.org", "")
        data = client.get("/_emulator/evidence", headers={"Accept": "application/json"}).json()
    assert data == table.evidence()
    (archive,) = [each for each in data["operations"] if each["operation"] == "startArchive"]
    proofs = {
        name: proof for group in archive["request"] for name, proof in group["driven"].get("opentok-node", {}).items()
    }
    assert proofs["maxBitrate"] == "an archive takes every option"
