"""A large body is read in pieces, with others served between them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from emulator.context import BodyAllocation, BodyBudget
from emulator.service import middleware

PIECE = 65_536


@pytest.mark.parametrize(("pieces", "least"), [(1, 0), (16, 0), (64, 8), (256, 50)])
def test_others_have_their_turn_while_a_large_body_arrives(pieces: int, least: int) -> None:
    async def run() -> tuple[int, Any]:
        left, turns = pieces, 0

        async def receive() -> Mapping[str, Any]:
            nonlocal left
            left -= 1
            return {"type": "http.request", "body": b"x" * PIECE, "more_body": left > 0}

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        allocation = BodyAllocation(BodyBudget())
        body = await middleware._collect(receive, 64 * 1024 * 1024, allocation, "")  # type: ignore[arg-type]
        task.cancel()
        return turns, body

    turns, body = asyncio.run(run())
    assert body == b"x" * PIECE * pieces
    assert turns >= least
    assert turns == 0 or least
