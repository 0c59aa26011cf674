"""Every row of "When it does not work" is provoked, and the message that it promises is read."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest

from emulator import wellknown
from emulator.server.listeners import ListenError, listen
from emulator.testing import Server, running_server
from emulator.tls import prepare
from emulator.tls.files import TlsError
from tests.emulator.local import NOBODY, rest_token
from tests.eventually import eventually

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
SYMPTOMS = [
    row.partition(" | ")[0].removeprefix("| ")
    for part in PAGE.partition("## No connection")[2].split("\n## ")
    for row in part.split("|---|---|---|\n")[1].splitlines()
    if row.startswith("| ")
]
APP = wellknown.APPLICATION_ID
ARCHIVES = f"/v2/project/{APP}/archive"

Provoke = Callable[[Server], str]
PROVOKED: dict[str, Provoke] = {}


def provokes(symptom: str) -> Callable[[Provoke], Provoke]:
    """Register what shows the message of the row that begins so."""

    def register(provoke: Provoke) -> Provoke:
        PROVOKED[symptom] = provoke
        return provoke

    return register


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server("--control-token", "secret") as server:
        yield server


def test_every_row_is_provoked() -> None:
    assert [symptom.split(", ")[0] for symptom in SYMPTOMS] == list(PROVOKED)


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_a_symptom_reads_as_the_page_says(server: Server, symptom: str) -> None:
    message = PROVOKED[symptom.split(", ")[0]](server)
    words = re.findall(r"`([^`]+)`", symptom)
    if words:
        assert any(each in message for each in words), message
    status = re.match(r"\d+", symptom)
    assert status is None or message.startswith(status[0]), message


def test_every_text_of_a_refused_token_is_on_the_page() -> None:
    source = (ROOT / "emulator" / "auth" / "rest_tokens.py").read_text()
    source += (ROOT / "emulator" / "auth" / "strict.py").read_text()
    texts = re.findall(r'_refuse\("([^"]+)"', source) + re.findall(r'ErrorBody\(403, "([^"]+)"', source)
    assert len(set(texts)) >= 9
    assert [text for text in texts if f"`{text}`" not in PAGE] == []


# Connections


def _failed(url: str, **options: Any) -> str:
    with pytest.raises(httpx.TransportError) as error:
        httpx.get(url, trust_env=False, **options)
    return str(error.value)


@provokes("`WRONG_VERSION_NUMBER`")
def _(server: Server) -> str:
    return _failed(server.http.replace("http:", "https:"))


@provokes("`This port speaks HTTPS`")
def _(server: Server) -> str:
    return httpx.get(server.https.replace("https:", "http:"), trust_env=False).text


@provokes("`CERTIFICATE_VERIFY_FAILED`")
def _(server: Server) -> str:
    return _failed(server.https)


@provokes("`Hostname mismatch`")
def _(server: Server) -> str:
    context = ssl.create_default_context(cafile=str(server.ca))
    with (
        socket.create_connection(("127.0.0.1", urlsplit(server.https).port or 0)) as plain,
        pytest.raises(ssl.SSLCertVerificationError) as error,
    ):
        context.wrap_socket(plain, server_hostname="emulator.test")
    return str(error.value)


@provokes("`UNABLE_TO_VERIFY_LEAF_SIGNATURE`")
def _(server: Server) -> str:
    return _node(f"fetch({server.https!r}).catch((error) => console.log(error.cause.code))")


@provokes("`PKIX path building failed`")
def _(server: Server) -> str:
    if not all(map(shutil.which, ("java", "javac"))):
        pytest.skip("needs a JDK")
    source = Path(str(server.ca)).with_name("Ask.java")
    source.write_text(
        "class Ask { public static void main(String[] a) throws Exception {"
        f' new java.net.URL("{server.https}").openConnection().getInputStream(); }} }}'
    )
    return subprocess.run(["java", str(source)], capture_output=True, text=True, timeout=120).stderr


@provokes("`ECONNREFUSED`")
def _(server: Server) -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return _failed(f"http://127.0.0.1:{port}")


@provokes("`socket hang up`")
def _(server: Server) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.http).port, timeout=10)
    fault = {"X-Emulator-Fault-Request": "emptyReply"}
    connection.request("GET", ARCHIVES, headers={"Authorization": f"Bearer {_token()}", **fault})
    with pytest.raises(http.client.RemoteDisconnected) as error:
        connection.getresponse()
    return type(error.value).__name__


@provokes("`ProxyError`")
def _(server: Server) -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        proxy = f"http://127.0.0.1:{taken.getsockname()[1]}"
    variables = {"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": ""}
    asking = f"import requests; requests.get({server.http!r})"
    command = [sys.executable, "-c", asking]
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True).stderr


@provokes("`port 8080 of 127.0.0.1 is in use`")
def _(server: Server) -> str:
    port = urlsplit(server.http).port or 0
    with pytest.raises(ListenError) as error:
        listen("localhost", port, None)
    return str(error.value).replace(str(port), "8080")


@provokes("`cannot keep the certificate authority in`")
def _(server: Server) -> str:
    with pytest.raises(TlsError) as error:
        prepare.ensure(Path(str(server.ca)) / "below-a-file")
    return str(error.value)


def _node(program: str) -> str:
    if shutil.which("node") is None:
        pytest.skip("needs Node")
    return subprocess.run(["node", "-e", program], capture_output=True, text=True, timeout=60).stdout


# Tokens


def _token(**claims: Any) -> str:
    return rest_token(wellknown.PRIVATE_KEY, claims.pop("application", APP), **claims)


def _asked(server: Server, token: str | None, path: str = ARCHIVES, **headers: str) -> str:
    given = {"Authorization": f"Bearer {token}"} if token is not None else {}
    response = httpx.get(f"{server.http}{path}", headers={**given, **headers}, trust_env=False)
    return f"{response.status_code} {response.text}"


def _refused(symptom: str, token: Callable[[], str | None], **headers: str) -> None:
    PROVOKED[f"403 `{symptom}`"] = lambda server: _asked(server, token(), **headers)


def _now() -> int:
    return int(time.time())


OPENTOK = {"iss": "my project", "iat": _now(), "exp": _now() + 60, "ist": "project"}

_refused("No suitable authentication found", lambda: None)
_refused("Invalid token format", lambda: "abc")
_refused("Invalid signature", lambda: jwt.encode({"application_id": APP, "iat": _now()}, "x" * 32, algorithm="HS256"))
_refused("Invalid issuer format", lambda: jwt.encode(OPENTOK, "x" * 32, algorithm="HS256"))
_refused("Issuer not found", lambda: _token(application=NOBODY))
PROVOKED["403 `Id in the token does not match the id provided in the url`"] = lambda server: _asked(
    server, _token(), f"/v2/project/{NOBODY}/archive"
)
_refused("Unauthorized token", lambda: _token(scope="session.connect"))
_refused("Token has expired", lambda: _token(iat=_now() - 100, exp=_now() - 50))
_refused("Token is not valid yet", lambda: _token(nbf=_now() + 100))
_refused("issued time cannot be greater than current time", lambda: _token(iat=_now() + 100))
_refused("Token has neither iat nor exp", lambda: _token(iat=None, exp=None))


# The control API, and what is not there


@provokes("421 `is not one of the emulator's`")
def _(server: Server) -> str:
    return _asked(server, "secret", "/_emulator/info", Host="emulator.example")


@provokes("403 `is another site than the emulator`")
def _(server: Server) -> str:
    return _asked(server, "secret", "/_emulator/info", Origin="https://shop.example")


@provokes("401 `the control API asks for a token`")
def _(server: Server) -> str:
    return _asked(server, None, "/_emulator/info")


@provokes("404 `No clients are actively connected`")
def _(server: Server) -> str:
    headers = {"Authorization": f"Bearer {_token()}", "Accept": "application/json"}
    with httpx.Client(base_url=server.http, headers=headers, trust_env=False) as client:
        session = client.post("/session/create").json()[0]["session_id"]
        response = client.post(ARCHIVES, json={"sessionId": session})
    return f"{response.status_code} {response.text}"


@provokes("404 `There is no such path`")
def _(server: Server) -> str:
    return _asked(server, _token(), f"/api{ARCHIVES}")


@provokes("400 `there is no such query parameter`")
def _(server: Server) -> str:
    return _asked(server, "secret", f"/_emulator/applications/{APP}/events?typ=archive")


@provokes("a callback that never comes")
def _(server: Server) -> str:
    application = server.emulator.application(
        "deaf", pace="instant", webhooks={"session_created": {"address": "http://127.0.0.1:9/hook"}}
    )
    headers = {"Authorization": f"Bearer {rest_token(application.private_key, application.id)}"}
    session = httpx.post(f"{server.http}/session/create", headers=headers, trust_env=False).json()[0]["session_id"]
    application.join(session)
    url = f"{server.http}/_emulator/applications/{application.id}/callbacks?wait=10"
    sent = httpx.get(url, headers={"Authorization": "Bearer secret"}, trust_env=False, timeout=30).json()["items"]
    assert sent[0]["url"] == "http://127.0.0.1:9/hook"
    log = Path(str(server.ca)).parents[1] / "server.log"
    eventually(lambda: "failed (refused)" in log.read_text(), "the attempt is in the log")
    line = next(line for line in log.read_text().splitlines() if " callback " in line)
    attempt = "callback session.created to http://127.0.0.1:9/hook no response attempt=1"
    assert f"{attempt} application={application.id}" in line
    assert " WARNING " in line
    return line
