"""The body of a storage target (fidelity/rest-and-archives.md 12.13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import model_validator

from emulator.spec.errors import InvalidRequestError
from emulator.spec.schemas.common import Body

NEEDED: Mapping[str, tuple[str, ...]] = {
    "s3": ("accessKey", "secretKey", "bucket"),
    "azure": ("accountName", "accountKey", "container"),
}
SECRET = ("secretKey", "accountKey")


class SetArchiveStorage(Body):
    """Where archives are uploaded to; what is in `config` depends on the type."""

    type: Literal["s3", "azure"]
    config: dict[str, str]
    fallback: Literal["opentok", "none"] = "none"

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in NEEDED[self.type]:
            if not self.config.get(name):
                raise InvalidRequestError("is required", f"config.{name}")
        return self
