"""The command line, run as a developer runs it: in processes of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest

from emulator import __version__, wellknown
from emulator.cli.recipes import RECIPES
from emulator.settings import Settings

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "emulator"]
HEALTH = "/_emulator/health"


@dataclass
class Home:
    """A user's environment without any of the emulator's variables."""

    path: Path
    variables: dict[str, str]

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments], env=self.variables | variables, cwd=ROOT, text=True, capture_output=True, timeout=60
        )

    @contextlib.contextmanager
    def serving(self, *arguments: str, **variables: str) -> Iterator[Serving]:
        ready = self.path / "ready.json"
        command = [*COMMAND, "serve", "--http-port", "0", "--https-port", "0", "--ready-file", str(ready), *arguments]
        process = subprocess.Popen(
            command,
            env=self.variables | variables,
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            deadline = time.monotonic() + 30
            while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            if not ready.exists():
                process.kill()
                pytest.fail("".join(process.communicate()))
            yield Serving(process, json.loads(ready.read_text()), ready)
        finally:
            process.kill()
            process.communicate()


@dataclass
class Serving:
    """A running `serve`."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    ready_file: Path

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
        self.process.send_signal(number)
        return self.process.communicate(timeout=30)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("VONAGE_EMULATOR_")}
    return Home(tmp_path, kept | {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "COLUMNS": "200"})


def status(url: str, ca: str | None = None) -> int:
    context = ssl.create_default_context(cafile=ca) if ca else None
    handlers = [urllib.request.ProxyHandler({}), *([urllib.request.HTTPSHandler(context=context)] if context else [])]
    with urllib.request.build_opener(*handlers).open(url, timeout=10) as answer:
        return int(answer.status)


def test_serve_answers_over_http_and_https_and_says_where(home: Home) -> None:
    with home.serving() as serving:
        ready = serving.ready
        assert ready["pid"] == serving.process.pid
        assert ready["ca"] == str(home.path / ".vonage-video-emulator" / "ca.pem")
        assert status(ready["http"] + HEALTH) == 200
        assert status(ready["https"] + HEALTH, ready["ca"]) == 200
        printed, _ = serving.stop()
    http_port, https_port = (url.rsplit(":", 1)[1] for url in (ready["http"], ready["https"]))
    for part in (
        f"http://localhost:{http_port}\n",
        f"https://localhost:{https_port}\n",
        f"http://localhost:{http_port}/docs",
        f"live page    http://localhost:{http_port}/_emulator/\n",
        f"http://localhost:{http_port}/_emulator",
        ready["ca"],
        "REQUESTS_CA_BUNDLE",
        wellknown.APPLICATION_ID,
        wellknown.API_KEY,
        wellknown.API_SECRET,
        "unofficial; not affiliated with Vonage",
    ):
        assert part in printed
    key_file = re.search(r"private key +(\S+)", printed)
    assert key_file
    assert Path(key_file[1]).read_text() == wellknown.PRIVATE_KEY


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_serve_without_noise_and_leaves_no_ready_file(home: Home, number: signal.Signals) -> None:
    with home.serving() as serving:
        _, errors = serving.stop(number)
        assert (serving.process.returncode, errors, serving.ready_file.exists()) == (0, "", False)


@pytest.mark.parametrize(("flags", "token"), [((), None), (("--control-token", "x"), "x")])
def test_a_ready_file_is_for_its_owner_alone(home: Home, flags: tuple[str, ...], token: str | None) -> None:
    with home.serving("--no-https", *flags) as serving:
        assert serving.ready["control_token"] == token
        assert serving.ready_file.stat().st_mode & 0o777 == 0o600


def test_a_kept_alive_connection_does_not_delay_the_end(home: Home) -> None:
    with home.serving() as serving:
        port = int(serving.ready["http"].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET /_emulator/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
            _, errors = serving.stop()
        assert (serving.process.returncode, errors) == (0, "")


def test_localhost_is_served_by_every_loopback_address(home: Home) -> None:
    with home.serving() as serving:
        port = int(serving.ready["http"].rsplit(":", 1)[1])
        for address in {info[4][0] for info in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}:
            with socket.create_connection((str(address), port), timeout=10):
                pass


def test_without_https_nothing_of_it_is_made(home: Home) -> None:
    with home.serving("--no-https") as serving:
        assert (serving.ready["https"], serving.ready["ca"]) == (None, None)
        printed, _ = serving.stop()
    assert "https://" not in printed
    assert not (home.path / ".vonage-video-emulator" / "ca.pem").exists()


def test_a_flag_wins_over_a_variable(home: Home) -> None:
    with home.serving("--no-https", VONAGE_EMULATOR_HTTPS="true", VONAGE_EMULATOR_HTTP_PORT="1") as serving:
        assert serving.ready["https"] is None
        assert not serving.ready["http"].endswith(":1")


def test_a_variable_wins_over_the_file(home: Home) -> None:
    config = home.path / "emulator.yaml"
    config.write_text(f"https: true\ndataDir: {home.path / 'file'}\n")
    with home.serving("--config", str(config), VONAGE_EMULATOR_DATA_DIR=str(home.path / "variable")) as serving:
        assert serving.ready["ca"] == str(home.path / "variable" / "ca.pem")


@pytest.mark.parametrize("flag", ["--http-port", "--https-port"])
def test_a_port_in_use_is_one_line_that_names_port_and_flag(home: Home, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = home.run("serve", "--http-port", "0", "--https-port", "0", flag, port)
    assert result.returncode == 2
    assert re.fullmatch(rf"port {port} of 127\.0\.0\.1 is in use: .*{flag} or VONAGE_\w+ .*\n", result.stderr)


def test_an_address_that_is_not_this_machine_is_explained(home: Home) -> None:
    result = home.run("serve", "--host", "192.0.2.1", "--http-port", "0")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "--host or VONAGE_EMULATOR_HOST" in result.stderr


def test_a_data_folder_that_cannot_be_written_stops_https_only(home: Home) -> None:
    (home.path / "file").write_text("not a folder")
    folder = str(home.path / "file" / "data")
    result = home.run("serve", "--http-port", "0", "--https-port", "0", "--data-dir", folder)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert folder in result.stderr
    assert "--no-https" in result.stderr
    with home.serving("--data-dir", folder, "--no-https") as serving:
        assert status(serving.ready["http"] + HEALTH) == 200


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--store", "sqlite"], "--store: must be memory, sqlite:///FILE"),
        (["--contract", "cloud"], "--contract: Input should be 'service' or 'spec' (got 'cloud')\n"),
        (["--http-port", "70000"], "--http-port: Input should be less than or equal to 65535 (got 70000)\n"),
        (["--tls-name", "two words"], "'two words' cannot be a name of the HTTPS certificate"),
        (["--config", "none.yaml"], "none.yaml: No such file or directory\n"),
        (["--ready-file", "none/ready.json"], "--ready-file none/ready.json: there is no folder"),
    ],
)
def test_serve_refuses_what_it_cannot_do(home: Home, arguments: list[str], complaint: str) -> None:
    result = home.run("serve", "--http-port", "0", "--https-port", "0", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(complaint)


def test_every_flag_names_its_variable_and_its_true_default(home: Home) -> None:
    text = " ".join(home.run("serve", "--help").stdout.split())
    documented = re.findall(r"\(VONAGE_EMULATOR_(\w+); default: ([^)]*)\)", text)
    assert len(documented) == text.count("VONAGE_EMULATOR_") - 1  # one more is in the examples
    special = {
        "CONFIG": "none",
        "SEED_FILE": "none",
        "PUBLIC_URL": "what the request asked for",
        "CONTROL_TOKEN": "none, open",
    }
    for name, default in documented:
        expected = special.get(name) or Settings.model_fields[name.lower()].default
        assert default == ("none" if expected == [] else str(expected).lower() if expected is True else str(expected))


def test_health_is_silent_and_0_while_the_emulator_answers_and_1_with_a_line_after(home: Home) -> None:
    with home.serving("--no-https") as serving:
        url = serving.ready["http"]
        well = home.run("health", "--url", url, http_proxy="http://127.0.0.1:1")
        port = home.run("health", VONAGE_EMULATOR_HTTP_PORT=url.rsplit(":", 1)[1])
        serving.stop()
    gone = home.run("health", "--url", url)
    assert (well.returncode, well.stdout, well.stderr) == (0, "", "")
    assert (port.returncode, port.stdout, port.stderr) == (0, "", "")
    assert (gone.returncode, gone.stdout, gone.stderr.count("\n")) == (1, "", 1)
    assert gone.stderr.startswith(f"{url}/_emulator/health: ")


@pytest.mark.parametrize("language", RECIPES)
def test_a_recipe_names_the_emulator_and_leaves_no_placeholder(home: Home, language: str) -> None:
    result = home.run(
        "env",
        language,
        "--http-url",
        "http://emulator:1080/",
        "--https-url",
        "https://emulator:1443",
        "--ca",
        "/data/ca.pem",
        "--private-key",
        "/data/well-known.key",
    )
    assert result.returncode == 0
    assert "emulator:1080" in result.stdout or "emulator:1443" in result.stdout
    assert "emulator:1080//" not in result.stdout
    assert not re.search(r"\$(http|https|ca|key|application|api)\w*", result.stdout)


def test_a_recipe_follows_the_settings(home: Home) -> None:
    result = home.run("env", "ruby", VONAGE_EMULATOR_HTTPS_PORT="9443", VONAGE_EMULATOR_DATA_DIR="/srv/emulator")
    for part in ("'localhost:9443'", "'/srv/emulator/ca.pem'", "'/srv/emulator/well-known.key'"):
        assert part in result.stdout


def test_an_unknown_language_is_refused_with_the_nearest(home: Home) -> None:
    result = home.run("env", "pyton")
    assert (result.returncode, result.stdout) == (2, "")
    assert "did you mean python?" in result.stderr
    assert all(language in result.stderr for language in RECIPES)


def test_the_python_recipe_makes_the_unmodified_sdks_talk_to_the_emulator(home: Home) -> None:
    with home.serving() as serving:
        ready = serving.ready
        lines = home.run(
            "env", "python", "--http-url", ready["http"], "--https-url", ready["https"]
        ).stdout.splitlines()
        exports = dict(re.findall(r'^export (\w+)="(.*)"$', "\n".join(lines), re.MULTILINE))
        code = [line for line in lines if not line.startswith("export ")]
        code += ["print(client.video.create_session().session_id)", "print(opentok.create_session().session_id)"]
        result = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", "\n".join(code)],
            env=home.variables | exports,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.returncode == 0, result.stderr
    assert [identifier[:2] for identifier in result.stdout.split()] in (["1_", "1_"], ["2_", "2_"], ["1_", "2_"])


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_curl_recipe_runs_as_printed(home: Home) -> None:
    program = home.path / "bin" / "vonage-video-emulator"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncd "{ROOT}" && exec "{sys.executable}" -m emulator "$@"\n')
    program.chmod(0o755)
    with home.serving() as serving:
        ready = serving.ready
        script = home.run("env", "curl", "--http-url", ready["http"], "--https-url", ready["https"]).stdout
        path = f"{program.parent}{os.pathsep}{home.variables['PATH']}"
        result = subprocess.run(
            ["sh", "-e"],
            input=script.replace("curl ", "curl --fail --silent --noproxy '*' "),
            env=home.variables | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("session_id") == 2
    assert '"count"' in result.stdout


def test_the_compose_example_runs_to_its_end(home: Home) -> None:
    with home.serving() as serving:
        ready = serving.ready
        variables = {
            "EMULATOR_HTTP": ready["http"],
            "EMULATOR_HTTPS_HOST": ready["https"].removeprefix("https://"),
            "REQUESTS_CA_BUNDLE": ready["ca"],
        }
        result = subprocess.run(
            [sys.executable, "-W", "ignore", str(ROOT / "examples" / "compose" / "example.py")],
            env=home.variables | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].endswith(" available")


def test_a_rest_token_is_signed_by_the_well_known_key(home: Home) -> None:
    claims = jwt.decode(home.run("token", "rest").stdout.strip(), wellknown.PUBLIC_KEY, algorithms=["RS256"])
    assert claims["application_id"] == wellknown.APPLICATION_ID
    assert claims["exp"] - claims["iat"] == 900


def test_an_opentok_rest_token_is_signed_by_the_well_known_secret(home: Home) -> None:
    token = home.run("token", "rest", "--opentok", "--ttl", "60").stdout.strip()
    claims = jwt.decode(token, wellknown.API_SECRET, algorithms=["HS256"])
    assert (claims["iss"], claims["ist"], claims["exp"] - claims["iat"]) == (wellknown.API_KEY, "project", 60)


def test_a_token_of_another_application_needs_its_key(home: Home) -> None:
    key = home.path / "private.key"
    key.write_text(wellknown.PRIVATE_KEY)
    refused = home.run("token", "rest", "--application", "another")
    token = home.run("token", "rest", "--application", "another", "--private-key", str(key)).stdout.strip()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--private-key" in refused.stderr
    assert jwt.decode(token, wellknown.PUBLIC_KEY, algorithms=["RS256"])["application_id"] == "another"


@pytest.mark.parametrize(("content", "complaint"), [(None, "No such file"), ("not a key", "cannot sign with RS256")])
def test_a_key_file_that_cannot_be_used_is_one_line(home: Home, content: str | None, complaint: str) -> None:
    if content is not None:
        (home.path / "private.key").write_text(content)
    result = home.run("token", "rest", "--private-key", str(home.path / "private.key"))
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert complaint in result.stderr


@pytest.mark.parametrize("form", [[], ["--opentok"]])
def test_a_client_token_carries_what_was_asked_for(home: Home, form: list[str]) -> None:
    asked = ["--role", "moderator", "--data", "name=Ada", "--layout-class", "focus", "--layout-class", "full"]
    token = home.run("token", "client", "--session", "1_abc", *asked, *form).stdout.strip()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["session_id"] == "1_abc"
    assert claims["role"] == "moderator"
    assert claims["connection_data"] == "name=Ada"
    assert claims["initial_layout_class_list"] == "focus full"
    assert ("iss" in claims, "application_id" in claims) == (bool(form), not form)


def test_an_unknown_role_is_refused_with_the_known_ones(home: Home) -> None:
    result = home.run("token", "client", "--session", "1_abc", "--role", "admin")
    assert (result.returncode, result.stdout) == (2, "")
    assert "subscriber, publisher, publisheronly, moderator" in result.stderr


def test_version_is_the_packages(home: Home) -> None:
    assert home.run("version").stdout == f"vonage-video-emulator {__version__}\n"


@pytest.mark.parametrize("command", [[], ["serve"], ["env"], ["health"], ["token"], ["token", "rest"]])
def test_help_imports_neither_the_web_framework_nor_the_settings(home: Home, command: list[str]) -> None:
    code = "import sys\nfrom emulator.cli.main import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
    code += "sys.exit(bool({'fastapi', 'uvicorn', 'pydantic_settings', 'cryptography', 'jwt'} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code, *command, "--help"], cwd=ROOT, env=home.variables, capture_output=True, timeout=60
    )
    assert result.returncode == 0
    assert b"Usage: vonage-video-emulator" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--prot", "1"], "No such option: --prot"),
        (["serve", "--port", "1"], "--http-port, --https-port"),
        (["serve", "--htpp-port", "1"], "--http-port"),
        (["serve", "--log-levle", "info"], "--log-level"),
        (["serve", "--tls-names", "x"], "--tls-name"),
        (["serve", "--token", "x"], "--control-token"),
        (["serve", "--seed-file", "x"], "--seed"),
        (["serve", "--scenario-dir", "x"], "set VONAGE_EMULATOR_SCENARIO_DIR, or scenarioDir in the file of --config"),
        (["serve", "--max-body-bytes=1"], "set VONAGE_EMULATOR_MAX_BODY_BYTES, or maxBodyBytes in the file"),
        (["serve", "--no-htps"], "--no-https"),
        (["serve", "--http-port", "abc"], "'--http-port': Input should be a valid integer"),
        (["serv"], "Did you mean 'serve'?"),
        (["token", "rset"], "Did you mean 'rest'?"),
        (["env"], "env: for which SDK? Write one of python, node, "),
        (["env", "pyhton"], "did you mean python?"),
        (["exec", "--http-prot", "1", "--", "true"], "--http-port"),
    ],
)
def test_a_wrong_flag_or_command_is_told_the_right_one(home: Home, arguments: list[str], said: str) -> None:
    done = home.run(*arguments)
    assert done.returncode in (2, 125)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
