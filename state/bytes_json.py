"""Bytes inside JSON: as the text they are, or as base64 where they are none."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from pydantic import BeforeValidator

_MARK = "base64:"


def text_of(data: bytes) -> str:
    """Return bytes as text that `bytes_of` reads back."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = _MARK
    return _MARK + base64.b64encode(data).decode() if text.startswith(_MARK) else text


def bytes_of(text: Any) -> Any:
    """Return the bytes that were written as text; what is no text stays as it is. Raises ValueError."""
    if not isinstance(text, str):
        return text
    if not text.startswith(_MARK):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_MARK), validate=True)
    except binascii.Error as error:
        raise ValueError(f"is not base64: {error}") from None


JsonBytes = Annotated[bytes, BeforeValidator(bytes_of)]
