"""What somebody probably meant who wrote a name that there is not, and what to write where a value stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, Field

from state import places, spelling


class Stream(BaseModel):
    meant: ClassVar[Mapping[str, str]] = {"title": "name"}
    name: str
    video_type: str = Field("camera", alias="videoType")


class Layout(BaseModel):
    type: str = "bestFit"
    stylesheet: str = ""


class Body(BaseModel):
    free: ClassVar[str] = "properties"
    session_id: str = Field(alias="sessionId")
    streams: list[Stream] = []
    layout: Layout | None = None
    webhooks: dict[str, Stream | str] = {}
    choice: Layout | Stream | int = 1
    inner: Body | None = None
    properties: Mapping[str, int] = {}
    either: list[int] | str = ""


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ([], Body),
        (["streams"], None),
        (["streams", 3], Stream),
        (["layout"], Layout),
        (["webhooks", "any"], Stream),
        (["choice"], Layout),
        (["inner", "layout"], Layout),
        (["layout", "Layout"], Layout),  # a step that is none, as the member of a union that pydantic names
        (["sessionId"], None),
        (["session_id"], None),
        (["properties", "a"], None),
        (["either", 1], None),
        (["streams", "name"], None),
    ],
)
def test_the_model_at_a_place_is_found(path: list[Any], model: type[BaseModel] | None) -> None:
    assert places.model_at(Body, path) is model


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("sesionId", "did you mean sessionId?"),
        ("session", "did you mean sessionId?"),
        ("name", "did you mean streams[].name?"),
        ("videoType", "did you mean streams[].videoType?"),
        ("stylesheet", "did you mean layout.stylesheet?"),
        ("laout", "did you mean layout?"),
        ("zzzzzz", "did you mean properties.zzzzzz?"),
        ("webhoks", "did you mean webhooks?"),
        ("inneer", "did you mean inner?"),
        ("lyt", "did you mean properties.lyt?"),
        ("lauout", "did you mean layout?"),
        ("websoaks", "did you mean webhooks?"),
    ],
)
def test_a_name_that_there_is_not_leads_to_one_that_was_meant(name: str, advice: str) -> None:
    assert places.advice(Body, name) == advice


def test_other_words_for_a_field_are_known_and_else_all_are_listed() -> None:
    assert places.advice(Stream, "title") == "did you mean name?"
    assert places.advice(Stream, "xxxxxx") == "allowed: name, videoType"
    assert places.listed(Layout) == "allowed: type, stylesheet"


def test_fields_inside_are_known_by_their_nearest_place() -> None:
    found = places.inside(Body)
    assert found["videoType"] == "choice.videoType" or found["videoType"] == "streams[].videoType"
    assert found["type"] == "layout.type"
    assert "sessionId" not in found  # a model inside of itself is looked into once
    assert places.inside(Layout) == {}


@pytest.mark.parametrize(
    ("model", "key", "given", "form"),
    [
        (Stream, "stream", "cam", 'write {"stream": {"name": "cam"}}'),
        (Layout, "layout", "pip", 'write {"layout": {"type": "pip"}}'),
        (Layout, "layout", 5, 'write {"layout": {"type": 5}}'),
        (Layout, "layout", "Ż", 'write {"layout": {"type": "Ż"}}'),
        (Layout, "layout", "x" * 61, "allowed: type, stylesheet"),
        (Layout, 0, "pip", "allowed: type, stylesheet"),
        (Layout, "layout", ["pip"], "allowed: type, stylesheet"),
        (Layout, "layout", None, "allowed: type, stylesheet"),
    ],
)
def test_a_plain_value_is_shown_in_the_form_that_is_wanted(
    model: type[BaseModel], key: Any, given: Any, form: str
) -> None:
    assert places.form(model, key, given) == form


# Spelling

KNOWN = ("apiSecret", "apiKey", "pace", "operation", "archiveStorage", "RtmpTarget")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("apisecret", ["apiSecret"]),
        ("secret", ["apiSecret"]),
        ("api", ["apiKey", "apiSecret"]),
        ("op", ["operation"]),
        ("pce", ["pace"]),
        ("pane", ["pace"]),
        ("pants", []),
        ("storage", ["archiveStorage"]),
        ("target", ["RtmpTarget"]),
        ("archiveStrg", ["archiveStorage"]),
        ("x", []),
        ("", []),
    ],
)
def test_names_that_are_near(name: str, near: list[str]) -> None:
    assert spelling.near(name, KNOWN) == near
    assert spelling.nearest(name, KNOWN) == (near[0] if near else "")
    assert spelling.did_you_mean(name, KNOWN) == (f"did you mean {' or '.join(near)}?" if near else "")


def test_a_word_that_many_have_suggests_none() -> None:
    assert spelling.having("name", [f"name{letter}" for letter in "ABCD"]) == []


def test_a_long_list_is_shown_in_part() -> None:
    many = [f"name{number}" for number in range(20)]
    assert spelling.listed([]) == ""
    assert spelling.listed(many[:16]) == f"allowed: {', '.join(many[:16])}"
    assert spelling.listed(many) == f"allowed: {', '.join(many[:16])}, …"
