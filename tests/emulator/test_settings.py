"""Settings: flags over environment over file, and nothing misspelt is silently ignored."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from emulator.settings import Settings, SettingsError, read_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("VONAGE_EMULATOR_"):
            monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "emulator.yaml"
    path.write_text("httpPort: 1001\npace: realistic\nauto-participants: 3\ntls_names: [file.test]\n")
    return path


def test_nothing_has_to_be_set() -> None:
    settings = read_settings()
    assert (settings.http_port, settings.https_port, settings.https, settings.contract) == (8080, 8443, True, "service")


def test_the_file_is_read_in_any_spelling_of_names(config: Path) -> None:
    settings = read_settings(config)
    assert (settings.http_port, settings.pace, settings.auto_participants) == (1001, "realistic", 3)
    assert settings.tls_names == ["file.test"]


def test_a_variable_wins_over_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VONAGE_EMULATOR_HTTP_PORT", "1002")
    monkeypatch.setenv("vonage_emulator_pace", "instant")
    settings = read_settings(config)
    assert (settings.http_port, settings.pace, settings.auto_participants) == (1002, "instant", 3)


def test_a_flag_wins_over_variable_and_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VONAGE_EMULATOR_HTTP_PORT", "1002")
    assert read_settings(config, http_port=1003, pace=None).http_port == 1003


def test_a_flag_that_was_not_given_does_not_hide_the_rest(config: Path) -> None:
    assert read_settings(config, http_port=None).http_port == 1001


def test_an_empty_variable_counts_as_unset(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VONAGE_EMULATOR_HTTP_PORT", "")
    assert read_settings(config).http_port == 1001


def test_the_file_can_be_named_by_a_variable(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VONAGE_EMULATOR_CONFIG", str(config))
    assert read_settings().http_port == 1001


@pytest.mark.parametrize(
    ("value", "names"),
    [("a.test", ["a.test"]), ("a.test, b.test,", ["a.test", "b.test"])],
)
def test_certificate_names_in_a_variable_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, value: str, names: list[str]
) -> None:
    monkeypatch.setenv("VONAGE_EMULATOR_TLS_NAMES", value)
    assert read_settings().tls_names == names


def test_no_https_port_in_the_file_means_no_https(tmp_path: Path) -> None:
    path = tmp_path / "emulator.yaml"
    path.write_text("httpsPort: null\n")
    assert read_settings(path).https is False


def test_the_data_folder_is_absolute_and_without_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert read_settings().data_dir == tmp_path / ".vonage-video-emulator"
    assert read_settings(data_dir="here").data_dir == Path.cwd() / "here"


def test_a_user_without_a_home_is_told_to_give_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", no_home)
    with pytest.raises(SettingsError, match=r"data_dir: .*give another folder"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("VONAGE_EMULATOR_HTTPPORT", "VONAGE_EMULATOR_HTTP_PORT"),
        ("VONAGE_EMULATOR_CONTRAKT", "VONAGE_EMULATOR_CONTRACT"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, name: str, suggestion: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=f"{name}: there is no such setting; did you mean {suggestion}"):
        read_settings()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("htpPort: 1", "emulator.yaml: htpPort: there is no such setting; did you mean httpPort?"),
        ("applications: [{apiKye: '1'}]", "applications.0.apiKye: there is no such setting; did you mean apiKey?"),
        ("pace: quick", "pace: Input should be 'realistic', 'fast' or 'instant' (got 'quick')"),
        ("[1, 2]", "expected a mapping of settings, found list"),
        ("a: [", "while parsing a flow node"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "emulator.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        read_settings(path)
    assert complaint in str(error.value)


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        read_settings(http_port=70_000, pace="quick")
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == ["--pace", "--http-port"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml: No such file"):
        read_settings(tmp_path / "none.yaml")


def test_broken_json_in_a_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VONAGE_EMULATOR_APPLICATIONS", "[{")
    with pytest.raises(SettingsError, match="VONAGE_EMULATOR_APPLICATIONS: expected JSON"):
        read_settings()


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read_settings().http_port = 1  # type: ignore[misc]


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("service", ["emulator"])
def test_the_compose_file_sets_only_settings_that_exist(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    compose = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())
    for name, value in compose["services"][service]["environment"].items():
        monkeypatch.setenv(name, str(value))
    assert service in read_settings().tls_names
