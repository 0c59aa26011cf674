"""Made-up requests against real processes: `python -m tests.fuzz --requests 200000`.

Every store, contract and dialect gets its share, in a process whose memory is limited. Nothing may be answered with 5xx
that no failure rule asked for, nothing may hang, and no process may end.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import resource
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt

from emulator import wellknown
from emulator.service.operations import OPERATIONS
from tests.emulator.local import rest_token
from tests.store import postgres
from tests.store.process import APP, Process, running

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space that a process has."""

SECONDS = 30.0
"""s after which a request hangs."""

CLIENTS = 3

CONTROL = (
    "GET info",
    "GET ready",
    "GET applications",
    "GET snapshot",
    "POST applications",
    "PUT snapshot",
    *(
        f"{method} applications/{APP}{path}"
        for method, path in (
            ("GET", ""),
            ("PATCH", ""),
            ("GET", "/snapshot"),
            ("PUT", "/snapshot"),
            ("GET", "/clock"),
            ("POST", "/clock"),
            ("GET", "/events"),
            ("GET", "/requests"),
            ("GET", "/requests/{number}"),
            ("POST", "/requests/verify"),
            ("GET", "/callbacks"),
            ("POST", "/callbacks/hold"),
            ("POST", "/callbacks/release"),
            ("POST", "/callbacks/reorder"),
            ("GET", "/faults"),
            ("POST", "/faults"),
            ("PUT", "/faults/{name}"),
            ("DELETE", "/faults/{name}"),
            ("GET", "/sessions"),
            ("GET", "/sessions/{sessionId}"),
            ("POST", "/sessions/{sessionId}/participants"),
            ("PATCH", "/sessions/{sessionId}/participants/{connectionId}"),
            ("DELETE", "/sessions/{sessionId}/participants/{connectionId}"),
            ("POST", "/sessions/{sessionId}/streams"),
            ("GET", "/archives"),
            ("GET", "/archives/{archiveId}"),
            ("POST", "/archives/{archiveId}/transition"),
            ("PUT", "/checkpoints/{name}"),
            ("GET", "/checkpoints/{name}"),
            ("POST", "/checkpoints/{name}/restore"),
            ("DELETE", "/checkpoints/{name}"),
            ("GET", "/scenarios"),
            ("PUT", "/scenarios/{name}"),
            ("DELETE", "/scenarios/{name}"),
            ("POST", "/reset"),
        )
    ),
)

NAMES = (
    *("sessionId", "name", "resolution", "layout", "type", "data", "hasAudio", "hasVideo", "outputMode", "streamMode"),
    *(
        "outputs",
        "hls",
        "rtmp",
        "serverUrl",
        "streamName",
        "id",
        "maxDuration",
        "token",
        "sip",
        "uri",
        "headers",
        "url",
    ),
    *("websocket", "streams", "languageCode", "maxBitrate", "items", "layoutClassList", "addStream", "removeStream"),
    *(
        "stylesheet",
        "screenshareType",
        "excludedStreams",
        "active",
        "digits",
        "properties",
        "statusCallbackUrl",
        "when",
    ),
    *(
        "then",
        "times",
        "operation",
        "nth",
        "action",
        "seconds",
        "speed",
        "count",
        "status",
        "reason",
        "webhooks",
        "pace",
    ),
    *("contract", "options", "seed", "privateKey", "apiKey", "ids", "event", "parameters", "schema", "head", "archive"),
)

TEXTS = (
    *(
        "",
        "a",
        "best",
        "bestFit",
        "pip",
        "custom",
        "composed",
        "individual",
        "auto",
        "manual",
        "always",
        "routed",
        "en-us",
    ),
    *(
        "640x480",
        "1920x1080",
        "sip:user@127.0.0.1;transport=tls",
        "http://127.0.0.1:9/x",
        "ws://127.0.0.1:9",
        "rtmp://127.0.0.1",
    ),
    *(
        "true",
        "1",
        "-1",
        "null",
        "undefined",
        "NaN",
        "żółw",
        "\u0000",
        "\ud83d\udc22",
        "x" * 300,
        "<script>",
        "%00",
        "../..",
    ),
    *(
        "startArchive",
        "conflict",
        "notFound",
        "freeze",
        "resume",
        "idle",
        "next",
        "*",
        "archive",
        "session",
        "fast",
        "instant",
    ),
)

NUMBERS = (0, 1, -1, 2, 7, 60, 1000, 86_400, 2**31, 2**53, 2**63, 2**64, 10**30, 0.5, -0.0, 1e308, 5e-324)

EXAMPLES: tuple[Any, ...] = (
    {"sessionId": "{sessionId}"},
    {"sessionId": "{sessionId}", "name": "n", "layout": {"type": "bestFit"}, "resolution": "1280x720"},
    {
        "sessionId": "{sessionId}",
        "outputs": {"hls": {}, "rtmp": [{"serverUrl": "rtmp://127.0.0.1/a", "streamName": "s"}]},
    },
    {"sessionId": "{sessionId}", "token": "{token}", "url": "http://127.0.0.1:9/", "name": "r"},
    {"sessionId": "{sessionId}", "token": "{token}", "sip": {"uri": "sip:a@127.0.0.1", "headers": {"X-a": "b"}}},
    {"sessionId": "{sessionId}", "token": "{token}", "websocket": {"uri": "ws://127.0.0.1:9", "streams": []}},
    {"sessionId": "{sessionId}", "token": "{token}", "languageCode": "en-US"},
    {"type": "chat", "data": "hello"},
    {"items": [{"id": "{streamId}", "layoutClassList": ["a"]}]},
    {"addStream": "{streamId}", "hasAudio": True},
    {"active": True, "excludedStreams": []},
    {"digits": "12p3"},
    {"count": 2},
    {"action": "advance", "seconds": 60},
    {"action": "freeze"},
    {"action": "resume", "speed": 10},
    {"when": {"operation": "startArchive", "nth": 2}, "then": "conflict", "times": 1},
    {"when": {"not": {"operation": "getArchive"}}, "then": "notFound", "times": 2},
    {"status": "stopped", "reason": "x"},
    {"webhooks": {"archive_status": {"address": "http://127.0.0.1:9/"}}},
    {"pace": "instant", "autoParticipants": 2},
    {"operations": [{"operation": "startArchive", "count": 1}]},
)


@dataclass
class Report:
    """What came of the requests: how often each status, and what was wrong."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    peak: int = 0
    seconds: float = 0.0

    @property
    def requests(self) -> int:
        """How many were answered."""
        return sum(self.statuses.values())


class Maker:
    """Makes up requests, from a seed; `ids` are those of things that may be there."""

    def __init__(self, seed: int, dialect: str) -> None:
        self.chance = random.Random(seed)
        self._dialect = dialect
        self._token = rest_token(wellknown.PRIVATE_KEY, APP)
        claims = {"iss": wellknown.API_KEY, "ist": "project", "iat": int(time.time()), "exp": int(time.time()) + 3600}
        self._project_token = jwt.encode(claims, wellknown.API_SECRET, algorithm="HS256")
        self.ids: dict[str, list[str]] = {"name": ["a", "sip-busy", "conflict-1", "base"], "number": ["1", "2", "0"]}

    def learn(self, content: bytes) -> None:
        """Remember ids that were answered."""
        with contextlib.suppress(ValueError):
            found = json.loads(content)
            for each in found if isinstance(found, list) else [found]:
                if isinstance(each, dict):
                    for key, name in _LEARNT.items():
                        if isinstance(each.get(key), str):
                            self.ids.setdefault(name, []).append(each[key])
                            del self.ids[name][:-50]

    def request(self) -> tuple[str, str, bytes, dict[str, str]]:
        """Return a method, a target, a body and headers."""
        chance = self.chance
        if chance.random() < 0.3:
            method, _, path = chance.choice(CONTROL).partition(" ")
            path, headers = f"/_emulator/{path}", {}
        else:
            operation = chance.choice(OPERATIONS)
            method, path = operation.method, operation.full_path
            headers = self._authorization()
        path = "/".join(self._place(part) for part in path.split("/"))
        if chance.random() < 0.02:
            method = chance.choice(("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"))
        if chance.random() < 0.2:
            pairs = [(chance.choice(("count", "offset", "sessionId", "limit", "type", "x")), self._text())]
            path += "?" + urlencode(pairs, errors="replace")
        body = self._body(path) if method in ("POST", "PUT", "PATCH") else b""
        if body:
            kinds = ("application/json",) * 8 + ("application/x-www-form-urlencoded", "text/plain", "")
            headers["Content-Type"] = chance.choice(kinds)
        return method, path, body, headers

    def _authorization(self) -> dict[str, str]:
        roll = self.chance.random()
        if roll < 0.04:
            return {}
        if roll < 0.08:
            text = self._text().encode("ascii", "ignore").decode().replace("\0", "")
            return {"Authorization": f"Bearer {text}"}
        if self._dialect == "opentok":
            return {"X-OPENTOK-AUTH": self._project_token}
        return {"Authorization": f"Bearer {self._token}"}

    def _place(self, part: str) -> str:
        if not part.startswith("{"):
            return part
        name = part.strip("{}")
        if name == "applicationId" and self.chance.random() < 0.97:
            return APP if self._dialect == "vonage" else wellknown.API_KEY
        if self.chance.random() < 0.9 and (known := self.ids.get(_PLACES.get(name, name))):
            return quote(self.chance.choice(known), safe="")
        return quote(self._text(), safe="", errors="replace") or "x"

    def _body(self, path: str) -> bytes:
        chance, roll = self.chance, self.chance.random()
        if roll < 0.03:
            return chance.randbytes(chance.randrange(200))
        if roll < 0.05:
            return json.dumps(self._value(0)).encode()[: chance.randrange(1, 80)]
        if roll < 0.07:
            return chance.choice((b"[" * 3000, b'{"a":' * 600 + b"1" + b"}" * 600, b"[],", b'"\\ud800"', b"1e999"))
        example = self._filled(chance.choice(EXAMPLES))
        if roll < 0.5:
            for _ in range(chance.randrange(3)):
                example[chance.choice(NAMES)] = self._value(0)
            if chance.random() < 0.3:
                example.pop(chance.choice(list(example)), None)
        if roll > 0.97:
            return urlencode({key: str(value) for key, value in example.items()}, errors="replace").encode()
        return json.dumps(example).encode()

    def _filled(self, example: Any) -> Any:
        if isinstance(example, dict):
            return {key: self._filled(value) for key, value in example.items()}
        if isinstance(example, list):
            return [self._filled(each) for each in example]
        if isinstance(example, str) and example.startswith("{"):
            name = example.strip("{}")
            return self._token if name == "token" else self.chance.choice(self.ids.get(name, ["unknown"]))
        return example

    def _text(self) -> str:
        return self.chance.choice(TEXTS)

    def _value(self, depth: int) -> Any:
        chance, roll = self.chance, self.chance.random()
        if roll < 0.4 or depth > 4:
            return self._text()
        if roll < 0.6:
            return chance.choice(NUMBERS)
        if roll < 0.7:
            return chance.choice((None, True, False))
        if roll < 0.85:
            return {chance.choice(NAMES): self._value(depth + 1) for _ in range(chance.randrange(4))}
        return [self._value(depth + 1) for _ in range(chance.randrange(4))]


_LEARNT = {
    "session_id": "sessionId",
    "sessionId": "sessionId",
    "connectionId": "connectionId",
    "streamId": "streamId",
    "captionsId": "captionsId",
    "id": "id",
}
_PLACES = {
    **dict.fromkeys(("archiveId", "broadcastId", "renderId", "experienceComposerId", "callId"), "id"),
    "streamId": "streamId",
}


def fuzz(process: Process, requests: int, seed: int, dialect: str, report: Report) -> None:
    """Send so many made-up requests by several clients, and note what came of them."""
    lock = threading.Lock()
    clients = [
        threading.Thread(target=_send, args=(process, requests // CLIENTS, seed * 100 + each, dialect, report, lock))
        for each in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if process.ended:
        report.wrong.append(f"the process ended:\n{process.output[-2000:]}")
    if "Traceback" in process.output:
        report.wrong.append(f"a traceback:\n{process.output[:3000]}")


def _send(process: Process, requests: int, seed: int, dialect: str, report: Report, lock: threading.Lock) -> None:
    maker, address = Maker(seed, dialect), urlsplit(process.url).netloc
    with contextlib.closing(http.client.HTTPConnection(address, timeout=SECONDS)) as connection:
        for _ in range(requests):
            method, path, body, headers = maker.request()
            asked = f"{method} {path} {body[:500]!r} {headers}"
            try:
                connection.request(method, path, body or None, headers)
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if process.ended:
                    return
                with lock:
                    report.wrong.append(f"{type(error).__name__} {error}: {asked}")
                continue
            with lock:
                report.statuses[response.status] += 1
            if response.status >= 500 and not _asked_for(process, path):
                with lock:
                    report.wrong.append(f"{response.status} {content[:300]!r}: {asked}")
            if response.status < 300:
                maker.learn(content)


def _asked_for(process: Process, path: str) -> bool:
    """Tell whether a failure rule or a pack may have answered: there is one that fired."""
    if path.startswith("/_emulator"):
        return False
    with contextlib.suppress(Exception):
        found = process.http.get(f"{process.url}/_emulator/applications/{APP}/requests?limit=50").json()["items"]
        return any(each["fault"] for each in found)
    return False


@contextlib.contextmanager
def stores(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the URL of each store that there is on this machine, by name."""
    found = {"memory": "memory", "sqlite": f"sqlite:///{folder / 'world.db'}"}
    with contextlib.ExitStack() as stack:
        try:
            postgres.binaries()
        except BaseException as skipped:  # pytest's outcome
            print(f"without PostgreSQL: {skipped}")
        else:
            found["postgresql"] = stack.enter_context(postgres.running()).new_database("fuzz")
        yield found


def run(requests: int, seed: int, memory: int = MEMORY) -> Report:
    """Send so many requests in all, over all stores, contracts and dialects."""
    report, started = Report(), time.monotonic()
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # what threads reserve counts as taken
    with tempfile.TemporaryDirectory() as name, stores(Path(name)) as found:
        rounds = [
            (store, contract, dialect)
            for store in found
            for contract in ("service", "spec")
            for dialect in ("vonage", "opentok")
        ]
        for index, (store, contract, dialect) in enumerate(rounds):
            flags = ("--store", found[store], "--contract", contract)
            with running(Path(name), *flags, name=f"fuzz-{index}") as process:
                resource.prlimit(process.pid, resource.RLIMIT_AS, (memory, memory))
                fuzz(process, requests // len(rounds), seed + index, dialect, report)
                report.peak = max(report.peak, peak(process.pid))
    report.seconds = time.monotonic() - started
    return report


def peak(pid: int) -> int:
    """Return the most memory that a process had, bytes; 0 where that cannot be told."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """Run, print what came of it, and end with 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    report = run(chosen.requests, chosen.seed)
    for each in report.wrong[:50]:
        print(each)
    print(
        f"{report.requests} requests in {report.seconds:.0f} s, {len(report.wrong)} wrong, "
        f"at most {report.peak / 2**20:.0f} MiB; {dict(sorted(report.statuses.items()))}"
    )
    raise SystemExit(bool(report.wrong))


if __name__ == "__main__":
    main()
