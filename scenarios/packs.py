"""Where packs are found, and how they are applied to an application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scenarios import timeline
from scenarios.engine import Faults
from scenarios.pack import Pack, load
from scenarios.rules import Fault
from scenarios.strict import RuleError
from scenarios.targets import Names
from scenarios.yaml_positions import PackError
from state.application import Application
from state.spelling import did_you_mean

BUNDLED = Path(__file__).parent / "library"

MAX_SIZE = 262_144
"""Bytes of a pack's file."""


class Library:
    """The packs that came with the emulator, and those of a folder; a pack there hides a bundled one of its name."""

    def __init__(self, names: Names, folder: Path | None = None) -> None:
        self._names = names
        self._folder = folder

    def files(self) -> Iterator[Path]:
        """Yield the files, those of the folder last."""
        for folder in (BUNDLED, self._folder):
            if folder is not None and folder.is_dir():
                yield from sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))

    def read(self, path: Path) -> Pack:
        """Return the pack of a file. Raises `PackError`."""
        try:
            if path.stat().st_size > MAX_SIZE:
                raise PackError(str(path), (1, 1), f"this is too large for a pack: at most {MAX_SIZE} bytes")
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PackError(str(path), (1, 1), f"cannot be read: {error}") from None
        return load(text, str(path), self._names, bundled=path.parent == BUNDLED)

    def all(self) -> tuple[dict[str, Pack], list[PackError]]:
        """Return every pack by name, and what is wrong with the files that are none."""
        packs: dict[str, Pack] = {}
        errors: list[PackError] = []
        for path in self.files():
            try:
                pack = self.read(path)
            except PackError as error:
                errors.append(error)
            else:
                packs[pack.name] = pack
        return dict(sorted(packs.items())), errors

    def get(self, name: str) -> Pack:
        """Return the pack with this name. Raises `RuleError` when there is none, `PackError` when its file is wrong."""
        for path in reversed(list(self.files())):
            if path.stem == name:
                pack = self.read(path)
                if pack.name == name:
                    return pack
        packs, _ = self.all()
        if name in packs:
            return packs[name]
        raise RuleError(f"there is no scenario {name}", ("name",), did_you_mean(name, packs))


class NameTakenError(Exception):
    """A rule that no pack brought has the name of a pack's rule."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def apply(
    app: Application, faults: Faults, pack: Pack, parameters: Mapping[str, Any] | None = None, session: str = ""
) -> dict[str, Any]:
    """Apply a pack, anew if it is applied already: to one session, or to the application and every new session.

    Raises `RuleError` for parameters that do not fit, and `NameTakenError`; then nothing has changed.
    """
    rendered = pack.render(parameters)
    rules = [_about(rule, session) for rule in rendered.rules]
    size = sum(faults.check(rule).size for rule in rules)
    own = _own(faults, pack.name) if pack.name in faults.packs else []  # they make room for the new ones
    faults.require_room(rules, without=own)
    faults.require_patterns(size, without=sum(each.size for each in own))
    for rule in rules:
        if rule["name"] in faults.rules and faults.rules[rule["name"]].source != pack.name:
            raise NameTakenError(rule["name"])
    if pack.name in faults.packs:
        remove(app, faults, pack.name)
    for rule in rules:
        faults.add(rule, app.now, source=pack.name)
    faults.revision += 1
    faults.packs[pack.name] = {
        "parameters": rendered.parameters,
        "session": session,
        "appliedAt": app.now,
        "rules": [rule["name"] for rule in rules],
        "timeline": rendered.timeline,
    }
    if session:
        timeline.begin(app, pack.name, rendered.timeline, session)
    return inspect(app, faults, pack.name)


def _about(rule: dict[str, Any], session: str) -> dict[str, Any]:
    """Return the rule for one session only."""
    when = rule.get("when") or {}
    return {**rule, "when": {**when, "session": session}} if session and "session" not in when else rule


def inspect(app: Application, faults: Faults, name: str) -> dict[str, Any]:
    """Return what an applied pack has done so far. Raises `KeyError`."""
    applied = faults.packs[name]
    rules = [rule.show() for rule in _own(faults, name)]
    pending = timeline.pending(app, name)
    return {
        "name": name,
        "parameters": applied["parameters"],
        "session": applied["session"] or None,
        "appliedAt": applied["appliedAt"],
        "hits": sum(rule["hits"] for rule in rules),
        "rules": rules,
        "timeline": applied["timeline"],
        "pending": [
            {"due": timer.due, "session": session, "step": applied["timeline"][int(index)]}
            for timer in pending
            for _, index, session in (timer.subject.split(" ", 2),)
        ],
    }


def remove(app: Application, faults: Faults, name: str) -> None:
    """Remove an applied pack: its rules, and the steps that are still to come. Raises `KeyError`."""
    own = _own(faults, name)
    faults.revision += 1
    del faults.packs[name]
    timeline.end(app, name)
    for rule in own:
        faults.remove(rule.name)


def clear(app: Application, faults: Faults) -> None:
    """Remove every rule, and the packs that brought rules with all that is theirs."""
    for name, applied in list(faults.packs.items()):
        if applied["rules"]:
            remove(app, faults, name)
    faults.clear()


def _own(faults: Faults, name: str) -> list[Fault]:
    """Return the rules that a pack brought, and that nobody has replaced."""
    rules = (faults.rules.get(rule) for rule in faults.packs[name]["rules"])
    return [rule for rule in rules if rule is not None and rule.source == name]
