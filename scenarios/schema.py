"""The JSON Schema of packs, for editors."""

from __future__ import annotations

from typing import Any

from scenarios.effects import EFFECTS
from scenarios.pack import PackFile
from scenarios.rules import Rule
from scenarios.targets import EVERY, Names
from scenarios.timeline import Step

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLACEHOLDER = {"type": "string", "pattern": r"^\$\{[A-Za-z][A-Za-z0-9]*\}$"}


def schema(names: Names) -> dict[str, Any]:
    """Return the schema of a pack; operations, tags, callbacks and effects are those that exist."""
    template = "#/$defs/{model}"
    pack = PackFile.model_json_schema(ref_template=template)
    definitions: dict[str, Any] = pack.pop("$defs", {})
    for model in (Rule, Step):
        written = model.model_json_schema(ref_template=template)
        inner = {**written.pop("$defs", {}), model.__name__: written}
        definitions |= {name: _with_placeholders(definition) for name, definition in inner.items()}
    pack["properties"]["rules"]["items"] = {"$ref": "#/$defs/Rule"}
    pack["properties"]["timeline"]["items"] = {"$ref": "#/$defs/Step"}
    when = definitions["When"]["properties"]
    for field, known in (
        ("operation", {EVERY, *names.operations}),
        ("tag", {EVERY, *names.tags}),
        ("callback", {EVERY, *names.callbacks}),
        ("role", names.roles),
        ("state", names.states),
    ):
        choice = {"enum": sorted(known)}
        several = {"type": "array", "minItems": 1, "items": choice}
        description = when[field].get("description", "")
        when[field] = {"anyOf": [choice, several, _PLACEHOLDER], "description": description}
    then = definitions["Then"]
    definitions["Then"] = {"anyOf": [{"enum": sorted(EFFECTS)}, _PLACEHOLDER, then]}
    return {**pack, "$schema": DIALECT, "title": "Scenario pack", "$defs": definitions}


def _with_placeholders(part: Any) -> Any:
    """Let every number, boolean and choice be a parameter instead, and every mapping of defaults be left empty."""
    if isinstance(part, list):
        return [_with_placeholders(item) for item in part]
    if not isinstance(part, dict):
        return part
    inner = {key: _with_placeholders(value) for key, value in part.items()}
    if inner.get("type") in ("integer", "number", "boolean") or ("enum" in inner and "properties" not in inner):
        kept = {key: inner.pop(key) for key in ("title", "description", "default") if key in inner}
        return {"anyOf": [inner, _PLACEHOLDER], **kept}
    return inner
