"""The files of the page, read once: under a path that changes with their content, so browsers may keep them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = "index.html"
VERSION = "{{version}}"
"""What stands in the page for the part of the path that changes."""

MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, also as gzip."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All files of the page by their path below the folder; `version` is a hash of them all."""

    version: str
    files: Mapping[str, Asset]


@cache
def assets() -> Assets:
    """Return the files of the page."""
    content = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in MEDIA_TYPES
    }
    total = hashlib.sha256()
    for name, data in content.items():
        total.update(f"{name}\0{len(data)}\0".encode() + data)
    version = total.hexdigest()[:12]
    content[PAGE] = content[PAGE].replace(VERSION.encode(), version.encode())
    return Assets(version, {name: _asset(name, data) for name, data in content.items()})


def _asset(name: str, content: bytes) -> Asset:
    etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    return Asset(content, gzip.compress(content, 9, mtime=0), MEDIA_TYPES[Path(name).suffix], etag)
