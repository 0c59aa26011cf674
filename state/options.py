"""How one application behaves: the options every application has, with their defaults."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Contract = Literal["service", "spec"]
Pace = Literal["realistic", "fast", "instant"]
Real = Literal["connector"]
"""What can be real: `connector`, the WebSocket of an audio connector."""

ArchiveStorage = Literal["uploadThenCloud", "target", "cloud"]


class Options(BaseModel):
    """The behaviour of one application; frozen, replaced as a whole when changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contract: Contract = Field(
        "service", description="`service`: statuses and bodies of the live service; `spec`: those of the specification"
    )
    pace: Pace = Field("fast", description="how long processing takes: `realistic`, `fast` or `instant`")
    archive_storage: ArchiveStorage = Field(
        "uploadThenCloud",
        description="how a stopped archive ends: `uploadThenCloud` uploaded then available, `target` uploaded, "
        "`cloud` available",
    )
    auto_participants: int = Field(
        0, ge=0, le=1000, description="participants that join every new session by themselves"
    )
    mute_answer: Literal["details", "empty"] = Field(
        "details", description="what muting answers: project `details` or an `empty` body"
    )
    list_count: Literal["total", "page"] = Field(
        "total", description="what `count` of a list means: the `total` that matches or the size of the `page`"
    )
    deleted_archive: Literal["shown", "gone"] = Field(
        "shown", description="whether GET of a deleted archive still answers (`shown`) or is 404 (`gone`)"
    )
    stopped_broadcast: Literal["shown", "gone"] = Field(
        "shown", description="whether GET of a stopped broadcast still answers (`shown`) or is 404 (`gone`)"
    )
    session_rotation: int = Field(
        0,
        ge=0,
        le=10_000,
        description="hours after which a session is rotated unless it migrates, announced 4 h and 1 h before; 0: never",
    )
    clients_migrate: Literal["whenAsked", "always", "never"] = Field(
        "whenAsked",
        description="which clients follow a session to another media server, unless they say so themselves: all "
        "`whenAsked` by `migrateSession` and none at a rotation, all `always`, or `never` any",
    )
    magic_values: Literal["on", "off"] = Field(
        "on", description="whether names, URIs and URLs that begin with `emulator-fail-` select an outcome"
    )
    documented_limits: Literal["note", "refuse"] = Field(
        "note",
        description="what is documented but not enforced by the service: `note` it in the journal, or `refuse` it",
    )
    unknown_fields: Literal["tolerate", "refuse"] = Field(
        "tolerate",
        description="what nothing reads of a body or a query: `tolerate` it, as the service does, or `refuse` it",
    )
    token_lifetime: Literal["note", "documented"] = Field(
        "note", description="REST tokens that live longer than documented: `note` them, or end them as `documented`"
    )
    auth: Literal["strict", "lax"] = Field(
        "strict", description="`strict` verifies every token; `lax` accepts any, and makes applications on first use"
    )
    real: list[Real] = Field(
        [], description="what is real and not played: `connector` opens the WebSockets of audio connectors"
    )
    connector_tls: Literal["any", "trusted"] = Field(
        "any",
        description="which certificate of a `wss:` server a real audio connector takes: `any`, as the service does, or "
        "a `trusted` one",
    )
    seed: int | None = Field(
        None, ge=-(2**63), lt=2**63, description="seed of the application's ids; unset: different at every start"
    )
