"""The emulator's process for tests: how it is started and ended, and what it must not see."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from emulator.client import Emulator, NotReachableError, RequestRefusedError
from emulator.testing import ServerFailedError, existing_server, running_server


def test_a_process_that_cannot_start_shows_what_it_printed() -> None:
    with pytest.raises(ServerFailedError, match=r"(?s)status 2:.*pase"), running_server("--pase", "instant"):
        pass


def test_a_process_that_is_not_ready_in_time_is_ended() -> None:
    with pytest.raises(ServerFailedError, match=r"not ready within 0 s"), running_server(start_seconds=0):
        pass


def test_it_is_gone_after_the_block_with_its_folder() -> None:
    with running_server() as server:
        assert server.ca is not None
        folder = server.ca.parent
        assert folder.is_dir()
    assert not folder.exists()
    with Emulator(server.http) as emulator, pytest.raises(NotReachableError):
        emulator.info()


def test_it_sees_neither_the_modules_nor_the_settings_of_the_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("state", "emulator", "scenarios", "fastapi"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the project')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("VONAGE_EMULATOR_PACE", "realistic")
    with running_server("--no-https", environment={"VONAGE_EMULATOR_CONTRACT": "spec"}) as server:
        info = server.emulator.info()
        assert (info["pace"], info["contract"]) == ("fast", "spec")
        assert (server.https, server.ca) == ("", None)
        assert set(server.trust) == {"NO_PROXY", "no_proxy"}


def test_what_it_keeps_stays_in_the_folder_that_is_given(tmp_path: Path) -> None:
    with running_server(folder=tmp_path) as server:
        assert server.ca == tmp_path / "data" / "ca.pem"
    assert (tmp_path / "server.log").read_text().startswith("Vonage Video API emulator")


def test_a_closed_control_api_is_opened_with_its_token() -> None:
    with running_server("--control-token", "sesame") as server:
        assert server.emulator.applications() is not None
        with Emulator(server.http) as stranger, pytest.raises(RequestRefusedError) as refused:
            stranger.applications()
        assert refused.value.status == 401
        with existing_server(f"{server.http}/", token="sesame") as same:
            assert same.emulator.info() == server.emulator.info()


def test_the_token_may_be_in_a_file_of_settings(tmp_path: Path) -> None:
    config = tmp_path / "emulator.yaml"
    config.write_text("control-token: sesame")
    with running_server("--config", str(config), "--no-https") as server:
        assert server.token == "sesame"
        assert server.emulator.applications() is not None


def test_one_that_runs_already_is_used_over_https_too() -> None:
    with running_server() as server, existing_server(server.http.replace("127.0.0.1", "localhost")) as same:
        assert (same.https, same.https_host) == (server.https, server.https_host)
        assert same.ca is not None
        with Emulator(same.https, ca=same.ca) as emulator:
            assert emulator.info() == server.emulator.info()
        assert same.trust["REQUESTS_CA_BUNDLE"] == str(same.trusted)
        assert "localhost" in same.trust["NO_PROXY"].split(",")
        emulator_is_closed = same.emulator
        emulator_is_closed.info()
    with pytest.raises(RuntimeError, match="closed"):
        emulator_is_closed.info()
    assert not same.ca.exists()
    assert same.trusted is not None
    assert not same.trusted.exists()


def test_https_may_be_reached_at_a_mapped_port() -> None:
    with (
        running_server() as server,
        forwarder(urlsplit(server.https).port or 0) as port,
        existing_server(server.http, https_url=f"https://localhost:{port}/") as mapped,
    ):
        assert mapped.https_host == f"localhost:{port}"
        with Emulator(mapped.https, ca=mapped.ca) as emulator:
            assert emulator.info()["version"] == server.emulator.info()["version"]


@contextlib.contextmanager
def forwarder(to: int) -> Iterator[int]:
    """Map a free port to another of this machine, as a container engine does."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", to), timeout=10) as there:
                back = threading.Thread(target=pour, args=(there, self.request), daemon=True)
                back.start()
                pour(self.request, there)
                back.join(10)

    def pour(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        yield listening.server_address[1]
        listening.shutdown()
        thread.join()


def test_trust_is_what_http_clients_need(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server() as server:
        for name, value in server.trust.items():
            monkeypatch.setenv(name, value)
        assert httpx.get(f"{server.https}/_emulator/health").status_code == 200


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"])
def test_what_was_trusted_before_still_is(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server() as company:
        monkeypatch.setenv(variable, str(company.ca))
        monkeypatch.setenv("NO_PROXY", "company.test")
        with running_server() as server, existing_server(server.http) as same:
            for used in (server, same):
                with monkeypatch.context() as patched:
                    for name, value in used.trust.items():
                        patched.setenv(name, value)
                    assert "company.test" in os.environ["no_proxy"].split(",")
                    for url in (used.https, company.https):
                        assert httpx.get(f"{url}/_emulator/health").status_code == 200
