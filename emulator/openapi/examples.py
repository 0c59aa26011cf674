"""Examples of bodies, made from their schemas: what is required, with a value that the rules take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator import wellknown
from state.ids import Ids

Json = dict[str, Any]

_IDS = Ids("example")
_ID = _IDS.uuid()
_SESSION = _IDS.session_id(wellknown.APPLICATION_ID, location="", created_at=1_700_000_000_000, relayed=False)

SAMPLES: Mapping[str, Any] = {
    "sessionId": _SESSION,
    "session_id": _SESSION,
    "applicationId": wellknown.APPLICATION_ID,
    "application_id": wellknown.APPLICATION_ID,
    "projectId": wellknown.APPLICATION_ID,
    "createdAt": 1_700_000_000_000,
    "updatedAt": 1_700_000_000_000,
    "create_dt": "Tue Nov 14 14:13:20 PST 2023",
    "token": "a client token",
    "url": "https://localhost/page",
    "digits": "0123#",
    "type": "text",
    "resolution": "640x480",
}
"""Values of fields by their name, where one of their type would tell nothing."""


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:
    """Return an example of a schema; `schemas` are those that it may refer to, `name` is that of the field."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            first = next((each for each in schema[choice] if each.get("type") != "null"), schema[choice][0])
            return example_of(first, schemas, name)
    for fixed in ("const", "default"):
        if schema.get(fixed) is not None:
            return schema[fixed]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        required = schema.get("required", ())
        fields = schema.get("properties", {})
        return {each: example_of(fields[each], schemas, each) for each in fields if each in required}
    if kind == "array":
        return [example_of(schema.get("items", {}), schemas, name.removesuffix("s"))]
    sample = SAMPLES.get(name)
    if kind == "string":
        return sample if isinstance(sample, str) else _ID if name.lower().endswith("id") else name or "text"
    if kind in ("integer", "number"):
        return sample if isinstance(sample, int) else schema.get("minimum", 1)
    return {"boolean": True, "null": None}.get(str(kind), sample)
