"""The evidence as data: for each operation what is there, where the contracts differ, who drives it, its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from emulator import __version__
from emulator.service.operations import OPERATIONS
from emulator.spec.contract import SERVICE, SPEC
from emulator.spec.operations import NO_BODY_IN_SPEC, Operation
from emulator.spec.responses import ErrorBody
from state.errors import MalformedIdError

Json = dict[str, Any]

PROOF = "tests/emulator/test_operations.py::test_status_and_body[{operation}-service]"
"""What walks through every operation and looks at status and body, in both contracts."""

NO_SOURCE = "unknown nowhere -"
"""What is said of an operation that no row is about."""

READ = "tests/docs/test_evidence.py::test_every_field_that_is_known_is_read"

_SOURCE = re.compile(r"(?P<level>\w+) (?P<file>[\w-]+) (?P<section>[^()]+?)(?: \((?P<origin>.*)\))?")


def evidence() -> Json:
    """Return everything as JSON."""
    driven = _json("driven.json")
    sources = table("sources")
    sdks = [_sdk(name, each, driven.get(name)) for name, each in table("sdks").items()]
    return {
        "version": __version__,
        "levels": sources["levels"],
        "files": sources["files"],
        "origins": sources["origins"],
        "sdks": sdks,
        "operations": [_operation(each, sources["operations"].get(each.id, {}), sdks, driven) for each in OPERATIONS],
        "answers": {
            schema: [{"fields": names.split(), **source(text)} for names, text in groups.items()]
            for schema, groups in sources["answers"].items()
        },
        "callbacks": [{"webhooks": names, **source(text)} for names, text in sources["callbacks"].items()],
        "unread": list(_unread(sources["operations"], driven)),
    }


@cache
def table(name: str) -> Json:
    """Return one of the tables, `sources` or `sdks`."""
    content: Json = yaml.safe_load((files(__package__) / f"{name}.yaml").read_text("utf-8"))
    return content


def source(text: str) -> Json:
    """Read a source as the table writes it: level, file, section and, in brackets, its origin."""
    found = _SOURCE.fullmatch(text)
    if found is None:
        raise ValueError(f"not a source: {text!r}")
    return {name: value or "" for name, value in found.groupdict().items()}


def _json(name: str) -> Json:
    content: Json = json.loads((files(__package__) / name).read_text("utf-8"))
    return content


def _sdk(name: str, each: Json, driven: Json | None) -> Json:
    found = {
        "sdk": name,
        "title": each["title"],
        "suite": each.get("suite", ""),
        "version": driven["version"] if driven else "",
        "without": each.get("without", {}),
        "defects": each.get("defects", []),
    }
    if driven is None:
        found["reason"] = each["reason"]
    return found


def _operation(operation: Operation, sources: Json, sdks: list[Json], driven: Json) -> Json:
    calls = {
        name: each["operations"][operation.id] for name, each in driven.items() if operation.id in each["operations"]
    }
    return {
        "operation": operation.id,
        "tag": operation.tag,
        "method": operation.method,
        "path": operation.full_path,
        "aliases": [f"{method} {path}" for method, path in operation.aliases],
        "implemented": {"is": True, "proof": PROOF.format(operation=operation.id)},
        "source": source(sources.get("source", NO_SOURCE)),
        "contract": list(differences(operation)),
        "driven": [_driven(sdk, calls.get(sdk["sdk"]), operation) for sdk in sdks],
        "request": list(_request(sources, calls)),
        "answer": operation.response or None,
    }


def _driven(sdk: Json, call: Json | None, operation: Operation) -> Json:
    found: Json = {"sdk": sdk["sdk"]}
    if call is None or call["proof"] is None:
        reason = sdk["without"].get(operation.id) or sdk.get("reason") or "its suite does not call it"
        return found | {"is": False, "reason": reason}
    return found | {
        "is": True,
        "version": sdk["version"],
        "proof": call["proof"],
        "tests": call["tests"],
        "refusals": call["refusals"],
    }


def _request(sources: Json, calls: Mapping[str, Json]) -> Iterator[Json]:
    for text, where in sources.get("request", {}).items():
        names = text.split()
        by = {
            sdk: {name: call["fields"][name] for name in names if name in call["fields"]} for sdk, call in calls.items()
        }
        yield {
            "fields": names,
            "implemented": {"is": True, "proof": READ},
            "driven": {sdk: proofs for sdk, proofs in by.items() if proofs},
            **source(where),
        }
    for name, reason in sources.get("unread", {}).items():
        yield {"fields": [name], "implemented": {"is": False, "reason": reason}, "driven": {}}


def _unread(sources: Json, driven: Json) -> Iterator[Json]:
    """Yield the fields that SDKs were seen to send and that nothing reads."""
    for sdk, each in sorted(driven.items()):
        for operation, call in each["operations"].items():
            for name in call["unread"]:
                reason = sources.get(operation, {}).get("unread", {}).get(name, "not known")
                yield {"sdk": sdk, "operation": operation, "field": name, "reason": reason}


def differences(operation: Operation) -> Iterator[str]:
    """Yield where the contract of the specification differs from that of the service (emulator/spec/contract.py)."""
    served, specified = (operation.status_in(contract) for contract in ("service", "spec"))
    if served != specified:
        yield f"status {served}, in the specification {specified}"
    if operation.empty == NO_BODY_IN_SPEC:
        yield "answers a body, in the specification none"
    known = SPEC.fields.get(operation.response.removesuffix("List"))
    if known is not None and "spec" not in operation.empty:
        yield f"in the specification only the fields {' '.join(f'`{each}`' for each in sorted(known))}"
    for error, body in operation.spec_answers.items():
        yield from _difference(error, operation.answers.get(error) or _generic(error), body)
    for (error, about), body in SPEC.errors.items():
        if _concerns(error, about, operation):
            yield from _difference(error, SERVICE.errors.get((error, about)) or SERVICE.errors[error, ""], body)
    if operation.differs:
        yield operation.differs


def _generic(error: type) -> ErrorBody:
    """Return the service's response to a refusal that is not an operation's own."""
    return next(body for (each, _), body in SERVICE.errors.items() if each is error)


def _difference(error: type, served: ErrorBody, specified: ErrorBody) -> Iterator[str]:
    if served.status != specified.status:
        yield f"{_words(error.__name__)}: {served.status}, in the specification {specified.status}"
    elif served != specified:
        yield f"{_words(error.__name__)}: another text in the specification"


def _concerns(error: type, about: str, operation: Operation) -> bool:
    """Tell whether a row of the contract is about an operation: by kind and action, or by an id's kind."""
    kind, _, action = about.partition(".")
    if action:
        return operation.id == action + kind.capitalize()
    return error is MalformedIdError and f"{{{kind}Id}}" in operation.path and error not in operation.spec_answers


def _words(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name.removesuffix("Error")).lower()
