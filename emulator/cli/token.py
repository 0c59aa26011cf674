"""The `token` commands: minting tokens by hand, for curl and for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from emulator import wellknown
from emulator.cli.fail import fail

token = typer.Typer(
    help="Mint tokens as the SDKs do; of the well-known application unless told otherwise.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Application = Annotated[str, typer.Option(help="Application id.")]
PrivateKey = Annotated[
    Path | None,
    typer.Option(
        help="File with the application's RSA private key, PEM. (default: the well-known key)", show_default=False
    ),
]
OpenTok = Annotated[bool, typer.Option("--opentok", help="Make the OpenTok form, HS256 by API key and secret.")]
ApiKey = Annotated[str, typer.Option(help="OpenTok API key.")]
ApiSecret = Annotated[str, typer.Option(help="OpenTok API secret.")]
Ttl = Annotated[
    int | None, typer.Option(help="Seconds until it expires; negative makes an expired one.", show_default=False)
]


@token.command(
    epilog="\b\nExamples:\n"
    '  curl -H "Authorization: Bearer $(vonage-video-emulator token rest)" ...\n'
    '  curl -H "X-OPENTOK-AUTH: $(vonage-video-emulator token rest --opentok)" ...\n'
    "  vonage-video-emulator token rest --application ID --private-key private.key --ttl -60"
)
def rest(
    application: Application = wellknown.APPLICATION_ID,
    private_key: PrivateKey = None,
    opentok: OpenTok = False,
    api_key: ApiKey = wellknown.API_KEY,
    api_secret: ApiSecret = wellknown.API_SECRET,
    ttl: Ttl = None,
) -> None:
    """Mint the token of a REST request, valid for 900 s (300 s with --opentok)."""
    from emulator.auth import minting

    try:
        if opentok:
            print(minting.opentok_rest_token(api_key, api_secret, ttl=minting.OPENTOK_SECONDS if ttl is None else ttl))
        else:
            key = _key(application, private_key)
            print(minting.rest_token(application, key, ttl=minting.REST_SECONDS if ttl is None else ttl))
    except minting.TokenError as error:
        fail(str(error))


@token.command(
    epilog="\b\nExamples:\n"
    "  vonage-video-emulator token client --session SESSION\n"
    "  vonage-video-emulator token client --session SESSION --role moderator --data name=Ada --layout-class focus"
)
def client(
    session: Annotated[str, typer.Option(help="Session id.", show_default=False)],
    role: Annotated[str, typer.Option(help="publisher, subscriber, moderator or publisheronly.")] = "publisher",
    data: Annotated[str, typer.Option(help="Connection data.", show_default=False)] = "",
    layout_class: Annotated[
        list[str] | None, typer.Option(help="Initial layout class; repeatable.", show_default=False)
    ] = None,
    application: Application = wellknown.APPLICATION_ID,
    private_key: PrivateKey = None,
    opentok: OpenTok = False,
    api_key: ApiKey = wellknown.API_KEY,
    api_secret: ApiSecret = wellknown.API_SECRET,
    ttl: Ttl = None,
) -> None:
    """Mint the token with which a client connects to a session, valid for a day."""
    from emulator.auth import minting

    if role not in minting.ROLES:
        fail(f"--role {role}: there is no such role (known: {', '.join(minting.ROLES)})")
    make = minting.opentok_client_token if opentok else minting.client_token
    issuer, key = (api_key, api_secret) if opentok else (application, _key(application, private_key))
    try:
        minted = make(
            issuer,
            key,
            session,
            role=cast(minting.Role, role),
            data=data,
            layout_classes=layout_class or (),
            ttl=minting.CLIENT_SECONDS if ttl is None else ttl,
        )
    except minting.TokenError as error:
        fail(str(error))
    print(minted)


def _key(application: str, file: Path | None) -> str:
    if file is None:
        if application != wellknown.APPLICATION_ID:
            fail(f"--application {application}: give its --private-key too; only the well-known one's is known here")
        return wellknown.PRIVATE_KEY
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"--private-key {file}: {getattr(error, 'strerror', None) or error}")
