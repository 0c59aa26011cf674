"""The suite must use all that the `vonage` package can do with video."""

from __future__ import annotations

import inspect
from pathlib import Path

from vonage import Video

from tests.sdk.python.looks import called_on

EXCLUDED = {
    "http_client": "a property that gives the transport; it sends nothing by itself",
}


def test_every_public_method_of_the_sdk_is_exercised() -> None:
    methods = {name for name, _ in inspect.getmembers(Video) if not name.startswith("_")} - EXCLUDED.keys()
    assert len(methods) > 30, "the SDK has lost its methods, or this check its way of finding them"
    assert methods - called_on("video", Path(__file__).parent) == set()
