"""docs/failures.md says what there is, and each of its recipes does what it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import httpx2
import pytest

from emulator.client import ApplicationClient
from emulator.service.names import known_names
from emulator.testing import Server
from scenarios.effects import EFFECTS
from scenarios.magic import MAGIC
from scenarios.pack import load
from scenarios.packs import BUNDLED, Library
from scenarios.predicates import When
from scenarios.response_effects import Documented
from scenarios.timeline import Step
from tests.emulator.local import rest_token
from tests.scenarios.calls import call, control
from tests.scenarios.driver import Driver

PAGE = (Path(__file__).parents[2] / "docs" / "failures.md").read_text()


def section(title: str) -> str:
    """Return the part below a heading, up to the next one of its level; without blocks of code."""
    level = title.partition(" ")[0]
    _, found, rest = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL).partition(f"\n{title}\n")
    assert found, title
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of the tables in a section, without their heads."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    heads = {index for number, line in enumerate(lines) if line.startswith("|---") for index in (number - 1, number)}
    table = [line for number, line in enumerate(lines) if number not in heads]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table]


def code(cell: str) -> list[str]:
    """Return the code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


RECIPES = [(row[0], code(row[1])[-1], code(row[2])[0]) for row in rows("## Recipes")]


class Cook:
    """Does what a recipe says, against a real emulator."""

    def __init__(self, server: Server, application: ApplicationClient) -> None:
        self.server, self.application = server, application
        self.headers: dict[str, str] = {}

        def own_call(method: str, path: str, json: Any = None, headers: Any = None) -> httpx2.Response:
            return call(server, application, method, path, json, **(headers or {}))

        def own_control(method: str, path: str, json: Any = None) -> Any:
            return control(server, application, method, path, json)

        def token(session: str) -> str:
            claims = {"scope": "session.connect", "session_id": session, "role": "moderator"}
            return rest_token(application.private_key, application.id, **claims)

        self.control = own_control
        self.user = Driver(own_call, own_control, token)

    def prepare(self, what: str) -> None:
        """Do the second column."""
        if what.startswith("{"):
            self.control("POST", "/faults", json.loads(what))
        elif what.startswith("scenario "):
            _, name, *parameters = what.split(" ", 2)
            body = {"parameters": json.loads(parameters[0]) if parameters else {}}
            self.control("PUT", f"/scenarios/{name}", body)
        elif what.startswith("X-Emulator-Fault-Request: "):
            self.headers = {"X-Emulator-Fault-Request": what.partition(": ")[2]}
        else:
            assert what == "magic"

    def step(self, step: str) -> None:
        """Do one step of the third column and see that it is so."""
        name, *words = shlex.split(step)
        if name == "advance":
            self.control("POST", "/clock", {"action": "advance", "seconds": float(words[0])})
        elif name == "join":
            self.control("POST", f"/sessions/{self.user.session}/participants", {"count": int(words[0])})
        elif name == "call":
            self.see(self.control("GET", "/calls")["items"][-1], words)
        else:
            sent = [word for word in words[: self._end(words)] if "=" in word]
            fields = dict(word.split("=", 1) for word in sent)
            expected, *seen = words[len(sent) :]
            self.call(name, fields, expected, seen)

    @staticmethod
    def _end(words: list[str]) -> int:
        return next(index for index, word in enumerate(words) if "=" not in word)

    def call(self, operation: str, fields: dict[str, str], expected: str, seen: list[str]) -> None:
        wire: dict[str, tuple[type[Exception], ...]] = {
            "reset": (httpx2.ReadError,),
            "closed": (httpx2.RemoteProtocolError,),
            "timeout": (httpx2.ReadTimeout,),
        }
        if expected in wire:
            with pytest.raises(wire[expected]):
                self.user.do(operation, self.headers, **fields)
            return
        answer = self.user.do(operation, self.headers, **fields)
        if expected == "nojson":
            with pytest.raises(json.JSONDecodeError):
                answer.json()
            return
        assert answer.status_code == int(expected), answer.text
        if seen:
            self.see(answer.json(), seen)

    @staticmethod
    def see(content: Any, expected: list[str]) -> None:
        for word in expected:
            path, value = word.split("=", 1)
            found = content
            for part in path.split("."):
                found = found[int(part)] if part.isdecimal() else found[part]
            assert str(found) == value, word


@pytest.mark.parametrize(("what", "do", "meets"), RECIPES, ids=[recipe[0][:60] for recipe in RECIPES])
def test_a_recipe(
    server: Server, application: ApplicationClient, monkeypatch: pytest.MonkeyPatch, what: str, do: str, meets: str
) -> None:
    if "timeout" in meets.split():
        request = httpx2.request
        monkeypatch.setattr(httpx2, "request", lambda *args, **more: request(*args, **{**more, "timeout": 0.3}))
    cook = Cook(server, application)
    control(server, application, "POST", "/clock", {"action": "freeze"})
    cook.prepare(do)
    for step in meets.split(" → "):
        cook.step(step)
    fired = {exchange["fault"] for exchange in control(server, application, "GET", "/requests")["items"]} - {""}
    timeline = [pack["timeline"] for pack in control(server, application, "GET", "/scenarios")["items"]]
    assert fired or any(timeline), "nothing fired"


def test_there_are_at_least_twenty_recipes() -> None:
    assert len(RECIPES) >= 20


@pytest.mark.parametrize("name", EFFECTS)
def test_every_effect_is_on_the_page_with_its_settings(name: str) -> None:
    row = next(row for row in rows("### Then") if code(row[0]) == [name])
    common = {"message", "code"} if issubclass(EFFECTS[name], Documented) else set()
    text = " ".join(row)
    for setting in EFFECTS[name].keys() - common:
        assert f"`{setting}`" in text, setting


def test_no_effect_of_the_page_is_made_up() -> None:
    assert {code(row[0])[0] for row in rows("### Then")} == set(EFFECTS)


def test_every_condition_is_on_the_page() -> None:
    assert {name for row in rows("### When") for name in code(row[0])} == When.keys()


def test_every_operation_that_an_outcome_follows_is_on_the_page() -> None:
    for row in rows("### Then"):
        effect = EFFECTS[code(row[0])[0]]
        if effect.follows:
            assert tuple(code(row[1])) == effect.follows


def test_every_pack_is_on_the_page_with_its_parameters() -> None:
    packs, _ = Library(known_names()).all()
    listed = {code(row[0])[0]: row for row in rows("## Scenario packs") if row[0].startswith("`") and len(row) == 3}
    assert {name for name in listed if name in packs} == {path.stem for path in BUNDLED.glob("*.yaml")}
    for name, pack in packs.items():
        assert code(listed[name][1]) == list(pack.written.parameters), name


def test_every_step_of_a_timeline_is_on_the_page() -> None:
    assert {code(row[0])[0] for row in rows("### Packs of one's own") if row[0].startswith("`")} == Step.keys() - {"at"}


def test_the_pack_of_the_page_is_right() -> None:
    found = re.search(r"^```yaml pack\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    assert load(found[1], "page", known_names()).render().timeline[2] == {"at": 30, "drop": {"who": "alice"}}


def test_every_magic_value_is_on_the_page_with_its_outcome() -> None:
    table = {value: row for row in rows("## Magic values") for value in code(row[1])}
    expected = set()
    for magic in MAGIC:
        own = {magic.name, magic.host} if magic.place in ("rtmp", "sip") else (
            {magic.host} if magic.place in ("render", "connector") else {magic.name})  # fmt: skip
        for value in own:
            assert code(table[value][2])[0] == magic.effect, value
        expected |= own
    assert set(table) == expected
