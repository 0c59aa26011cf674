"""Servers that others wrote, unmodified: the vendor's library, and Node's `ws`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.connecting import RealTenant, ramp

pytestmark = pytest.mark.extended

HERE = Path(__file__).parent
VENDOR = "vonage-audio-connector-server==0.1.1"


@contextmanager
def running(command: list[str], **environment: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Run a server that prints its port; yield its address, and what reads what it prints next."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}, cwd=HERE)
    assert process.stdout is not None
    lines = process.stdout
    try:
        yield f"ws://127.0.0.1:{int(lines.readline())}/agent", lambda: json.loads(lines.readline())
    finally:
        process.terminate()
        process.wait(10)
        lines.close()


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command of the vendor's server."""
    folder = tmp_path_factory.mktemp("vendor")
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", VENDOR], check=True, timeout=300)
    return [str(folder / "bin" / "python"), str(HERE / "vendor_server.py")]


@pytest.mark.parametrize(("rate", "size"), [(8000, 320), (16000, 640)])
def test_the_vendors_server_gets_every_frame_and_its_echo_is_heard(
    tenant: RealTenant, vendor: list[str], rate: int, size: int
) -> None:
    session = tenant.session(join=1)
    (stream,) = tenant.streams(session)
    speech = ramp(500, rate)
    with running(vendor) as (uri, told):
        response = tenant.ask(session, uri, audioRate=rate, bidirectional=True, headers={"room": "1"})
        ids = response.json()
        assert response.status_code == 200, response.text
        tenant.give(session, stream, speech, f"audio/l16;rate={rate}")
        expected = {"session": session, "connection": ids["connectionId"], "conference": ids["id"]}
        assert told() == {"ids": expected, "uri": "/agent"}
        first = {"room": "1", "event": "websocket:connected", "content-type": f"audio/l16;rate={rate}"}
        assert told() == {"text": first}
        assert told() == {"frames": 1000, "size": size}
        _, came = tenant.heard(ids["id"], "in")
        assert speech in came
        assert told() == {"frames": 1050, "size": size}
        assert told() == {"text": {"event": "websocket:cleared", "room": "1"}}
        tenant.call("POST", f"/connect/{ids['id']}/stop")
        assert told()["text"]["event"] == "websocket:disconnected"
        assert told() == {"end": 1000}


def test_an_echo_of_node_is_heard_and_its_texts_do_no_harm(tenant: RealTenant, tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs Node")
    subprocess.run(
        [npm, "install", "--silent", "--no-audit", "--no-fund", "ws@8"], cwd=tmp_path, check=True, timeout=300
    )
    session = tenant.session(join=1)
    (stream,) = tenant.streams(session)
    speech = ramp(50)
    with running([node, str(HERE / "node_echo.js")], NODE_PATH=str(tmp_path / "node_modules")) as (uri, _):
        connector = tenant.ask(session, uri, bidirectional=True).json()["id"]
        tenant.give(session, stream, speech)
        tenant.wait_for("connector.silent")
        assert speech in tenant.heard(connector, "in")[1]
        assert b"websocket" not in tenant.heard(connector, "in")[1]
