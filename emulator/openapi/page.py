"""The page at `/docs`: the OpenAPI description as HTML, complete without anything from another host.

Every operation has a form that calls it; tokens and ids are filled in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

import orjson

from emulator.openapi.examples import SAMPLES
from emulator.spec.paths import CONTROL

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
form { margin: .6rem 0 }
label { display: block; margin: .2rem 0 }
label > span { display: inline-block; min-width: 9rem }
input, textarea { font: .85em ui-monospace, monospace; width: min(100%, 34rem); box-sizing: border-box }
textarea { width: 100%; height: 8em }
output { display: block; white-space: pre-wrap; overflow-wrap: anywhere; font: .85em ui-monospace, monospace }
td, th { border-top: 1px solid var(--line); padding: .2rem .5rem; text-align: left; vertical-align: top }
"""

SCRIPT = """
const field = id => document.getElementById(id).value.trim()
async function call(form) {
  const output = form.querySelector('output'), query = new URLSearchParams(), headers = {Accept: 'application/json'}
  let path = form.dataset.path, body
  for (const input of form.querySelectorAll('input, textarea')) {
    if (input.dataset.in === 'path') path = path.replace(`{${input.name}}`, encodeURIComponent(input.value))
    else if (input.dataset.in === 'query') { if (input.value) query.set(input.name, input.value) }
    else if (input.value) { body = input.value; headers['Content-Type'] = input.dataset.in }
  }
  const token = field(path.startsWith('CONTROL') ? 'control-token' : 'token')
  if (token) headers.Authorization = `Bearer ${token}`
  output.textContent = '…'
  try {
    const signal = AbortSignal.timeout(20000), url = path + (query.size ? `?${query}` : '')
    const response = await fetch(url, {method: form.dataset.method, headers, body, signal})
    let text = await response.text()
    try { text = JSON.stringify(JSON.parse(text), null, 2) } catch {}
    output.textContent = `${response.status} ${response.statusText}\\n${text}`
  } catch (error) { output.textContent = String(error) }
}
document.addEventListener('submit', event => { event.preventDefault(); call(event.target) })
""".replace("CONTROL", CONTROL)

Json = Mapping[str, Any]


def render(document: Json, token: str) -> str:
    """Return the page of an OpenAPI document: operations by tag, with parameters, fields, responses, and a form each.

    `token` is the REST token that is filled in.
    """
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
        f'<p>Machine-readable: <a href="openapi.json">openapi.json</a></p>'
        f"<label><span>REST token</span> <input id=token value='{escape(token)}'></label>"
        "<label><span>control token</span> <input id=control-token placeholder='where there is one'></label>"
        f"{sections}<script>{SCRIPT}</script></html>"
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
    parts.append(_form(method, path, operation))
    name = escape(operation["operationId"])
    return (
        f'<details id="{name}"><summary><span class=method>{method.upper()}</span> <code>{escape(path)}</code> '
        f"<span class=id>{name}</span><br>{escape(operation.get('summary', ''))}</summary>{''.join(parts)}</details>"
    )


def _form(method: str, path: str, operation: Json) -> str:
    """Return what calls the operation: an input for each parameter, and the body, with what can be known filled in."""
    inputs = []
    for parameter in operation.get("parameters", ()):
        name = escape(parameter["name"])
        where = parameter["in"]
        known = SAMPLES.get("applicationId" if name == "application" else name, "") if where == "path" else ""
        value = escape(str(known))
        inputs.append(f'<label><span>{name}</span> <input name="{name}" data-in={where} value="{value}"></label>')
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        example = content.get("example", content.get("schema", {}).get("example"))
        text = _written(example, media_type) if example is not None else ""
        inputs.append(f'<textarea name=body data-in="{media_type}" aria-label=body>{escape(text)}</textarea>')
    return (
        f'<form data-method={method.upper()} data-path="{escape(path)}">{"".join(inputs)}'
        "<button>Send</button><output></output></form>"
    )


def _written(example: Any, media_type: str) -> str:
    if media_type.endswith("json"):
        return orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()
    return urlencode(example) if isinstance(example, Mapping) else str(example)


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
