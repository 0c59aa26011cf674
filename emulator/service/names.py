"""What failure rules may name: the operations, their tags and fields, the kinds of callbacks."""

from __future__ import annotations

from emulator.auth.client_tokens import ROLES
from emulator.callbacks.bodies import CALLBACK_TYPES
from emulator.resources.registry import PARAMETERS
from emulator.service.operations import OPERATIONS
from emulator.spec.schemas.bodies import paths
from scenarios.outcomes import STATES
from scenarios.targets import Names


def known_names() -> Names:
    """Return what rules may name."""
    return Names(
        {each.id: each.tag for each in OPERATIONS},
        callbacks=sorted({told.webhook for told in CALLBACK_TYPES.values()}),
        reads=[each.id for each in OPERATIONS if each.method == "GET"],
        stateful=[each.id for each in OPERATIONS if any(f"{{{place}}}" in each.path for place in PARAMETERS)],
        fields={each.id: frozenset(paths(each.body)) for each in OPERATIONS if each.body is not None},
        roles=ROLES,
        states=STATES,
    )
