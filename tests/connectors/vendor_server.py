"""An echo of the vendor's server library, run in an environment of its own: it pins packages that ours has newer.

Prints its port, then a line of JSON for each connection and each text.
"""

import asyncio
import json
import logging
import socket

from audio_connector_sdk.vonage_video import Video  # type: ignore[import-not-found]
from audio_connector_sdk.vonage_video.models import AudioConnectorServerConfig  # type: ignore[import-not-found]


async def on_connect(connection):  # type: ignore[no-untyped-def]
    info = connection.info()
    ids = {"session": info.sessionId, "connection": info.connectionId, "conference": info.conferenceId}
    print(json.dumps({"ids": ids, "uri": info.uri}), flush=True)
    frames = 0

    async def on_message(message):  # type: ignore[no-untyped-def]
        nonlocal frames
        if isinstance(message, bytes):
            frames += 1
            await connection.send_audio_buffer(message, bytes_per_sample=len(message))
            if frames in (1000, 1050):
                print(json.dumps({"frames": frames, "size": len(message)}), flush=True)
            if frames == 1050:
                await connection.flush_buffer()
        else:
            print(json.dumps({"text": json.loads(message)}), flush=True)

    async def on_disconnect():  # type: ignore[no-untyped-def]
        print(json.dumps({"end": connection.websocket.close_code}), flush=True)

    connection.set_handler(on_message=on_message, on_disconnect=on_disconnect)


async def main() -> None:
    logging.getLogger().setLevel(logging.ERROR)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    await Video().start_audio_connector_server(
        AudioConnectorServerConfig(host="127.0.0.1", port=port, on_connect=on_connect)
    )
    print(port, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
