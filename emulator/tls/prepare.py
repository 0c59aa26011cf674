"""The emulator's certificate authority and the HTTPS certificate it signs, made once and kept in the data folder.

Several SDKs speak only HTTPS. They reach the emulator when they trust `ca.pem`, so the authority is made once and kept:
a developer trusts it once. Whether the kept files still serve is decided without importing a cryptography library,
because that decision is on the way to the first response.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path

from emulator.tls.constraints import permits
from emulator.tls.files import RENEW_BEFORE, TlsError, TlsFiles, digest, write_atomically

VENDOR_HOSTS = ("video.api.vonage.com", "api.opentok.com")
"""The hosts that SDKs with a hard-coded address ask for; a hosts-file entry sends them here."""

STANDARD_NAMES = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal", *VENDOR_HOSTS)
PUBLIC = "public"
"""The folder, in that of the data, with copies of the files that are no secrets: what other containers may mount."""


_NAME = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*")


def ensure(folder: Path, extra_names: Iterable[str] = ()) -> TlsFiles:
    """Return the TLS files of `folder`, making what is missing, damaged, about to expire or for other names.

    Processes that start together agree on one authority. Raises `TlsError`.
    """
    files = TlsFiles(folder)
    wanted = {*STANDARD_NAMES, *(_checked(name) for name in extra_names)}
    machine = _host_names()
    if not _good(files, wanted, machine):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _lock(folder):
                if not _good(files, wanted, machine):  # another process may have made them while this one waited
                    from emulator.tls import certificates

                    certificates.renew(files, wanted, machine | full_host_name())
        except OSError as error:
            # A new host name is not worth failing over when the folder is read-only.
            if not _good(files, wanted, set()):
                raise TlsError(
                    f"cannot keep the certificate authority in {folder} ({error.strerror or error}{_whose(folder)}): "
                    "choose another folder with --data-dir or VONAGE_EMULATOR_DATA_DIR, or go on without HTTPS with "
                    "--no-https"
                ) from None
    with contextlib.suppress(OSError):
        publish(folder, files.ca.name, files.ca.read_bytes())
    return files


def _whose(folder: Path) -> str:
    """Return whose the folder is, or the next one above it that there is, and who wants to write there."""
    if sys.platform == "win32":
        return ""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    found = there.stat()
    which = "it" if there == folder else str(there)
    owner, mode = f"{found.st_uid}:{found.st_gid}", stat.S_IMODE(found.st_mode)
    return f"; {which} belongs to user {owner} with mode {mode:o}, this is user {os.geteuid()}:{os.getegid()}"


def publish(folder: Path, name: str, content: bytes) -> None:
    """Put a file that is no secret into the folder that other containers may mount. Raises `OSError`."""
    path = folder / PUBLIC / name
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, content)


def _good(files: TlsFiles, wanted: set[str], machine: set[str]) -> bool:
    """Whether the kept files belong together, are valid for long enough, and cover the `wanted` names.

    They are to cover those names of the `machine` too which their authority may sign for.
    """
    try:
        record = json.loads(files.record.read_bytes())
        contents = [path.read_bytes() for path in (files.ca, files.server, files.server_key)]
        permitted = record["permitted"]
        return bool(
            record["digest"] == digest(*contents)
            and wanted | {name for name in machine if permits(permitted, name)} <= set(record["names"])
            and record["notAfter"] > time.time() + RENEW_BEFORE
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _checked(name: str) -> str:
    """Return a host name or address in the form a certificate carries."""
    try:
        return str(ip_address(name.strip("[]")))
    except ValueError:
        pass
    ascii_name = name.strip().lower().rstrip(".")
    if not ascii_name.isascii():
        with contextlib.suppress(UnicodeError):
            ascii_name = ascii_name.encode("idna").decode()
    if not _NAME.fullmatch(ascii_name):
        raise TlsError(
            f"{name!r} cannot be a name of the HTTPS certificate (--tls-name, VONAGE_EMULATOR_TLS_NAMES): "
            "expected a host name such as emulator.test or an address such as 192.0.2.7"
        )
    return ascii_name


def _host_names() -> set[str]:
    try:
        return {_checked(socket.gethostname())}
    except (OSError, TlsError):
        return set()


def full_host_name() -> set[str]:
    """Return the fully qualified host name if the resolver gives it at once: a lookup may take many seconds."""
    import threading

    found: set[str] = set()

    def ask() -> None:
        with contextlib.suppress(OSError, TlsError):
            found.add(_checked(socket.getfqdn()))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(0.2)
    return set(found)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, waiting for a process that makes certificates there now."""
    with (folder / ".tls-lock").open("ab") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
