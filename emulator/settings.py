"""The emulator's settings: flags over environment over a YAML file, frozen once read."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from emulator.spec.addresses import Address
from emulator.webhooks import OpentokFamily, WebhookKey
from state import places, spelling
from state.options import Options, Real

ENV_PREFIX = "VONAGE_EMULATOR_"
CONFIG_VARIABLE = ENV_PREFIX + "CONFIG"


_HOST = re.compile(
    r"""\* | (\*\.)?[\w-]+(\.[\w-]+)*\.?(:\d{1,5})?
    | \[[0-9a-f:.]+\](:\d{1,5})? | [0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*""",
    re.VERBOSE | re.IGNORECASE,
)
"""What `allowed_hosts` takes: a name or an address, with a port or without."""


@dataclass(frozen=True, slots=True)
class Written:
    """Marks a text that is written as a pattern, which `words` tell a person."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate as text, and then by the pattern."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the pattern."""
        return {**handler(schema), "pattern": f"^{self.pattern}$"}

    def _check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"must be {self.words}")
        return value


Uuid = Annotated[
    str,
    Written(
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "a UUID in lower case, as 11111111-1111-4111-8111-111111111111",
    ),
]
Number = Annotated[str, Written(r"[0-9]{1,18}", "a number of up to 18 digits, as text")]
WebUrl = Annotated[str, Written(r"https?://.+", "an http:// or https:// URL, as http://emulator:8080")]


class SettingsError(Exception):
    """The settings cannot be used; the message names the setting and what was allowed."""


class WebhookConfig(BaseModel):
    """Where callbacks go; without a secret they are signed with the application's `signatureSecret`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Address
    active: bool = True
    secret: str = Field("", max_length=200)


class ApplicationBehaviour(Options):
    """What of an application can be set and changed."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    name: str = Field("", max_length=200, description="a name for people")
    webhooks: dict[WebhookKey, WebhookConfig] = Field({}, description="where callbacks go, by kind")
    opentok_callbacks: dict[OpentokFamily, WebhookConfig] = Field(
        {}, description="where callbacks in the OpenTok dialect go, by family"
    )
    signature_secret: str | None = Field(
        None, min_length=1, max_length=200, description="signs callbacks whose webhook has no secret; unset: made"
    )


class ApplicationConfig(ApplicationBehaviour):
    """One application, as `POST /_emulator/applications` takes it.

    Without `public_key` and `private_key` a key pair is made; without `api_key` and `api_secret` those are made too.
    """

    id: Uuid | None = Field(None, description="the application id, a lower-case UUID; unset: made")
    public_key: str | None = Field(None, description="RSA public key, PEM: verifies the application's tokens")
    private_key: str | None = Field(None, description="RSA private key, PEM: kept so that it can be read back")
    api_key: Number | None = Field(None, description="OpenTok api key (a number); unset: made")
    api_secret: str | None = Field(None, min_length=1, max_length=200, description="OpenTok api secret; unset: made")


class ConfiguredApplication(ApplicationConfig):
    """One application of the configuration file, which may name files; the control API may not."""

    public_key_file: Path | None = Field(None, description="file to read `publicKey` from")
    private_key_file: Path | None = Field(None, description="file to read `privateKey` from")


def _number(value: Any) -> Any:
    """Take a number that comes as text, as from the environment."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class Settings(BaseSettings, Options):
    """Everything that can be set. The fields of `Options` are the defaults of every application."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    host: str = Field(
        "localhost",
        min_length=1,
        description="address to listen on; `localhost` is 127.0.0.1 and ::1; `*` is every interface, over IPv4 and "
        "IPv6; `0.0.0.0` is every interface over IPv4",
    )
    http_port: int = Field(8080, ge=0, le=65535, description="port of the HTTP listener; 0 picks a free one")
    https_port: int | None = Field(
        8443, ge=0, le=65535, description="port of the HTTPS listener; 0 picks a free one; `null` in the file: none"
    )
    https: bool = Field(True, description="whether to listen on HTTPS too")
    public_url: WebUrl | None = Field(
        None, description="base of the URLs in answers; unset: scheme and Host of the request"
    )
    data_dir: Path = Field(
        Path("~/.vonage-video-emulator"),
        validate_default=True,
        description="folder that keeps the certificate authority",
    )
    tls_names: Annotated[list[str], NoDecode] = Field(
        [], description="more host names and addresses for the HTTPS certificate; commas separate them in the variable"
    )
    scenario_dir: Path | None = Field(None, description="folder of more scenario packs (YAML files)")
    store: str = Field(
        "memory",
        description="where state is kept: `memory`, `sqlite:///file` or `postgresql://user:password@host/database`",
    )
    seed_file: Path | None = Field(
        None, description="snapshot (JSON) that applications start with, and that a reset goes back to"
    )
    unauthorized_status: Annotated[Literal[401, 403], BeforeValidator(_number)] = Field(
        403, description="status of a missing or refused token: 403, or 401 as newer gateways answer"
    )
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        [],
        description="more hosts that the control API is asked under, and whose pages may ask: `name`, `name:port`, "
        "`*.name`; `*` is any name, but no page; commas separate them in the variable",
    )
    real: Annotated[list[Real], NoDecode] = Field(
        [],
        description="what is real and not played: `connector` opens the WebSockets of audio connectors; commas "
        "separate several in the variable",
    )
    real_hosts: Annotated[list[str], NoDecode] = Field(
        [],
        description="more hosts that what is real connects to, besides loopback and private ones: `name`, `*.name`, an "
        "address; `*` is any; commas separate them in the variable",
    )
    control_token: str | None = Field(None, description="bearer token that the control API asks for; unset: open")
    well_known_application: bool = Field(True, description="whether the well-known application exists")
    applications: list[ConfiguredApplication] = Field([], description="applications that exist from the start")
    journal_size: int = Field(1000, ge=0, le=1_000_000, description="exchanges kept for each application")
    event_size: int = Field(10_000, ge=1, le=1_000_000, description="events kept for each application")
    callback_size: int = Field(10_000, ge=1, le=1_000_000, description="callbacks kept for each application")
    record_size: int = Field(
        100_000,
        ge=1,
        le=10_000_000,
        description="archives (calls ...) that have ended, and sessions, kept of each kind",
    )
    application_size: int = Field(10_000, ge=1, le=1_000_000, description="applications that there may be")
    live_bytes: int = Field(
        268_435_456,
        ge=1024,
        description="of each application: bytes of what is live (connections, streams, archives ...); more is 429",
    )
    callback_timeout: float = Field(10.0, gt=0, le=600, description="longest attempt to deliver a callback, s")
    callback_connections: int = Field(32, ge=1, le=1000, description="callbacks under way at once")
    callback_ca: Path | None = Field(
        None, description="certificates (PEM) to trust when callbacks go to HTTPS, besides the system's and our own"
    )
    max_body_bytes: int = Field(1_048_576, ge=1024, description="largest request body, bytes; a larger one is 413")
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        "info",
        description="what is logged on standard error: `info` has a line for each call, `warning` what was not allowed "
        "and what failed, `debug` also who looks on",
    )
    log_format: Literal["text", "json"] = Field("text", description="how a line of the log is written")

    @field_validator("tls_names", "allowed_hosts", "real", "real_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("allowed_hosts", "real_hosts")
    @classmethod
    def _check_hosts(cls, value: list[str]) -> list[str]:
        for host in value:
            if not _HOST.fullmatch(host):
                raise ValueError("must be names such as emulator.test, emulator.test:8080, *.emulator.test, or *")
        return value

    @field_validator("store")
    @classmethod
    def _check_store(cls, value: str) -> str:
        if not re.fullmatch(r"memory|sqlite:///.+|postgresql://.+", value):
            raise ValueError("must be memory, sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")
        return value

    @field_validator("data_dir", "scenario_dir", "seed_file", mode="after")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        try:
            return value.expanduser().absolute() if value else None
        except RuntimeError:  # a container may run as a user that has no home
            raise ValueError("there is no home folder to put `~` in; give another folder") from None

    @property
    def private_key_file(self) -> Path:
        """Where a running emulator keeps the well-known application's private key, for SDKs that read a file."""
        return self.data_dir / "well-known.key"

    @property
    def options(self) -> Options:
        """The options of an application that sets none."""
        return Options(**{name: getattr(self, name) for name in Options.model_fields})


FLAGS = {"tls_names": "--tls-name", "allowed_hosts": "--allowed-host", "seed_file": "--seed"}
"""The flags that are not called as their settings."""

_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT(_.+)?)|_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?")
_LINKED_PORT = re.compile(r"(tcp|udp|sctp)://.+")


def is_service_link(name: str, value: str) -> bool:
    """Tell whether Kubernetes has set a variable for a Service whose name begins as our variables do."""
    below = name.upper().removeprefix(ENV_PREFIX.removesuffix("_"))
    linked = below.endswith("_PORT") and _LINKED_PORT.fullmatch(value)
    return bool(linked or _SERVICE_LINK.search(below))


def read_settings(config: Path | None = None, **flags: Any) -> Settings:
    """Read the settings: `flags` (those not None) over the environment over the YAML file `config`.

    `config` defaults to the file named by VONAGE_EMULATOR_CONFIG, if any. Service links of Kubernetes are no settings.
    Raises `SettingsError`, whose text names each wrong setting as it was written (flag, variable or file), what was
    allowed and, for unknown names, the nearest.
    """
    path = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    _refuse_unknown_variables()
    written = _read_file(path) if path else {}
    values = {_snake(name): value for name, value in written.items()}
    if "https_port" in values and values["https_port"] is None:
        values["https"] = False
    given = {name: value for name, value in flags.items() if value is not None}
    set_here = {key.upper(): value for key, value in os.environ.items() if value}
    linked = {key for key, value in set_here.items() if is_service_link(key, value)}
    environment = {
        name: _variable(name) for name in Settings.model_fields if _variable(name) in set_here.keys() - linked
    }
    # pydantic reads the environment itself; what is given goes before it.
    beside = {
        name: Settings.model_fields[name].get_default() for name in Settings.model_fields if _variable(name) in linked
    }
    origins = {_snake(name): f"{path}: {name}" for name in written} | environment
    origins |= {name: FLAGS.get(name, f"--{name.replace('_', '-')}") for name in given}
    try:
        return Settings(**(beside | {name: value for name, value in values.items() if name not in environment} | given))
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(problem, origins) for problem in error.errors())) from None
    except Exception as error:  # pydantic-settings wraps broken JSON in a variable in an error of its own
        field = re.search(r'field "(\w+)"', str(error))
        if field is None:
            raise SettingsError(str(error)) from None
        raise SettingsError(f"{_variable(field[1])}: expected JSON") from None


def _variable(name: str) -> str:
    return (ENV_PREFIX + name).upper()


def _read_file(path: Path) -> dict[str, Any]:
    """Read a YAML mapping whose keys are camelCase, kebab-case or snake_case."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        raise SettingsError(f"{path}{_place(error)}: {_without_content(error)}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: expected a mapping of settings, found {type(content).__name__}")
    return {str(key): value for key, value in content.items()}


def _place(error: Any) -> str:
    mark = error.problem_mark or error.context_mark
    return f":{mark.line + 1}:{mark.column + 1}" if mark else ""


def _without_content(error: Any) -> str:
    """Return what is wrong with YAML; what the file says there, which may be a secret, is left out."""
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return re.sub(r"'[^']{2,}'|\"[^\"]{2,}\"", "…", said)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).replace("-", "_").lower()


def _refuse_unknown_variables() -> None:
    known = [name.upper() for name in Settings.model_fields] + [CONFIG_VARIABLE.removeprefix(ENV_PREFIX)]
    for name, value in os.environ.items():
        wanted = name.upper().removeprefix(ENV_PREFIX)
        if wanted == name.upper() or wanted in known or is_service_link(name, value):
            continue
        found = [ENV_PREFIX + each for each in spelling.near(wanted, known)]
        raise SettingsError(f"{name}: there is no such setting{_after(spelling.asked(found))}")


def _after(suggestion: str) -> str:
    return f"; {suggestion}" if suggestion else ""


_SHOWN = frozenset(
    "literal_error int_parsing int_type int_from_float float_parsing float_type bool_parsing bool_type "
    "greater_than greater_than_equal less_than less_than_equal finite_number".split()
)
"""Problems of what is a choice or a number; what else is given is not shown, for it may be a secret, or hold one."""


def _explain(problem: Any, origins: Mapping[str, str]) -> str:
    """Return what is wrong with a setting, under the name that it was written with."""
    top, *rest = problem["loc"] or ("",)
    location = ".".join([origins.get(str(top), str(top)), *(str(part) for part in rest if part != "[key]")])
    if problem["type"] == "extra_forbidden":
        name = str(problem["loc"][-1])
        if not rest:
            camel = [to_camel(each) for each in Settings.model_fields]
            return f"{location}: there is no such setting{_after(spelling.did_you_mean(to_camel(name), camel))}"
        place = places.model_at(Settings, problem["loc"][:-1])
        return f"{location}: there is no such setting{_after(places.advice(place, name) if place else '')}"
    given, shown = problem["input"], ""
    if problem["type"] in _SHOWN and isinstance(given, str | int | float | None):
        shown = f" (got {given!r})"
    return f"{location}: {str(problem['msg']).removeprefix('Value error, ')}{shown}{_after(of_choice(problem))}"


def of_choice(problem: Mapping[str, Any]) -> str:
    """Return which of a few words was meant by what pydantic refused; nothing for other problems."""
    if problem["type"] != "literal_error" or not isinstance(problem["input"], str):
        return ""
    return spelling.did_you_mean(problem["input"], re.findall(r"'([^']*)'", problem["ctx"]["expected"]))
