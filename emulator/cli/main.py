"""The command line: `vonage-video-emulator serve|exec|env|health|token|scenarios|completion|version`.

Heavy modules are imported inside the commands: a health check or `--help` must not wait for the web framework.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from emulator import __version__
from emulator.cli.exec import ExecCommand, execute
from emulator.cli.fail import fail
from emulator.cli.scenarios import scenarios
from emulator.cli.token import token

if TYPE_CHECKING:
    from emulator.settings import Settings

PROGRAM = "vonage-video-emulator"
SHELLS = ["bash", "zsh", "fish"]
COMPLETE_VARIABLE = "_VONAGE_VIDEO_EMULATOR_COMPLETE"

app = typer.Typer(
    name=PROGRAM,
    help="A local, stateful emulator of the Vonage Video API (formerly OpenTok). "
    "Unofficial; not affiliated with Vonage. Use COMMAND --help for examples.",
    epilog="\b\nExamples:\n"
    "  vonage-video-emulator serve                  HTTP on 8080, HTTPS on 8443, nothing to configure\n"
    "  vonage-video-emulator exec -- pytest         an emulator for the length of a command\n"
    "  vonage-video-emulator env python             the lines that point an SDK at it\n"
    "  vonage-video-emulator token rest             a token for curl\n"
    "  vonage-video-emulator health                 exit 0 once it answers",
    no_args_is_help=True,
    add_completion=False,  # it would change files of the user's shell: `completion` prints
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


app.add_typer(token, name="token")
app.add_typer(scenarios, name="scenarios")

ConfigFlag = Annotated[
    Path | None,
    typer.Option(help="YAML file with settings. (VONAGE_EMULATOR_CONFIG; default: none)", show_default=False),
]


def _flag(text: str, variable: str, default: str, *names: str, **more: Any) -> Any:
    help_text = f"{text} (VONAGE_EMULATOR_{variable}; default: {default})"
    return typer.Option(*names, help=help_text, show_default=False, **more)


class ServeCommand(TyperCommand):
    """`serve`, which knows the settings that have no flag."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the flags; say of one that is a setting without a flag where to set it."""
        try:
            parsed: list[str] = super().parse_args(ctx, args)
        except Exception as error:
            if flag := getattr(error, "option_name", ""):
                _tell_of_setting(str(flag))
            raise
        return parsed


def _tell_of_setting(flag: str) -> None:
    from pydantic.alias_generators import to_camel

    from emulator.settings import ENV_PREFIX, FLAGS, Settings

    name = flag.removeprefix("--").replace("-", "_")
    if name in Settings.model_fields and name not in FLAGS:
        variable = f"{ENV_PREFIX}{name}".upper()
        fail(f"{flag}: this setting has no flag: set {variable}, or {to_camel(name)} in the file of --config")


@app.command(
    cls=ServeCommand,
    epilog="Flags win over environment variables, and those over the file. What has no flag has a variable "
    "and a name in the file all the same.\n\n\b\nExamples:\n"
    "  vonage-video-emulator serve --http-port 0 --no-https --ready-file ready.json\n"
    "  vonage-video-emulator serve --host '*' --tls-name emulator.test\n"
    "  VONAGE_EMULATOR_PACE=instant vonage-video-emulator serve --config emulator.yaml",
)
def serve(
    config: ConfigFlag = None,
    host: Annotated[
        str | None, _flag("Address to listen on; localhost is 127.0.0.1 and ::1.", "HOST", "localhost")
    ] = None,
    http_port: Annotated[int | None, _flag("HTTP port; 0 takes a free one.", "HTTP_PORT", "8080")] = None,
    https_port: Annotated[int | None, _flag("HTTPS port; 0 takes a free one.", "HTTPS_PORT", "8443")] = None,
    https: Annotated[
        bool | None, _flag("Whether to listen on HTTPS too.", "HTTPS", "true", "--https/--no-https")
    ] = None,
    data_dir: Annotated[
        Path | None,
        _flag("Folder of the certificate authority and key files.", "DATA_DIR", "~/.vonage-video-emulator"),
    ] = None,
    tls_name: Annotated[
        list[str] | None,
        _flag("One more name or address for the HTTPS certificate; repeatable.", "TLS_NAMES", "none", metavar="NAME"),
    ] = None,
    contract: Annotated[
        str | None,
        _flag(
            "Statuses and bodies of the live service, or of the specification: service, spec.", "CONTRACT", "service"
        ),
    ] = None,
    pace: Annotated[str | None, _flag("How long processing takes: realistic, fast, instant.", "PACE", "fast")] = None,
    auth: Annotated[
        str | None,
        _flag("strict verifies tokens; lax takes any and makes applications on first use.", "AUTH", "strict"),
    ] = None,
    auto_participants: Annotated[
        int | None, _flag("Participants that join every new session.", "AUTO_PARTICIPANTS", "0")
    ] = None,
    public_url: Annotated[
        str | None, _flag("Base of the URLs in answers.", "PUBLIC_URL", "what the request asked for")
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        _flag(
            "One more host that the control API is asked under, and whose pages may ask; repeatable.",
            "ALLOWED_HOSTS",
            "none",
            metavar="HOST",
        ),
    ] = None,
    control_token: Annotated[
        str | None, _flag("Bearer token that the control API asks for.", "CONTROL_TOKEN", "none, open")
    ] = None,
    journal_size: Annotated[int | None, _flag("Exchanges kept for each application.", "JOURNAL_SIZE", "1000")] = None,
    log_level: Annotated[
        str | None,
        _flag(
            "info: a line for each call; warning: what was not allowed or failed; also debug, error, critical.",
            "LOG_LEVEL",
            "info",
        ),
    ] = None,
    log_format: Annotated[str | None, _flag("How the log is written: text, json.", "LOG_FORMAT", "text")] = None,
    store: Annotated[
        str | None,
        _flag(
            "Where state is kept: memory, sqlite:///file, postgresql://user:password@host/database.", "STORE", "memory"
        ),
    ] = None,
    seed: Annotated[
        Path | None,
        _flag("Snapshot that applications start with, and that a reset goes back to.", "SEED_FILE", "none"),
    ] = None,
    ready_file: Annotated[
        Path | None,
        typer.Option(
            help="File that gets pid, http, https, ca, private_key and control_token as JSON once it listens.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the emulator until Ctrl-C or SIGTERM."""
    if ready_file is not None and not ready_file.absolute().parent.is_dir():
        fail(f"--ready-file {ready_file}: there is no folder {ready_file.absolute().parent}")
    settings = _settings(
        config,
        host=host,
        http_port=http_port,
        https_port=https_port,
        https=https,
        data_dir=data_dir,
        tls_names=tls_name or None,
        contract=contract,
        pace=pace,
        auth=auth,
        auto_participants=auto_participants,
        public_url=public_url,
        allowed_hosts=allowed_host or None,
        control_token=control_token,
        journal_size=journal_size,
        log_level=log_level,
        log_format=log_format,
        store=store,
        seed_file=seed,
    )
    from emulator.server.listeners import ListenError
    from emulator.server.run import run
    from emulator.settings import SettingsError
    from emulator.store.base import StoreError
    from emulator.tls.files import TlsError

    try:
        run(settings, ready_file)
    except (ListenError, SettingsError, StoreError, TlsError) as error:
        fail(str(error))
    except KeyboardInterrupt:  # before the server handled signals itself
        raise SystemExit(130) from None


app.command(
    "exec",
    cls=ExecCommand,
    epilog="Flags are those of `serve`. The status is the command's; 128 + n when signal n ended it, 127 when there is "
    "no such command, 126 when it cannot be run, 125 when the emulator failed. Signals go to the command.\n\n"
    "\b\nExamples:\n"
    "  vonage-video-emulator exec -- pytest tests/integration\n"
    "  vonage-video-emulator exec --auto-participants 2 --pace instant -- mvn verify\n"
    "  vonage-video-emulator exec -- sh -c 'curl -s $VONAGE_VIDEO_EMULATOR_URL/_emulator/info'",
)(execute)


@app.command(
    "env",
    epilog="\b\nLanguages: python, node, java, kotlin, dotnet, php, ruby, go, curl; shell for variables alone\n\n"
    "\b\nExamples:\n"
    '  eval "$(vonage-video-emulator env shell)"\n'
    "  vonage-video-emulator env node\n"
    "  vonage-video-emulator env go --http-url http://emulator:8080\n"
    "  vonage-video-emulator env python --https-url https://emulator:8443 --ca ca.pem --private-key well-known.key",
)
def environment(
    language: Annotated[
        str | None,
        typer.Argument(
            help="Whose SDK: python, node, java, kotlin, ...", show_default=False, autocompletion=lambda: languages()
        ),
    ] = None,
    http_url: Annotated[str | None, typer.Option(help="Base URL over HTTP. (default: as configured)")] = None,
    https_url: Annotated[str | None, typer.Option(help="Base URL over HTTPS. (default: as configured)")] = None,
    ca: Annotated[Path | None, typer.Option(help="The emulator's CA. (default: ca.pem of the data folder)")] = None,
    private_key: Annotated[
        Path | None,
        typer.Option(help="Key of the well-known application. (default: well-known.key of the data folder)"),
    ] = None,
    config: ConfigFlag = None,
) -> None:
    """Print the lines that point an SDK at the emulator, as it is configured.

    An emulator that runs on other ports is not asked: add --http-url and --https-url.
    """
    from emulator.cli.recipes import SHELL, RecipeTarget, UnknownLanguageError, recipe
    from emulator.server.listeners import ServerUrls
    from emulator.tls.files import TlsFiles

    if language is None:
        fail(f"env: for which SDK? Write one of {', '.join(languages())}")
    settings = _settings(config)
    listening = ServerUrls(settings.host, settings.http_port, settings.https_port or 8443)
    authority = ca or TlsFiles(settings.data_dir).ca
    trusted = _trusted(authority, settings.data_dir) if language.lower() == SHELL else None
    target = RecipeTarget(
        http=http_url or listening.local,
        https=https_url or listening.https or "",
        ca=trusted or authority,
        private_key=private_key or settings.private_key_file,
        together=trusted is not None,
    )
    try:
        print(recipe(language, target), end="")
    except UnknownLanguageError as error:
        fail(str(error))


def languages() -> list[str]:
    """Return what `env` takes."""
    from emulator.cli.recipes import RECIPES, SHELL

    return [*RECIPES, SHELL]


def _trusted(authority: Path, folder: Path) -> Path | None:
    """Return a file with the system's authorities and the emulator's; None where it cannot be written, or not yet."""
    from emulator.launch.environment import write_bundle

    try:
        return write_bundle(authority, folder)
    except OSError:
        return None


@app.command(
    epilog="\b\nQuiet and exit 0 when the emulator answers; one line and exit 1 when it does not.\n\n\b\nExamples:\n"
    "  vonage-video-emulator health\n"
    "  until vonage-video-emulator health --url http://emulator:8080; do sleep 0.2; done"
)
def health(
    url: Annotated[str | None, typer.Option(help="Base URL. (default: the configured HTTP port here)")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the response.")] = 2.0,
    watch: Annotated[
        float,
        typer.Option(
            help="Seconds to stay connected, to see whether the emulator ends: a check that lasts need not be "
            "repeated. An emulator in its first 10 s is not watched."
        ),
    ] = 0.0,
    ca: Annotated[
        str | None, typer.Option(help="The emulator's CA, for https://. (default: ca.pem of the data folder)")
    ] = None,
    config: ConfigFlag = None,
) -> None:
    """Ask a running emulator whether it is well."""
    from emulator.cli.health import run

    given = {
        "--url": url,
        "--timeout": str(timeout),
        "--watch": str(watch),
        "--ca": ca,
        "--config": str(config) if config else None,
    }
    raise SystemExit(run({name: value for name, value in given.items() if value}))


@app.command()
def version() -> None:
    """Print the version."""
    print(f"vonage-video-emulator {__version__}")


@app.command(
    epilog="\b\nExamples:\n"
    '  eval "$(vonage-video-emulator completion bash)"       in ~/.bashrc\n'
    '  eval "$(vonage-video-emulator completion zsh)"        in ~/.zshrc, behind compinit\n'
    "  vonage-video-emulator completion fish | source        in ~/.config/fish/config.fish"
)
def completion(
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish", show_default=False, autocompletion=lambda: SHELLS)],
) -> None:
    """Print the lines that let a shell complete commands and flags."""
    from typer._completion_shared import get_completion_script

    if shell not in SHELLS:
        fail(f"there is no completion for {shell!r} (known: {', '.join(SHELLS)})")
    print(get_completion_script(prog_name=PROGRAM, complete_var=COMPLETE_VARIABLE, shell=shell))


def main() -> None:
    """Run the command line."""
    gc.disable()  # the imports of `serve` make much and drop nothing; it turns collection on again
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for plugins reads every installed package
    if COMPLETE_VARIABLE in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
    app(prog_name=PROGRAM, complete_var=COMPLETE_VARIABLE)


def _settings(config: Path | None, **flags: Any) -> Settings:
    from emulator.settings import SettingsError, read_settings

    try:
        return read_settings(config, **flags)
    except SettingsError as error:
        fail(str(error))
