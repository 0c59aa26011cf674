"""The `scenarios` commands: packs that come with the emulator, and those that people write."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emulator import wellknown
from emulator.cli.fail import fail

if TYPE_CHECKING:
    from scenarios.packs import Library
    from scenarios.targets import Names

scenarios = typer.Typer(
    help="Scenario packs: list, show, validate and apply them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Folder = Annotated[
    Path | None,
    typer.Option("--dir", help="Folder of more packs. (VONAGE_EMULATOR_SCENARIO_DIR)", show_default=False),
]
Url = Annotated[str, typer.Option(help="Base URL of the emulator.")]


@scenarios.command("list")
def list_packs(folder: Folder = None) -> None:
    """List the packs."""
    packs, errors = _library(folder).all()
    width = max(map(len, packs), default=0)
    for pack in packs.values():
        print(f"{pack.name:<{width}}  {pack.written.description.strip()}")
    for error in errors:
        print(error, file=sys.stderr)
    raise SystemExit(1 if errors else 0)


@scenarios.command()
def show(name: Annotated[str, typer.Argument(help="Pack.", show_default=False)], folder: Folder = None) -> None:
    """Print a pack as it is written: to read it, or to begin one's own."""
    from scenarios.strict import RuleError
    from scenarios.yaml_positions import PackError

    try:
        pack = _library(folder).get(name)
    except (RuleError, PackError) as error:
        fail(str(error))
    print(Path(pack.document.file).read_text(encoding="utf-8"), end="")


@scenarios.command(epilog="\b\nExample:\n  vonage-video-emulator scenarios validate scenarios/*.yaml")
def validate(files: Annotated[list[Path], typer.Argument(help="YAML files.", show_default=False)]) -> None:
    """Check packs; each mistake is one line with file, line and column."""
    from scenarios.yaml_positions import PackError

    library = _library(None)
    wrong = False
    for file in files:
        try:
            pack = library.read(file)
        except PackError as error:
            wrong = True
            print(error, file=sys.stderr)
        else:
            print(f"{file}: {pack.name} is fine")
    raise SystemExit(1 if wrong else 0)


@scenarios.command(
    epilog="\b\nExamples:\n"
    "  vonage-video-emulator scenarios apply sip-busy\n"
    "  vonage-video-emulator scenarios apply flaky-start --set failures=3 --set effect=conflict --application ID"
)
def apply(
    name: Annotated[str, typer.Argument(help="Pack.", show_default=False)],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter: NAME=VALUE; repeatable.", show_default=False)
    ] = None,
    application: Annotated[str, typer.Option(help="Application id.")] = wellknown.APPLICATION_ID,
    session: Annotated[str, typer.Option(help="Only this session.", show_default=False)] = "",
    url: Url = "http://localhost:8080",
    control_token: Annotated[
        str, typer.Option(help="Token of a closed control API.", envvar="VONAGE_EMULATOR_CONTROL_TOKEN")
    ] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Remove it instead.")] = False,
) -> None:
    """Apply a pack in a running emulator, or remove it."""
    import urllib.error
    import urllib.request

    address = f"{url.rstrip('/')}/_emulator/applications/{application}/scenarios/{name}"
    body = {"parameters": dict(_parameter(each) for each in settings or ()), "session": session}
    request = urllib.request.Request(
        address,
        data=None if remove else json.dumps(body).encode(),
        method="DELETE" if remove else "PUT",
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {control_token}"},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=10) as response:
            response.read()
    except urllib.error.HTTPError as error:
        fail(_explain(error.read()))
    except (OSError, ValueError) as error:
        fail(f"{address}: {error}")
    print(f"{name} is {'removed' if remove else 'applied'}")


@scenarios.command()
def schema() -> None:
    """Print the JSON Schema of packs, for editors."""
    from scenarios.schema import schema as schema_of

    print(json.dumps(schema_of(_names()), indent=2))


def _parameter(written: str) -> tuple[str, Any]:
    name, equals, text = written.partition("=")
    if not equals:
        fail(f"--set {written}: write NAME=VALUE")
    try:
        value = json.loads(text)
    except ValueError:
        return name, text
    # A text that looks like a number is written with quotes: `--set 'reason="503"'`.
    return name, value if isinstance(value, int | float | bool | str) else text


def _explain(body: bytes) -> str:
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace")
    parts = [error.get("field"), error["message"], error.get("suggestion")]
    return ": ".join(part for part in parts[:2] if part) + (f"; {parts[2]}" if parts[2] else "")


def _names() -> Names:
    from emulator.service.names import known_names

    return known_names()


def _library(folder: Path | None) -> Library:
    from emulator.settings import SettingsError, read_settings
    from scenarios.packs import Library

    if folder is None:
        try:
            folder = read_settings().scenario_dir
        except SettingsError as error:
            fail(str(error))
    return Library(_names(), folder)
