"""The page at `/docs`: the OpenAPI description as HTML, complete without anything from another host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --line: #8884; --accent: #7a3ff2 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem }
h2 { margin-top: 2rem; border-bottom: 2px solid var(--accent) }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: .4rem .7rem }
summary { cursor: pointer; overflow-wrap: anywhere }
code, .method { font-family: ui-monospace, monospace; font-size: .9em }
.method { display: inline-block; min-width: 4.2em; font-weight: bold; color: var(--accent) }
.id { opacity: .8; float: right }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
td, th { border-top: 1px solid var(--line); padding: .2rem .5rem; text-align: left; vertical-align: top }
"""

Json = Mapping[str, Any]


def render(document: Json) -> str:
    """Return the page of an OpenAPI document: operations by tag, with parameters, fields and responses."""
    info = document["info"]
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["Other"])[0]
            by_tag.setdefault(tag, []).append(_operation(document, method, path, operation))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(items)}" for tag, items in by_tag.items())
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}</title><style>{STYLE}</style>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}</p>"
        f'<p>Machine-readable: <a href="openapi.json">openapi.json</a></p>{sections}</html>'
    )


def _operation(document: Json, method: str, path: str, operation: Json) -> str:
    parts = [f"<p>{escape(str(operation['description']))}</p>"] if operation.get("description") else []
    rows = [
        (parameter["name"], parameter["in"], _type(parameter.get("schema", {})), parameter.get("description", ""))
        for parameter in operation.get("parameters", ())
    ]
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        rows.extend((name, media_type, kind, text) for name, kind, text in _fields(document, content["schema"]))
    if rows:
        parts.append(_table(("field", "where", "type", "what"), rows))
    responses = [
        (status, response.get("description", ""), _response_type(response))
        for status, response in operation["responses"].items()
    ]
    parts.append(_table(("status", "what", "body"), responses))
    name = escape(operation["operationId"])
    return (
        f'<details id="{name}"><summary><span class=method>{method.upper()}</span> <code>{escape(path)}</code> '
        f"<span class=id>{name}</span><br>{escape(operation.get('summary', ''))}</summary>{''.join(parts)}</details>"
    )


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    titles = "".join(f"<th>{title}" for title in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}" for cell in row) for row in rows)
    return f"<table><tr>{titles}{body}</table>"


def _fields(document: Json, schema: Json, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield name, type and description of every field, with dots into objects."""
    schema = _resolve(document, schema)
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield prefix + name, _type(field) + (" (required)" if name in required else ""), field.get("description", "")
        for inner in (field, field.get("items", {}), *field.get("anyOf", ())):
            if "$ref" in inner:
                yield from _fields(document, inner, f"{prefix}{name}{'[]' if inner is field.get('items') else ''}.")


def _resolve(document: Json, schema: Json) -> Json:
    name = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"].get(name, schema) if name else schema


def _type(schema: Json) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    limits = [f"{sign} {schema[key]}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in schema]
    return " ".join([str(schema.get("const", schema.get("type", "any"))), *limits])


def _response_type(response: Json) -> str:
    return ", ".join(_type(content.get("schema", {})) for content in response.get("content", {}).values())
