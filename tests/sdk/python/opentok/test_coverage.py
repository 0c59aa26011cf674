"""The suite must use all that the `opentok` package can do."""

from __future__ import annotations

import inspect
from pathlib import Path

from opentok import Client

from tests.sdk.python.looks import called_on

EXCLUDED = {
    "TOKEN_SENTINEL": "a constant",
    "app_version": "a property of the user agent",
    "append_to_user_agent": "changes the user agent, sends nothing by itself",
    "user_agent": "a property",
    "get_headers": "for internal use, sends nothing by itself",
    "get_json_headers": "for internal use, sends nothing by itself",
    "headers": "deprecated name of get_headers",
    "json_headers": "deprecated name of get_json_headers",
    "jwt_livetime": "a property",
    "proxies": "a property",
}


def test_every_public_method_of_the_sdk_is_exercised() -> None:
    methods = {name for name, _ in inspect.getmembers(Client) if not name.startswith("_")} - EXCLUDED.keys()
    assert len(methods) > 30, "the SDK has lost its methods, or this check its way of finding them"
    assert methods - called_on("opentok", Path(__file__).parent) == set()
