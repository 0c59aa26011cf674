"""A program that cannot be told a host, on port 443 under both of the vendor's names: in a network of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.tls.prepare import VENDOR_HOSTS

ROOT = Path(__file__).parents[2]
APART = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
"""A network without a way out, in which we are root, and files that nobody else sees."""


def apart(script: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VONAGE_EMULATOR_")}
    return subprocess.run(
        [*APART, "sh", "-euc", script, "sh", *arguments],
        env=kept | {"HOME": str(folder)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    """A hosts file in which the vendor's names are this machine's."""
    if not all(map(shutil.which, ("unshare", "ip", "mount"))):
        pytest.skip("needs unshare, ip and mount")
    file = tmp_path / "hosts"
    file.write_text(f"127.0.0.1 localhost {' '.join(VENDOR_HOSTS)}\n")
    if apart('ip link set lo up; mount --bind "$1" /etc/hosts', str(file), folder=tmp_path).returncode:
        pytest.skip("no network of its own can be made here")
    return file


def test_a_program_that_cannot_be_told_a_host_records_under_both_names(hosts: Path, tmp_path: Path) -> None:
    script = """
        ip link set lo up
        mount --bind "$1" /etc/hosts
        exec "$2" -m emulator exec --https-port 443 --auto-participants 1 -- \\
            sh -c 'PRIVATE_KEY_FILE="$VONAGE_PRIVATE_KEY_PATH" exec "$1" -W ignore examples/compose/no_host.py' sh "$2"
    """
    done = apart(script, str(hosts), sys.executable, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["api.opentok.com: started stopped", "video.api.vonage.com: available"]


@pytest.mark.parametrize("host", VENDOR_HOSTS)
def test_java_trusts_a_store_that_is_made_as_env_java_says(hosts: Path, tmp_path: Path, host: str) -> None:
    java = shutil.which("java")
    if java is None or not all(map(shutil.which, ("keytool", "javac"))):
        pytest.skip("needs a JDK")
    data = tmp_path / "data"
    recipe = subprocess.run(
        [sys.executable, "-m", "emulator", "env", "java"],
        cwd=ROOT,
        env={**os.environ, "VONAGE_EMULATOR_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    _, _, about_trust = recipe.partition("PKIX path building failed")
    lines = [line.removeprefix("// ") for line in about_trust.splitlines()[1:]]
    assert [line.split()[0] for line in lines] == ["cp", "keytool", "export"]
    (tmp_path / "Asks.java").write_text(
        "class Asks { public static void main(String[] a) throws Exception { var c = (java.net.HttpURLConnection)"
        ' new java.net.URL(a[0]).openConnection(); System.out.println("status " + c.getResponseCode()); } }'
    )
    (tmp_path / "asks.sh").write_text("\n".join([*lines, "javac Asks.java", f"java Asks https://{host}/nosuch"]))
    script = """
        ip link set lo up
        mount --bind "$1" /etc/hosts
        cd "$3"
        export JAVA_HOME="$4" PYTHONPATH="$5"
        "$2" -m emulator exec --https-port 443 --data-dir data -- sh -eu asks.sh 2>&1
    """
    home = Path(java).resolve().parents[1]
    done = apart(script, str(hosts), sys.executable, str(tmp_path), str(home), str(ROOT), folder=tmp_path)
    assert "status 404" in done.stdout, done.stdout  # TLS was agreed on, and the emulator answered
