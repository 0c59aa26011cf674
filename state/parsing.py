"""Reading JSON."""

from __future__ import annotations

from typing import Any

import orjson


def loads(content: bytes | memoryview) -> Any:
    """Return what JSON says. Raises `orjson.JSONDecodeError`.

    orjson itself takes some for too much for the memory: what begins with lines and has many short values in one.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if "memory" not in error.msg:
            raise
        items = orjson.loads(b"".join((b"[", content, b"]")))
        if len(items) != 1:
            raise
        return items[0]
