"""The kept certificate authority: made once, shared by processes, healed when damaged, accepted by strict clients."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from emulator.tls import prepare
from emulator.tls.files import TlsError, TlsFiles

SNAPSHOT = ("ca.pem", "server.pem", "server-key.pem")


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in SNAPSHOT}


def handshake(files: TlsFiles, name: str, ca: Path | None = None) -> None:
    """Shake hands in memory as the strictest clients do; raises `ssl.SSLError` when the client refuses."""
    client_context = ssl.create_default_context(cafile=ca or files.ca)
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(files.server, files.server_key)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    steps: list[Callable[[], None]] = [client.do_handshake, server.do_handshake]
    for _ in range(10):
        pending = []
        for step in steps:
            try:
                step()
            except ssl.SSLWantReadError:
                pending.append(step)
        steps = pending
    assert not steps


@pytest.mark.parametrize("name", prepare.STANDARD_NAMES)
def test_a_strict_client_accepts_every_standard_name(tmp_path: Path, name: str) -> None:
    handshake(prepare.ensure(tmp_path), name)


def test_a_client_refuses_a_name_that_was_not_asked_for(tmp_path: Path) -> None:
    files = prepare.ensure(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(files, "emulator.test")


def test_this_machines_name_is_in_the_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Build-Agent_7")
    handshake(prepare.ensure(tmp_path), "build-agent_7")


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("Emulator.Test", "emulator.test"),
        ("*.example.test", "deep.example.test"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("bücher.test", "xn--bcher-kva.test"),
    ],
)
def test_more_names_can_be_asked_for(tmp_path: Path, given: str, asked: str) -> None:
    handshake(prepare.ensure(tmp_path, [given]), asked)


@pytest.mark.parametrize("name", ["", "http://emulator", "emulator:8443", "two words", "ü" * 80, "-"])
def test_a_name_no_certificate_can_carry_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(TlsError, match=r"--tls-name, VONAGE_EMULATOR_TLS_NAMES") as error:
        prepare.ensure(tmp_path, [name])
    assert repr(name) in str(error.value)


def test_lifetimes_suit_the_systems_that_limit_them(tmp_path: Path) -> None:
    files = prepare.ensure(tmp_path)
    lifetimes = [
        certificate.not_valid_after_utc - certificate.not_valid_before_utc
        for certificate in (x509.load_pem_x509_certificate(path.read_bytes()) for path in (files.server, files.ca))
    ]
    assert [lifetime.days for lifetime in lifetimes] == [398, 398]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
def test_keys_are_for_their_owner_and_the_authority_for_everyone(tmp_path: Path) -> None:
    files = prepare.ensure(tmp_path)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (files.ca, files.ca_key, files.server_key)}
    assert modes == {"ca.pem": 0o644, "ca-key.pem": 0o600, "server-key.pem": 0o600}


def test_good_files_are_kept_and_nothing_heavy_is_imported(tmp_path: Path) -> None:
    prepare.ensure(tmp_path, ["emulator.test"])
    before = contents(tmp_path)
    code = "import sys; from pathlib import Path; from emulator.tls.prepare import ensure; ensure(Path(sys.argv[1])); "
    code += "sys.exit('cryptography' in sys.modules)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=Path(prepare.__file__).parents[2])
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["emulator", "app.localhost", "127.0.0.9", "vonage-video-emulator", "eu.api.opentok.com"]
)
def test_a_permitted_name_renews_the_certificate_under_the_same_authority(tmp_path: Path, name: str) -> None:
    before = contents(prepare.ensure(tmp_path).folder)
    files = prepare.ensure(tmp_path, [name])
    after = contents(tmp_path)
    assert (after["ca.pem"] == before["ca.pem"], after["server.pem"] == before["server.pem"]) == (True, False)
    handshake(files, name)


@pytest.mark.parametrize("name", ["emulator.test", "192.0.2.8", "*.video.example", "2001:db8::8", "notlocalhost"])
def test_another_name_needs_another_authority_which_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    before = contents(prepare.ensure(tmp_path).folder)
    files = prepare.ensure(tmp_path, [name])
    assert contents(tmp_path)["ca.pem"] != before["ca.pem"]
    assert f"{files.ca} may not sign for {name} and was made anew: trust it again" in caplog.text
    handshake(files, name.replace("*", "a"))


def test_emulators_of_one_folder_with_names_of_their_own_end_up_with_one_authority(tmp_path: Path) -> None:
    prepare.ensure(tmp_path, ["one.example"])
    both = contents(prepare.ensure(tmp_path, ["two.example"]).folder)["ca.pem"]
    for name in ("one.example", "two.example"):
        handshake(prepare.ensure(tmp_path, [name]), name)
    assert contents(tmp_path)["ca.pem"] == both


def test_a_new_host_name_is_no_reason_to_be_trusted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = contents(prepare.ensure(tmp_path).folder)
    for name in ("3f2a9c0d1e4b", "laptop-at-work.example"):
        monkeypatch.setattr(socket, "gethostname", lambda name=name: name)
        assert contents(prepare.ensure(tmp_path).folder) == before
    assert caplog.text == ""


def test_a_certificate_about_to_expire_is_renewed_under_the_same_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(prepare.ensure(tmp_path).folder)
    monkeypatch.setattr(prepare, "RENEW_BEFORE", 821 * 86_400)
    files = prepare.ensure(tmp_path)
    after = contents(tmp_path)
    assert (after["ca.pem"] == before["ca.pem"], after["server.pem"] == before["server.pem"]) == (True, False)
    handshake(files, "localhost")


def test_an_authority_put_in_the_folder_signs_from_then_on(tmp_path: Path) -> None:
    own = prepare.ensure(tmp_path / "own")
    files = prepare.ensure(tmp_path / "kept")
    files.ca.write_bytes(own.ca.read_bytes())
    files.ca_key.write_bytes(own.ca_key.read_bytes())
    handshake(prepare.ensure(tmp_path / "kept"), "localhost", ca=own.ca)


@pytest.mark.parametrize("damage", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
@pytest.mark.parametrize("name", ["server.pem", "server-key.pem", "server.json", "ca.pem"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, name: str, damage: bytes) -> None:
    before = contents(prepare.ensure(tmp_path).folder)
    (tmp_path / name).write_bytes(damage)
    handshake(prepare.ensure(tmp_path), "localhost")
    assert (contents(tmp_path)["ca.pem"] == before["ca.pem"]) == (name != "ca.pem")


def test_a_lost_authority_key_matters_only_when_it_has_to_sign(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = contents(prepare.ensure(tmp_path).folder)
    (tmp_path / "ca-key.pem").unlink()
    assert contents(prepare.ensure(tmp_path).folder) == before
    handshake(prepare.ensure(tmp_path, ["emulator"]), "emulator")
    assert contents(tmp_path)["ca.pem"] != before["ca.pem"]
    assert "trust it again" in caplog.text


def test_a_folder_that_cannot_be_made_is_named_with_the_ways_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(TlsError) as error:
        prepare.ensure(tmp_path / "file" / "data")
    for part in (str(tmp_path / "file" / "data"), "--data-dir", "VONAGE_EMULATOR_DATA_DIR", "--no-https"):
        assert part in str(error.value)


def test_a_read_only_folder_serves_on_although_the_host_name_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(prepare.ensure(tmp_path).folder)
    monkeypatch.setattr(socket, "gethostname", lambda: "another-container")
    monkeypatch.setattr(prepare, "_lock", _refuse)
    assert contents(prepare.ensure(tmp_path).folder) == before
    with pytest.raises(TlsError, match="Read-only file system"):
        prepare.ensure(tmp_path, ["emulator.test"])


def _refuse(folder: Path) -> None:
    raise OSError(30, "Read-only file system")


def test_processes_that_start_together_agree_on_one_authority(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from emulator.tls.prepare import ensure; "
    code += "files = ensure(Path(sys.argv[1])); "
    code += "from emulator.tls.files import digest; "
    code += "print(digest(files.ca.read_bytes(), files.server.read_bytes(), files.server_key.read_bytes()))"
    command = [sys.executable, "-c", code, str(tmp_path / "new" / "folder")]
    root = Path(prepare.__file__).parents[2]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) for _ in range(4)]
    digests = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert len(digests) == 1
    handshake(prepare.ensure(tmp_path / "new" / "folder"), "localhost")
