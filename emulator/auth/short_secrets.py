"""HS256 with secrets of any length: how long a secret is, is for the user to choose, and those of tests are short."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def short_secrets() -> Iterator[None]:
    """Return a context in which the JWT library does not warn of a secret that is shorter than 32 bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the category is missing in older versions of the library
        yield
