"""The evidence as a page: Markdown for the documentation, HTML for the emulator itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from emulator.evidence.table import READ

Json = dict[str, Any]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --accent: #7a3ff2 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 0 auto; padding: 1rem }
h2 { margin-top: 2rem; border-bottom: 2px solid var(--accent) }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere }
div { overflow-x: auto }
table { border-collapse: collapse; margin: .5rem 0 }
td, th { border: 1px solid var(--line); padding: .2rem .5rem; text-align: left; vertical-align: top }
td:first-child code { overflow-wrap: normal; white-space: nowrap }
td:first-child { min-width: 8rem }
a { color: inherit }
"""


@dataclass(frozen=True)
class Heading:
    """A heading of the page; its text is its anchor too."""

    level: int
    text: str


@dataclass(frozen=True)
class Table:
    """A table: names of columns, and rows of texts."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


Block = Heading | Table | str


def markdown(evidence: Json) -> str:
    """Return the page in Markdown."""
    parts = []
    for block in blocks(evidence):
        if isinstance(block, Heading):
            parts.append(f"{'#' * block.level} {block.text}")
        elif isinstance(block, Table):
            rows = [block.head, tuple("---" for _ in block.head), *block.rows]
            parts.append(
                "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
            )
        else:
            parts.append(block)
    return "\n\n".join(parts) + "\n"


def html(evidence: Json) -> str:
    """Return the page in HTML, complete without anything from another host."""
    parts = []
    for block in blocks(evidence):
        if isinstance(block, Heading):
            parts.append(f'<h{block.level} id="{_anchor(block.text)}">{_inline(block.text)}</h{block.level}>')
        elif isinstance(block, Table):
            head = "".join(f"<th>{_inline(cell)}" for cell in block.head)
            body = "".join("<tr>" + "".join(f"<td>{_inline(cell)}" for cell in row) for row in block.rows)
            parts.append(f"<div><table><tr>{head}{body}</table></div>")
        else:
            parts.append(f"<p>{_inline(block)}</p>")
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>Evidence</title><style>{STYLE}</style>{''.join(parts)}</html>"
    )


def blocks(evidence: Json) -> Iterator[Block]:
    """Yield what the page consists of; texts may hold `code` and [links](#…)."""
    yield Heading(1, "Evidence")
    yield (
        "For each operation: that it is there, where the two contracts differ, which SDK in which version was seen to "
        "call it, and what it was copied from. Made from the results of the tests and one table of sources; a test "
        "fails when it is stale. A *yes* names its proof, a *no* its reason. The emulator serves it at "
        "`/_emulator/evidence`, with `Accept: application/json` as data, in which every field of a request names the "
        "test that sends it."
    )
    yield from _matrix(evidence)
    yield from _sdks(evidence)
    for operation in evidence["operations"]:
        yield from _operation(operation, {sdk["sdk"] for sdk in evidence["sdks"] if "reason" not in sdk})
    yield Heading(2, "Fields of answers")
    rows = [
        (f"`{schema}`", _codes(group["fields"]), *_source(group))
        for schema, groups in evidence["answers"].items()
        for group in groups
    ]
    yield Table(("answer", "fields", "source", "where", "from"), rows)
    yield Heading(2, "Callbacks")
    told = [(each["webhooks"], *_source(each)) for each in evidence["callbacks"]]
    yield Table(("callback", "source", "where", "from"), told)
    yield from _unread(evidence)
    yield from _levels(evidence)


def _levels(evidence: Json) -> Iterator[Block]:
    yield Heading(2, "Sources")
    yield Table(("level", "what it means"), [(name, text) for name, text in evidence["levels"].items()])
    yield Table(("file", "what is in it"), [(f"`{name}`", text) for name, text in evidence["files"].items()])
    yield Table(("from", "what it is"), [(name, text) for name, text in evidence["origins"].items()])


def _sdks(evidence: Json) -> Iterator[Block]:
    yield Heading(2, "SDKs")
    rows = []
    for sdk in evidence["sdks"]:
        calls = sum(
            driven["is"] for each in evidence["operations"] for driven in each["driven"] if driven["sdk"] == sdk["sdk"]
        )
        known = "reason" not in sdk
        state = f"yes, {sdk['version']}: {calls} operations" if known else f"no: {sdk['reason']}"
        rows.append((f"`{sdk['sdk']}`", sdk["title"], state, f"`{sdk['suite']}`" if known else ""))
    yield Table(("name here", "package", "driven", "suite"), rows)
    yield Heading(3, "Known defects")
    yield "Defects of the SDKs themselves. The emulator answers them like any other client."
    yield Table(
        ("SDK", "what", "seen"),
        [(f"`{sdk['sdk']}`", defect["what"], defect["seen"]) for sdk in evidence["sdks"] for defect in sdk["defects"]],
    )


def _matrix(evidence: Json) -> Iterator[Block]:
    names = [sdk["sdk"] for sdk in evidence["sdks"] if "reason" not in sdk]
    yield Heading(2, "Operations")
    yield (
        "How many tests of a suite call the operation; the sections below name one that proves it, or the reason. SDKs "
        f"without a suite here have theirs [below](#sdks). Where the levels of sources come from is at the "
        f"[end](#sources). Fields that SDKs sent and [nothing reads](#fields-that-nothing-reads): "
        f"{len(evidence['unread'])}. That a field of a request is read is proved by `{READ}`."
    )
    rows = []
    for each in evidence["operations"]:
        driven = {found["sdk"]: found for found in each["driven"]}
        cells = [f"yes ({driven[name]['tests']})" if driven[name]["is"] else "no" for name in names]
        link = f"[`{each['operation']}`](#{_anchor(each['operation'])})"
        rows.append((link, each["source"]["level"], "yes" if each["contract"] else "no", *cells))
    yield Table(("operation", "source", "contracts differ", *(f"`{name}`" for name in names)), rows)


def _operation(each: Json, suites: set[str]) -> Iterator[Block]:
    yield Heading(2, each["operation"])
    aliases = f"; also {', '.join(f'`{alias}`' for alias in each['aliases'])}" if each["aliases"] else ""
    level, where, origin = _source(each["source"])
    yield f"`{each['method']} {each['path']}`{aliases}"
    yield f"Implemented: yes, proof `{each['implemented']['proof']}`."
    yield f"Copied from: {level}, {where}{f' ({origin})' if origin else ''}."
    answer = f"`{each['answer']}`" if each["answer"] else "no body"
    yield f"Answers: {answer}."
    if each["contract"]:
        yield f"Contracts: {'; '.join(each['contract'])}."
    else:
        yield "Contracts: the same in both."
    rows = [_driven(found) for found in each["driven"] if found["sdk"] in suites]
    yield Table(("SDK", "driven", "proof or reason"), rows)
    if each["request"]:
        yield Table(
            ("fields of the request", "implemented", "sent by", "source", "where", "from"),
            [_fields(group) for group in each["request"]],
        )


def _driven(found: Json) -> tuple[str, ...]:
    name = f"`{found['sdk']}`"
    if not found["is"]:
        return name, "no", found["reason"]
    refusals = f", refused with {', '.join(map(str, found['refusals']))}" if found["refusals"] else ""
    return f"{name} {found['version']}", f"yes, {_tests(found['tests'])}{refusals}", f"`{found['proof']}`"


def _fields(group: Json) -> tuple[str, ...]:
    if not group["implemented"]["is"]:
        return _codes(group["fields"]), f"no: {group['implemented']['reason']}", "", "", "", ""
    senders = []
    for sdk, proofs in sorted(group["driven"].items()):
        missing = [name for name in group["fields"] if name not in proofs]
        senders.append(f"`{sdk}`" + (f" (not {_codes(missing)})" if missing else ""))
    return _codes(group["fields"]), "yes", ", ".join(senders) or "no SDK that is driven", *_source(group)


def _unread(evidence: Json) -> Iterator[Block]:
    found = evidence["unread"]
    yield Heading(2, "Fields that nothing reads")
    yield (
        "The journal notes every field of a request that its operation does not read. "
        f"The suites of the SDKs have sent {len(found)}:"
    )
    rows = [(f"`{each['sdk']}`", f"`{each['operation']}`", f"`{each['field']}`", each["reason"]) for each in found]
    yield Table(("SDK", "operation", "field", "why"), rows)


def _source(group: Json) -> tuple[str, str, str]:
    return group["level"], f"`{group['file']}` {group['section']}", group["origin"]


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"


def _codes(names: list[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9-]", "", text.lower().replace(" ", "-"))


def _inline(text: str) -> str:
    """Write `code`, *stress* and [links](…) of a text in HTML."""
    text = escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\[(.+?)\]\((#[\w-]+)\)", r'<a href="\2">\1</a>', text)
    return re.sub(r"\*(\w+)\*", r"<em>\1</em>", text)
