"""Where the emulator runs: shells, proxies, both families of addresses, any user, health checks."""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from emulator import __version__
from emulator.cli import health
from emulator.control import info
from emulator.launch import process
from emulator.launch.environment import write_bundle
from emulator.server.listeners import listen
from emulator.settings import ENV_PREFIX
from emulator.testing import Server, running_server
from emulator.tls import prepare
from emulator.tls.files import TlsError
from tests.emulator.local import emulator
from tests.emulator.test_mistakes import LINKS

ROOT = Path(__file__).parents[2]


def run(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command with `folder` for a home, and none of the emulator's variables but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    return subprocess.run(
        [sys.executable, "-m", "emulator", *arguments],
        env=kept | {"HOME": str(folder)} | variables,
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=60,
    )


# health


def test_health_loads_nothing_that_it_does_not_need(server: Server) -> None:
    program = f"""
import sys
before = set(sys.modules)
sys.argv = ["x", "health", "--url", {server.http!r}]
from emulator.cli.start import main
try:
    main()
except SystemExit as end:
    assert end.code == 0, end.code
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {
        "__future__", "_socket", "emulator", "emulator.cli", "emulator.cli.health", "emulator.cli.start",
        "emulator.launch", "emulator.launch.addresses",
    }  # fmt: skip


@contextlib.contextmanager
def responding(response: bytes) -> Iterator[str]:
    """Run a server that responds with these bytes to whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    with client:
                        client.recv(1000)
                        client.sendall(response)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def words(url: str, seconds: float = 2.0, ca: str | None = None) -> str:
    with pytest.raises(health.UnwellError) as error:
        health.ask(url, seconds, ca)
    return str(error.value)


def test_health_over_https_trusts_the_emulator(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    health.ask(server.https, 2.0, str(server.ca))
    assert server.ca is not None
    monkeypatch.setenv("VONAGE_EMULATOR_DATA_DIR", str(server.ca.parent))
    health.ask(server.https, 2.0)
    monkeypatch.setenv("VONAGE_EMULATOR_DATA_DIR", str(tmp_path))
    assert "its certificate is not trusted" in words(server.https)
    assert "--ca" in words(server.https)
    assert "No such file" in words(server.https, ca=str(tmp_path / "none.pem"))


def test_health_says_in_words_what_is_wrong(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert words(url, 0.1) == f"{url}/_emulator/health: no response within 0.1 s"
    assert words(url) == f"{url}/_emulator/health: nobody listens there: does the emulator run, and on that port?"
    assert words("localhost:8080") == "localhost:8080: write it with its scheme, as http://localhost:8080"
    assert "the name nosuch.invalid is not known" in words("http://nosuch.invalid:1")
    assert "x is no port" in words("http://localhost:x")
    assert "99999 is no port" in words("http://localhost:99999")
    port = urlsplit(server.https).port
    assert f"responded with 400: This port speaks HTTPS, and the client speaks plain HTTP: ask {server.https}" in words(
        f"http://127.0.0.1:{port}"
    )
    assert "that port speaks plain HTTP" in words(server.http.replace("http:", "https:"))
    with responding(b"SSH-2.0-OpenSSH\r\n") as url:
        assert words(url).endswith("responded with something that is no HTTP")
    with responding(b'HTTP/1.1 421 Misdirected Request\r\n\r\n{"error": {"message": "Host x"}}') as url:
        assert words(url).endswith("responded with 421: Host x")
    with responding(b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>") as url:
        assert words(url).endswith("responded with 502")


def test_a_check_lasts_once_the_emulator_is_not_young_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with emulator() as client:
        assert client.get("/_emulator/health?watch=60").json() == {"status": "ok"}  # young: at once
        monkeypatch.setattr(info, "YOUNG_SECONDS", 0.0)
        watching = threading.Thread(target=lambda: seen.append(client.get("/_emulator/health?watch=0.5").json()))
        seen: list[Any] = []
        watching.start()
        assert client.get("/_emulator/health").json() == {"status": "ok"}  # others are answered meanwhile
        assert not seen
        watching.join()
        assert seen == [{"status": "ok"}]
        assert client.get("/_emulator/health?watch=61").status_code == 400


@pytest.mark.parametrize(
    ("last_words", "said"),
    [
        (b'HTTP/1.1 503 Service Unavailable\r\n\r\n{"error": {"message": "stopping"}}', "responded with 503: stopping"),
        (b"", "the connection ended without a response"),
    ],
)
def test_who_watches_is_told_at_once_when_the_emulator_ends(last_words: bytes, said: str) -> None:
    with responding(last_words) as url, pytest.raises(health.UnwellError) as error:
        health.ask(url, 2.0, watch=30)
    assert str(error.value).endswith(said)


def test_an_emulator_that_ends_keeps_nobody_waiting_who_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "YOUNG_SECONDS", 0.0)
    with emulator() as client:
        services = client.app.state.services  # type: ignore[attr-defined]
        client.portal.call(services.stopping.set)  # type: ignore[union-attr]
        assert client.get("/_emulator/health?watch=60").status_code == 503


def test_health_knows_where_the_emulator_is_configured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Server
) -> None:
    for name in list(os.environ):
        if name.startswith(ENV_PREFIX):
            monkeypatch.delenv(name)
    assert health.configured() == "http://127.0.0.1:8080"
    monkeypatch.setenv("VONAGE_EMULATOR_HOST", "*")
    monkeypatch.setenv("VONAGE_EMULATOR_HTTP_PORT", "18080")
    assert health.configured() == "http://127.0.0.1:18080"
    monkeypatch.delenv("VONAGE_EMULATOR_HTTP_PORT")
    path = tmp_path / "emulator.yaml"
    path.write_text("httpPort: 28080\nhost: ::1")
    assert health.configured(str(path)) == "http://127.0.0.1:28080"
    monkeypatch.delenv("VONAGE_EMULATOR_HOST")
    assert health.configured(str(path)) == "http://[::1]:28080"
    monkeypatch.setenv("VONAGE_EMULATOR_HTTP_PORT", LINKS["VONAGE_EMULATOR_HTTP_PORT"])
    assert health.configured() == "http://127.0.0.1:8080"
    with pytest.raises(health.UnwellError, match=r"none\.yaml: No such file"):
        health.configured("none.yaml")


@pytest.mark.parametrize("command", [("health",), ("env", "shell"), ("token", "rest"), ("version",)])
def test_no_command_stumbles_over_service_links(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*command, folder=tmp_path, **LINKS)
    if command == ("health",):
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "127.0.0.1:8080/_emulator/health: " in done.stderr
    else:
        assert (done.returncode, done.stderr) == (0, "")


# Shells


def test_the_version_is_an_option_too(tmp_path: Path) -> None:
    assert run("--version", folder=tmp_path).stdout == f"vonage-video-emulator {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_completes(shell: str, tmp_path: Path) -> None:
    script = run("completion", shell, folder=tmp_path)
    assert script.returncode == 0, script.stderr
    assert "vonage-video-emulator" in script.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script.stdout, text=True, check=True)
    words = ["vonage-video-emulator", "env", "pyt"]
    asked = {
        "bash": {"COMP_WORDS": " ".join(words), "COMP_CWORD": "2"},
        "zsh": {"_TYPER_COMPLETE_ARGS": " ".join(words)},
        "fish": {"_TYPER_COMPLETE_ARGS": " ".join(words), "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = run(folder=tmp_path, _VONAGE_VIDEO_EMULATOR_COMPLETE=f"complete_{shell}", **asked)
    assert "python" in done.stdout
    assert "ruby" not in done.stdout


def test_an_unknown_shell_is_told_the_known_ones(tmp_path: Path) -> None:
    done = run("completion", "tcsh", folder=tmp_path)
    assert (done.returncode, done.stderr) == (2, "there is no completion for 'tcsh' (known: bash, zsh, fish)\n")


def exported(text: str) -> dict[str, str]:
    lines = [line.removeprefix("export ") for line in text.splitlines() if line.startswith("export ")]
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def test_a_shell_that_trusts_the_emulator_trusts_everybody_else_too(tmp_path: Path, server: Server) -> None:
    assert server.ca is not None
    other = tmp_path / "other.pem"
    prepare.ensure(tmp_path / "another")
    shutil.copy(tmp_path / "another" / "ca.pem", other)
    data = {"VONAGE_EMULATOR_DATA_DIR": str(server.ca.parent)}
    none = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), "")
    first = exported(run("env", "shell", folder=tmp_path, **data, **none | {"REQUESTS_CA_BUNDLE": str(other)}).stdout)
    bundle = Path(first["REQUESTS_CA_BUNDLE"])
    content = bundle.read_text()
    assert server.ca.read_text().strip() in content
    assert other.read_text().strip() in content
    assert {first[name] for name in none} == {str(bundle)}
    httpx.get(server.https, verify=ssl.create_default_context(cafile=str(bundle)), trust_env=False)
    # A second time, in the shell that has them: neither is lost what was trusted, nor does the file grow.
    again = exported(run("env", "shell", folder=tmp_path, **data, **dict.fromkeys(none, str(bundle))).stdout)
    assert again["REQUESTS_CA_BUNDLE"] == str(bundle)
    assert other.read_text().strip() in bundle.read_text()
    assert bundle.read_text().count(server.ca.read_text().strip()) == 1


def test_without_a_place_for_it_the_authority_stands_alone_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = run("env", "shell", folder=tmp_path, VONAGE_EMULATOR_DATA_DIR=str(tmp_path / "data"))
    assert "stands alone" in done.stdout.splitlines()[0]
    assert exported(done.stdout)["REQUESTS_CA_BUNDLE"] == str(tmp_path / "data" / "ca.pem")


def test_a_bundle_is_written_at_once_or_not_at_all(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("one")
    bundle = write_bundle(ca, tmp_path)
    before = bundle.stat().st_ino
    assert write_bundle(ca, tmp_path).stat().st_ino == before
    ca.write_text("two")
    assert write_bundle(ca, tmp_path).read_text().endswith("two")
    assert [each.name for each in sorted(tmp_path.iterdir())] == ["ca.pem", "trusted.pem"]


# Proxies


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(("language", "mark"), [("python", "#"), ("node", "//"), ("java", "//")])
def test_where_a_proxy_is_set_a_recipe_keeps_it_out_of_the_way(
    variable: str, language: str, mark: str, tmp_path: Path
) -> None:
    none = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"), "")
    hosts = {"NO_PROXY": "intern.test", "no_proxy": ""}
    set_ = run("env", language, folder=tmp_path, **none | hosts | {variable: "http://proxy:3128"})
    assert set_.stdout.startswith(f"{mark} {variable} is set: ")
    assert f"{mark} export NO_PROXY=intern.test,localhost,127.0.0.1 no_proxy=" in set_.stdout
    assert "PROXY" not in run("env", language, folder=tmp_path, **none | hosts).stdout


def test_a_proxy_is_not_asked_for_the_emulator_with_what_env_says(server: Server, tmp_path: Path) -> None:
    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(502)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        proxied = {
            "HTTP_PROXY": f"http://127.0.0.1:{proxy.server_port}",
            "http_proxy": f"http://127.0.0.1:{proxy.server_port}",
            "NO_PROXY": "",
            "no_proxy": "",
        }
        said = exported(run("env", "shell", "--http-url", server.http, folder=tmp_path, **proxied).stdout)
        asking = f"import httpx; print(httpx.get({server.http + '/_emulator/health'!r}).status_code)"
        statuses = [
            subprocess.run(
                [sys.executable, "-c", asking], env={**os.environ, **proxied, **more}, capture_output=True, text=True
            ).stdout.strip()
            for more in ({}, {name: said[name] for name in ("NO_PROXY", "no_proxy")})
        ]
        proxy.shutdown()
    assert statuses == ["502", "200"]


# Addresses


def _reachable(address: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=2):
        return True
    return False


ipv6 = pytest.mark.skipif(not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6"), reason="needs IPv6")


@ipv6
@pytest.mark.parametrize(
    ("host", "reached"),
    [("*", {"127.0.0.1", "::1"}), ("::", {"127.0.0.1", "::1"}), ("localhost", {"127.0.0.1", "::1"}),
     ("0.0.0.0", {"127.0.0.1"}), ("127.0.0.1", {"127.0.0.1"}), ("::1", {"::1"})],
)  # fmt: skip
def test_an_address_is_of_one_family_or_of_both(host: str, reached: set[str]) -> None:
    listeners = listen(host, 0, None)
    try:
        port = listeners.http[0].getsockname()[1]
        assert {address for address in ("127.0.0.1", "::1") if _reachable(address, port)} == reached
    finally:
        listeners.close()


def test_every_interface_is_not_every_name() -> None:
    with running_server("--host", "*") as server:
        assert server.http.startswith("http://127.0.0.1:")
        asked = {host: httpx.get(f"{server.http}/_emulator/health", headers={"Host": host}, trust_env=False).status_code
                 for host in ("127.0.0.1", "emulator", "evil.example")}  # fmt: skip
    assert asked == {"127.0.0.1": 200, "emulator": 200, "evil.example": 421}


# Users


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes somebody else")
@pytest.mark.parametrize("below", ["", "data"])
def test_a_folder_of_somebody_else_is_told_with_both_users(tmp_path: Path, below: str) -> None:
    for each in (tmp_path, *tmp_path.parents):
        if each.stat().st_uid == 0 and each != Path("/"):
            each.chmod(each.stat().st_mode | 0o555)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgid(4321)
            os.setuid(1234)
            prepare.ensure(tmp_path / below if below else tmp_path)
        except TlsError as error:
            owner = f"belongs to user {tmp_path.stat().st_uid}:{tmp_path.stat().st_gid} with mode "
            status = 0 if owner in str(error) and "this is user 1234:4321" in str(error) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_of_a_long_log_the_end_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    for text, shown in (("", "(no output)"), ("short", "short"), ("x" * 30_000 + "the end", "the end")):
        log.write_text(text)
        said = process._text(log)
        assert said.endswith(shown)
        assert len(said) <= process.MAX_SHOWN + 1
