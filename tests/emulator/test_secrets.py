"""Passwords, keys and tokens are not printed when a setting is wrong, and files that hold them are their owner's."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from emulator.settings import SettingsError, read_settings
from emulator.store.base import StoreError
from emulator.testing import running_server
from tests.emulator.local import Tenant, emulator

SECRET = "hunter2hunter2"
KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "store",
    [
        f"postgres://u:{SECRET}@db/name",
        f"postgresql:/u:{SECRET}@db/name",
        f"mysql://u:{SECRET}@db/name",
        f"memory?key={SECRET}",
        f"postgresql+asyncpg://u:{SECRET}@db/name",
    ],
)
def test_a_wrong_store_is_refused_without_its_password(store: str) -> None:
    with pytest.raises(SettingsError, match=r"store: .*postgresql://USER:PASSWORD@HOST/DATABASE") as error:
        read_settings(store=store)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "store",
    [
        f"postgresql://u:{SECRET}@127.0.0.1:1/name",
        f"postgresql://u:p@{SECRET}@127.0.0.1:1/name",
        f"postgresql://u:{SECRET}@127.0.0.1:port/name",
        f"postgresql://u@127.0.0.1:1/name?password={SECRET}",
        f"sqlite:////nowhere/file?key={SECRET}",
        f"sqlite:///:memory:?key={SECRET}",
    ],
)
def test_a_store_that_cannot_be_used_is_told_without_its_password(store: str) -> None:
    with pytest.raises(StoreError) as error, emulator(store=store):
        pass
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        f"applications: [{{privateKey: ['{SECRET}']}}]",
        f"applications: [{{apiSecret: {{a: {SECRET}}}}}]",
        f"applications: ['{SECRET}']",
        f"applications: [{{apiKey: '{SECRET}'}}]",
        f"applications: [{{webhooks: {{archive_status: {{address: 'http://u:{SECRET}@x/'}}}}}}]",
        f"applications: [{{webhooks: {{archive_status: {{address: 'http://x/', secret: ['{SECRET}']}}}}}}]",
        f"applications: [{{signatureSecret: '{SECRET * 20}'}}]",
        f"controlToken: ['{SECRET}']",
        f"controlToken: {{token: {SECRET}}}",
        f"publicUrl: ftp://u:{SECRET}@host",
        f"store: ['postgresql://u:{SECRET}@db/name']",
        f"controlToken: *{SECRET}",
        f"controlToken: !{SECRET} x",
        f"controlToken: {SECRET}: {SECRET}",
        f'controlToken: "{SECRET}',
        f"a: [\ncontrolToken: '{SECRET}'",
    ],
)
def test_a_wrong_file_is_refused_without_what_is_secret_in_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "emulator.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        read_settings(path)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("value", [f'["{SECRET}"]', f'[{{"apiSecret": ["{SECRET}"]}}]', f'[{{"apiSecret": "{SECRET}"'])
def test_a_wrong_variable_is_refused_without_what_is_secret_in_it(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("VONAGE_EMULATOR_APPLICATIONS", value)
    with pytest.raises(SettingsError) as error:
        read_settings()
    assert SECRET not in str(error.value)


def test_a_number_that_is_a_secret_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "emulator.yaml"
    path.write_text("controlToken: 4711471147\napplications: [{apiSecret: 4711471147}]")
    with pytest.raises(SettingsError, match=r"controlToken: .*\n.*applications\.0\.apiSecret: ") as error:
        read_settings(path)
    assert "4711" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "shown"),
    [({"pace": "quick"}, "'quick'"), ({"http_port": 70_000}, "70000"), ({"https": "perhaps"}, "'perhaps'")],
)
def test_a_wrong_choice_or_number_is_shown(given: dict[str, Any], shown: str) -> None:
    with pytest.raises(SettingsError, match=rf"\(got {shown}\)"):
        read_settings(**given)


@pytest.mark.parametrize("field", ["privateKey", "publicKey", "apiSecret", "signatureSecret"])
def test_a_wrong_application_is_refused_without_its_secrets(field: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with emulator(control_token=SECRET) as client:
        for value in ([SECRET], {"a": SECRET}, KEY * 10):
            answer = client.post(
                "/_emulator/applications", json={field: value}, headers={"Authorization": f"Bearer {SECRET}"}
            )
            assert answer.status_code == 400
            assert answer.json()["error"]["field"] == field
            assert SECRET not in answer.text
        told = client.get("/_emulator/info", headers={"Authorization": f"Bearer {SECRET}"})
        assert told.status_code == 200
        assert SECRET not in told.text
    assert SECRET not in caplog.text


posix = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_the_files_of_a_store_are_their_owners(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask & 0o077)
    try:
        with emulator(store=f"sqlite:///{tmp_path}/world.db") as client:
            Tenant(client).control("PUT", "/checkpoints/base")
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("world.db", "world.db-wal"), 0o600)


@posix
def test_the_file_of_an_earlier_version_becomes_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "world.db"
    with emulator(store=f"sqlite:///{file}"):
        pass
    file.chmod(0o644)
    with emulator(store=f"sqlite:///{file}"):
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


@posix
def test_another_programs_file_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but somebody's notes" * 100)
    file.chmod(0o644)
    with pytest.raises(StoreError), emulator(store=f"sqlite:///{file}"):
        pass
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


@posix
def test_the_ready_file_and_keys_of_a_process_are_their_owners(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with running_server(folder=tmp_path) as server:
            files = {
                path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode)
                for path in tmp_path.rglob("*")
                if path.is_file() and path.name not in ("server.log", "trusted.pem")
            }
            assert server.ca == tmp_path / "data" / "ca.pem"
    finally:
        os.umask(before)
    public = {
        "data/ca.pem",
        "data/server.pem",
        "data/public/ca.pem",
        "data/public/well-known.key",
        "data/well-known.key",
    }
    assert {name for name, mode in files.items() if mode == 0o600} >= {
        "ready.json",
        "data/ca-key.pem",
        "data/server-key.pem",
    }
    assert {name for name, mode in files.items() if mode & 0o077} <= {
        *public,
        "data/server.pem",
        "data/server.json",
        "data/.tls-lock",
    }
