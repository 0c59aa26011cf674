"""Opening the store that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.settings import Settings
from emulator.store.base import Store, StoreError


def open_store(settings: Settings) -> Store:
    """Return the store that the settings name. Raises `StoreError`."""
    url = settings.store
    if url == "memory":
        return Store()
    try:
        if url.startswith("sqlite:"):
            from emulator.store.sqlite import Sqlite

            return Sqlite(url, settings)
        from emulator.store.postgresql import Postgresql

        return Postgresql(url, settings)
    except ValueError:
        example = "sqlite:///emulator.db" if url.startswith("sqlite:") else "postgresql://user:password@host:5432/name"
        raise StoreError(f"store: this is no URL of a database; one is {example}") from None
    except ImportError as error:
        extra = url.partition(":")[0]
        raise StoreError(
            f"store {extra}: {error.name} is not installed: it comes with the extra {extra!r} (in the "
            f"emulator's clone: pip install '.[{extra}]')"
        ) from None
