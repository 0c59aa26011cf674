"""The yardsticks: the smallest FastAPI application, and a fixed response that costs a server next to nothing.

Run as `python -m benchmarks.bare {fastapi,asgi,fixed,sink} PORT`, with the uvicorn settings of the emulator.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

FIXED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Item(BaseModel):
    """A body with the fields of a start archive request."""

    sessionId: str
    multiArchiveTag: str | None = None
    name: str | None = None
    hasAudio: bool = True
    hasVideo: bool = True
    outputMode: str = "composed"


def create_app() -> FastAPI:
    """Return an application with a GET and a POST route, annotated the way FastAPI is fastest."""
    app = FastAPI()

    @app.get("/items/{id}")
    async def read_item(id: str) -> dict[str, str]:
        return {"id": id}

    @app.post("/items")
    async def create_item(item: Item) -> dict[str, str]:
        return {"id": item.sessionId}

    return app


async def respond(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond as an ASGI application does that has no framework."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


class _Fixed(asyncio.Protocol):
    """Answers whatever arrives in one piece with `FIXED`."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self.transport.write(FIXED)


class _Sink(asyncio.Protocol):
    """Takes requests with a body, however many pieces they come in, and answers each with `FIXED`."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while (end := self.rest.find(b"\r\n\r\n") + 4) > 3:
            head = self.rest[:end].lower()
            _, found, value = head.partition(b"content-length:")
            end += int(value.partition(b"\r\n")[0]) if found else 0
            if len(self.rest) < end:
                return
            self.rest = self.rest[end:]
            self.transport.write(FIXED)


async def _serve(protocol: type[asyncio.Protocol], port: int) -> None:
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
    await server.serve_forever()


def main(what: str, port: int) -> None:
    """Serve until the process is ended."""
    if what in ("fastapi", "asgi"):
        uvicorn.run(
            create_app() if what == "fastapi" else respond,
            host="127.0.0.1",
            port=port,
            http="httptools",
            loop="uvloop",
            access_log=False,
            log_level="warning",
            lifespan="off",
        )
        return
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(_Sink if what == "sink" else _Fixed, port))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
