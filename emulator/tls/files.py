"""Where the authority and the certificate of HTTPS are kept, and how they are written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

RENEW_BEFORE = 30 * 86_400
"""A certificate with fewer seconds left is made anew."""


class TlsError(Exception):
    """HTTPS cannot be prepared; the message names the folder or name at fault and how to go on."""


@dataclass(frozen=True)
class TlsFiles:
    """Where the authority and the server certificate of one data folder are kept, all PEM."""

    folder: Path

    @property
    def ca(self) -> Path:
        """Certificate of the authority: what clients have to trust."""
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        """Private key of the authority, with the certificate that it signs under; readable by its owner only."""
        return self.folder / "ca-key.pem"

    @property
    def server(self) -> Path:
        """Certificate of the HTTPS listener, with that of its signer."""
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        """Private key of the HTTPS listener, readable by its owner only."""
        return self.folder / "server-key.pem"

    @property
    def record(self) -> Path:
        """What `server.pem` was made for: names, expiry and the digests of all files, JSON."""
        return self.folder / "server.json"


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that a reader sees all of it or none, with exactly the permissions `mode`."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def digest(*contents: bytes) -> str:
    """Return one SHA-256 over several files' contents, as hex."""
    return hashlib.sha256(b"\0".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()
