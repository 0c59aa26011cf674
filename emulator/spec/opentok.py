"""The OpenTok dialect where it is not JSON: sessions and refusals in XML, for callers that do not ask for JSON.

Facts: fidelity/rest-and-archives.md 1 (recorded: `text/xml` with a session, `application/xml` with a refusal) and
sdk-wire.md 1.1. Asked for anything (`*/*`), some operations were recorded to refuse in XML (signals in 2018, DTMF in
2021) and others in JSON (force disconnect, archives, broadcasts); asked for nothing, archives refused in JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from starlette.responses import Response

from emulator.spec.operations import SESSION_CREATE, Operation
from emulator.spec.request_headers import RequestHeaders
from emulator.spec.responses import ErrorResponse

AUTH = "x-opentok-auth"
PARTNER_AUTH = "x-tb-partner-auth"
AGENT = "opentok"
"""How the user agent of every OpenTok SDK begins, in any case; one of them sends a bearer token (sdk-wire 1.2)."""

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ERROR_KEYS = ("code", "message", "description")


def speaks(headers: RequestHeaders) -> bool:
    """Tell whether a caller speaks the OpenTok dialect."""
    return AUTH in headers or PARTNER_AUTH in headers or (headers.get("user-agent") or "").lower().startswith(AGENT)


_REFUSED = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*(;|$)")  # RFC 9110 12.4.2: a weight of 0 is "not acceptable"


def wants_xml(headers: RequestHeaders, operation: Operation) -> bool:
    """Tell whether a caller of an operation is answered in XML.

    Sessions are, also to those who ask for nothing: the SDKs that do read nothing else. Their other refusals they read
    as JSON.
    """
    accept = ",".join(each for each in (headers.get("accept") or "").lower().split(",") if not _REFUSED.search(each))
    if "json" in accept or not speaks(headers):
        return False
    return "xml" in accept or operation.path == SESSION_CREATE or (bool(accept) and operation.xml_when_anything)


def session(made: Mapping[str, Any]) -> Response:
    """Return a new session, with the keys that OpenTok SDKs parse."""
    fields = "".join(_element(name, made[name]) for name in ("session_id", "partner_id", "create_dt"))
    return _xml(f"<sessions><Session>{fields}</Session></sessions>", 200, "text/xml")


def refusal(refused: ErrorResponse) -> Response:
    """Return a refusal in XML."""
    fields = "".join(_element(name, refused.content[name]) for name in _ERROR_KEYS if name in refused.content)
    written = _xml(f"<errorPayload>{fields}</errorPayload>", refused.status_code, "application/xml")
    for name, value in refused.headers.items():
        written.headers.setdefault(name, value)
    return written


def _element(name: str, value: Any) -> str:
    return f"<{name}>{_NOT_IN_XML.sub('?', escape(str(value), quote=False))}</{name}>"


def _xml(content: str, status: int, media_type: str) -> Response:
    # The header is given whole: a charset would be added to text/xml.
    return Response(_HEAD + content, status, headers={"content-type": media_type})


OPENTOK = "opentok."
