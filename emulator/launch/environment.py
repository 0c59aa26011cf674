"""What programs need in their environment to reach the emulator, besides what they trusted and reached before.

It needs nothing but the standard library, for it is imported into test runs.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path

TRUST = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""The variables that name certificates to trust: of Python, of OpenSSL and Go, of curl, of Node."""

MARK = b"# The authority of the Vonage Video emulator\n"
"""What stands in a bundle before our authority: what is behind it was never trusted by anybody else."""


def write_bundle(ca: Path, folder: Path) -> Path:
    """Write the authorities that are trusted without us, and the emulator's; return the file.

    The variables that name it replace what a program trusts, and a test suite may call other servers too: every file
    that they name is in it, or the system's, if none of those that replace it does. Raises `OSError`.
    """
    bundle = folder / "trusted.pem"
    named = {name: path for name in TRUST if (path := os.environ.get(name)) and os.path.isfile(path)}
    paths = list(dict.fromkeys(named.values()))
    default = ssl.get_default_verify_paths().openssl_cafile
    if os.path.isfile(default) and not named.keys() - {"NODE_EXTRA_CA_CERTS"}:  # which only adds to what node trusts
        paths.insert(0, default)
    contents = [Path(path).read_bytes().partition(MARK)[0].rstrip(b"\n") for path in paths if path != str(ca)]
    content = b"\n".join([*contents, MARK + ca.read_bytes()])
    if not bundle.is_file() or bundle.read_bytes() != content:
        beside = folder / f".trusted.pem.{os.getpid()}"
        beside.write_bytes(content)
        beside.replace(bundle)  # at once: another program may be reading it
    return bundle


def direct(*hosts: str) -> dict[str, str]:
    """Return the variables that keep a proxy out of the way to `hosts`, and to those that they name already."""
    names = ("NO_PROXY", "no_proxy")
    named = [host for name in names for host in os.environ.get(name, "").split(",")]
    return dict.fromkeys(names, ",".join(dict.fromkeys(filter(None, [*named, *hosts]))))
