"""The emulator as the benchmarks use it: the well-known application, its token, and the requests of archives."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count, cycle
from typing import cast
from urllib.parse import quote

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.load import Load, LoadError, drive
from benchmarks.responses import request
from benchmarks.server import Server, spawn
from emulator.wellknown import APPLICATION_ID, PRIVATE_KEY

TOKEN_LIFE = 7200
"""Life of the one token that every request carries, s."""
RUN_SECONDS = 300.0
"""How long preparing a state may take, s."""
PROJECT = f"/v2/project/{APPLICATION_ID}"
CONTROL = f"/_emulator/applications/{APPLICATION_ID}"
COMMAND = ("emulator", "serve", "--no-https", "--http-port", "{port}", "--data-dir", "{folder}/data")
"""How an emulator is run: its defaults (memory store, journal on), HTTP only."""
FORM = b"archiveMode=manual&p2p.preference=disabled"


def bearer() -> dict[str, str]:
    """Return the headers of an authenticated request."""
    now = int(time.time())
    claims = {"application_id": APPLICATION_ID, "iat": now, "exp": now + TOKEN_LIFE, "jti": str(uuid.uuid4())}
    return {
        "Authorization": "Bearer " + jwt.encode(claims, _key(), algorithm="RS256"),
        "Accept": "application/json",
    }


@cache
def _key() -> RSAPrivateKey:
    """Return the key ready to sign: reading it checks it, which takes fifty times as long."""
    return cast(RSAPrivateKey, load_pem_private_key(PRIVATE_KEY.encode(), None))


class Tenant:
    """The well-known application of one running emulator."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.headers = bearer()
        self.tags = count()

    def sessions(self, number: int) -> list[str]:
        """Create routed sessions with one participant each; return their ids."""
        headers = self.headers | {"Content-Type": "application/x-www-form-urlencoded"}
        create = request("POST", "/session/create", headers, FORM)
        made = self._prepare((create for _ in range(number)), number)
        ids = [str(response[0]["session_id"]) for response in made.json()]
        self._prepare((self._join(session) for session in ids), number)
        return ids

    def archives(self, number: int, sessions: list[str]) -> list[str]:
        """Start archives, all live, in the sessions by turns; return their ids."""
        starts = [self.start(session) for session in sessions]
        requests = (next(of_session) for of_session in cycle(starts))
        return [str(response["id"]) for response in self._prepare(requests, number).json()]

    def get(self, archive: str) -> bytes:
        """Return the request that reads an archive."""
        return request("GET", f"{PROJECT}/archive/{archive}", self.headers)

    def page(self) -> bytes:
        """Return the request that lists the first 50 archives."""
        return request("GET", f"{PROJECT}/archive?count=50", self.headers)

    def start(self, session: str) -> Iterator[bytes]:
        """Return requests without end that start archives in one session, each with a tag of its own."""
        body = json.dumps({"sessionId": session, "multiArchiveTag": "%010d"}).encode()
        whole = request("POST", f"{PROJECT}/archive", self._json(), body.replace(b"%010d", b"0" * 10))
        before, after = whole.rsplit(b"0" * 10, 1)
        return (b"%b%010d%b" % (before, number, after) for number in self.tags)

    def start_in_each(self, sessions: list[str]) -> list[bytes]:
        """Return one request a session that starts its archive."""
        return [
            request("POST", f"{PROJECT}/archive", self._json(), json.dumps({"sessionId": session}).encode())
            for session in sessions
        ]

    def _join(self, session: str) -> bytes:
        headers = {"Content-Type": "application/json"}
        return request("POST", f"{CONTROL}/sessions/{quote(session)}/participants", headers, b'{"count":1}')

    def _json(self) -> dict[str, str]:
        return self.headers | {"Content-Type": "application/json"}

    def _prepare(self, requests: Iterator[bytes], number: int) -> Load:
        load = drive(self.server.port, requests, count=number, seconds=RUN_SECONDS, keep=True)
        if load.count < number:
            raise LoadError(f"only {load.count} of {number} prepared in {RUN_SECONDS:.0f} s")
        return load


@contextmanager
def emulator(*flags: str, **environment: str) -> Iterator[Tenant]:
    """Run an emulator until the block ends; `{folder}` in a flag is a temporary folder of its own."""
    with spawn(*COMMAND, *flags, **environment) as server:
        server.wait("GET", "/_emulator/health")
        yield Tenant(server)
