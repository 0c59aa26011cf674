"""`exec`: an emulator for the length of a command, in processes of their own."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import wellknown
from emulator.launch.environment import MARK
from tests.eventually import eventually
from tests.plugin import installed_in

ROOT = Path(__file__).parents[2]
EXEC = [sys.executable, "-m", "emulator", "exec"]
PYTHON = ["--", sys.executable, "-c"]
INFO = """
import json, os, urllib.request
info = urllib.request.urlopen(os.environ["VONAGE_VIDEO_EMULATOR_URL"] + "/_emulator/info").read()
print(json.dumps({"variables": dict(os.environ), "info": json.loads(info)}))
"""
WAITING = """
import os, pathlib, signal, sys, time
def caught(number, frame):
    sys.exit(40 + number)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, caught)
pathlib.Path(sys.argv[1]).write_text(os.environ["VONAGE_VIDEO_EMULATOR_URL"])
time.sleep(30)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user's environment with a home of its own and no variables of ours."""
    kept = {name: value for name, value in os.environ.items() if "VONAGE" not in name and "CA_BUNDLE" not in name}
    return {**kept, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*EXEC, *arguments], env=environment, capture_output=True, text=True, timeout=60)


def waiting(environment: dict[str, str], seen: Path, **more: object) -> subprocess.Popen[str]:
    """Start `exec` with a command that waits for a signal; return once the command runs."""
    process = subprocess.Popen(
        [*EXEC, *PYTHON, WAITING, str(seen)], env=environment, stderr=subprocess.PIPE, text=True, **more
    )  # type: ignore[call-overload]
    eventually(lambda: seen.exists() and seen.read_text() != "", "the command runs")
    return process  # type: ignore[no-any-return]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_emulator/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:  # refused, or cut off as it ends
        return False


def test_the_command_finds_a_ready_emulator_in_its_environment(environment: dict[str, str], tmp_path: Path) -> None:
    done = run(environment, *PYTHON, INFO)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)  # and nothing else: the emulator's banner is not in it
    variables = told["variables"]
    assert told["info"]["urls"]["http"] == variables["VONAGE_VIDEO_EMULATOR_URL"] == variables["OPENTOK_API_URL"]
    assert told["info"]["urls"]["https"].endswith(variables["VONAGE_VIDEO_HOST"])
    assert variables["VONAGE_APPLICATION_ID"] == wellknown.APPLICATION_ID
    assert Path(variables["VONAGE_PRIVATE_KEY_PATH"]).read_text() == wellknown.PRIVATE_KEY
    assert not answers(variables["VONAGE_VIDEO_EMULATOR_URL"])


def test_the_variables_are_those_that_env_prints(environment: dict[str, str]) -> None:
    printed = subprocess.run(
        [*EXEC[:-1], "env", "shell"], env=environment, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    names = {line.removeprefix("export ").partition("=")[0] for line in printed.splitlines()[1:]}
    variables = json.loads(run(environment, *PYTHON, INFO).stdout)["variables"]
    assert names <= variables.keys()
    assert {name for name in variables.keys() - environment.keys() if "VONAGE" in name or "OPENTOK" in name} <= names


def test_what_was_trusted_before_still_is(environment: dict[str, str], tmp_path: Path) -> None:
    names = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    company = {name: str(tmp_path / name) for name in names}
    for name, path in company.items():
        Path(path).write_text(f"authority of {name}")
    code = f"import json, os; print(json.dumps([open(os.environ[name]).read() for name in {names}]))"
    for read in json.loads(run(environment | company, *PYTHON, code).stdout):
        assert read.startswith("".join(f"authority of {name}\n" for name in names) + MARK.decode() + "-----BEGIN")


def test_the_authorities_of_the_system_are_trusted_besides_one_for_node(
    environment: dict[str, str], tmp_path: Path
) -> None:
    system, node = tmp_path / "system.pem", tmp_path / "node.pem"
    system.write_text("the system's")
    node.write_text("node's")
    code = "import os; print(open(os.environ['REQUESTS_CA_BUNDLE']).read())"
    named = {"SSL_CERT_FILE": str(system), "CURL_CA_BUNDLE": str(system), "NODE_EXTRA_CA_CERTS": str(node)}
    assert run(environment | named, *PYTHON, code).stdout.startswith(f"the system's\nnode's\n{MARK.decode()}-----BEGIN")


def test_a_command_may_have_dashes_of_its_own(environment: dict[str, str]) -> None:
    done = run(environment, "echo", "test", "--", "--grep", "x")
    assert (done.returncode, done.stdout) == (0, "test -- --grep x\n")
    assert run(environment, "--auto-participants", "2", "--", "echo", "--", "x").stdout == "-- x\n"


def test_a_command_without_a_name_is_refused(environment: dict[str, str]) -> None:
    done = run(environment, "--", "")
    assert (done.returncode, done.stderr[:21]) == (2, "exec: which command? ")


def test_flags_are_those_of_serve(environment: dict[str, str]) -> None:
    done = run(environment, "--auto-participants", "3", "--no-https", *PYTHON, INFO)
    told = json.loads(done.stdout)
    assert "https" not in told["info"]["urls"]
    assert not {"VONAGE_VIDEO_HOST", "REQUESTS_CA_BUNDLE"} & told["variables"].keys()


@pytest.mark.parametrize("flags", [["--control-token", "secret"], ["--control-token=secret"]])
def test_the_token_of_a_closed_control_api_is_handed_on(environment: dict[str, str], flags: list[str]) -> None:
    code = "import os; print(os.environ['VONAGE_VIDEO_EMULATOR_TOKEN'])"
    assert run(environment, *flags, *PYTHON, code).stdout == "secret\n"


def test_a_token_of_the_file_of_settings_is_handed_on_too(environment: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "emulator.yaml"
    config.write_text("controlToken: from-the-file")
    code = "import os; print(os.environ['VONAGE_VIDEO_EMULATOR_TOKEN'])"
    assert run(environment, "--config", str(config), *PYTHON, code).stdout == "from-the-file\n"
    named = environment | {"VONAGE_EMULATOR_CONFIG": str(config)}
    assert run(named, *PYTHON, code).stdout == "from-the-file\n"
    assert run(named | {"VONAGE_EMULATOR_CONTROL_TOKEN": "nearer"}, *PYTHON, code).stdout == "nearer\n"


def test_pytest_uses_the_emulator_of_exec(environment: dict[str, str], tmp_path: Path) -> None:
    """Its plugin reads the same variables, so that no second emulator is started."""
    test = tmp_path / "test_it.py"
    test.write_text(
        "import os\n"
        "def test_it(video_emulator, video_application):\n"
        "    assert video_emulator.http == os.environ['VONAGE_VIDEO_EMULATOR_URL']\n"
        "    assert video_application.id\n"
    )
    path = installed_in(tmp_path)["PYTHONPATH"]
    done = run(
        environment | {"PYTHONPATH": path},
        "--control-token",
        "secret",
        "--",
        sys.executable,
        "-m",
        "pytest",
        "-q",
        str(test),
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_the_status_is_the_commands(environment: dict[str, str], status: int) -> None:
    assert run(environment, *PYTHON, f"raise SystemExit({status})").returncode == status


def test_two_dashes_may_be_left_out_before_a_command_without_flags(environment: dict[str, str]) -> None:
    assert run(environment, sys.executable, "-c", "raise SystemExit(5)").returncode == 5


def test_a_command_that_a_signal_ended_is_told_as_by_a_shell(environment: dict[str, str]) -> None:
    done = run(environment, *PYTHON, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == 128 + signal.SIGKILL


def test_standard_input_is_the_commands(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*EXEC, *PYTHON, "print(input())"], env=environment, input="hello\n", capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "hello\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--", "no-such-command"], 127, "no-such-command: command not found"),
        (["--", "/etc/passwd"], 126, "/etc/passwd: Permission denied"),
        (["--pase", "fast", "--", "true"], 125, "No such option: --pase"),
        (["--pace", "slow", "--", "true"], 125, "pace"),
        (["--ready-file", "x", "--", "true"], 2, "--ready-file is in use by exec itself"),
        (["--pace", "fast"], 2, "Write it after --"),
        ([], 2, "Write it after --"),
        (["--"], 2, "Write it after --"),
    ],
)
def test_what_cannot_be_run_has_a_status_and_a_reason(
    environment: dict[str, str], arguments: list[str], status: int, message: str
) -> None:
    done = run(environment, *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_the_commands_to_decide(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    seen = tmp_path / "seen"
    process = waiting(environment, seen, start_new_session=True)
    process.send_signal(number)
    assert (process.communicate(timeout=30)[1], process.returncode) == ("", 40 + number)
    assert not answers(seen.read_text())


def test_ctrl_c_in_a_terminal_reaches_the_command_once(environment: dict[str, str], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    pid, terminal = pty.fork()
    if pid == 0:  # a new session with that terminal, as a shell's job has it
        os.execve(sys.executable, [*EXEC, *PYTHON, WAITING, str(seen)], environment)
    eventually(lambda: seen.exists() and seen.read_text() != "", "the command runs")
    os.write(terminal, b"\x03")
    status = os.waitpid(pid, 0)[1]
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 40 + signal.SIGINT
    assert not answers(seen.read_text())


def test_an_interrupted_start_leaves_nothing_behind(environment: dict[str, str], tmp_path: Path) -> None:
    environment["TMPDIR"] = str(tmp_path)
    process = subprocess.Popen([*EXEC, "--", "true"], env=environment, start_new_session=True)
    eventually(lambda: any(tmp_path.glob("vonage-video-emulator-*/server.log")), "the emulator is being started")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) in (0, 128 + signal.SIGTERM)
    assert list(tmp_path.glob("vonage-video-emulator-*")) == []


def test_the_emulator_ends_with_an_exec_that_was_killed(environment: dict[str, str], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    process = waiting(environment, seen, start_new_session=True)
    url = seen.read_text()
    assert answers(url)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    eventually(lambda: not answers(url), "the emulator has ended")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc to find the emulator")
def test_an_emulator_that_ends_early_fails_the_run(environment: dict[str, str]) -> None:
    code = """
import os, pathlib, signal, time
siblings = pathlib.Path(f"/proc/{os.getppid()}/task/{os.getppid()}/children").read_text().split()
os.kill(next(int(pid) for pid in siblings if int(pid) != os.getpid()), signal.SIGKILL)
time.sleep(0.2)
"""
    done = run(environment, *PYTHON, code)
    assert done.returncode == 125
    assert "ended by itself with status -9" in done.stderr
