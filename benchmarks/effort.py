"""How much work a run does."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.compare import Length


@dataclass(frozen=True)
class Effort:
    """Sizes of everything that is repeated or filled."""

    spawns: int
    """starts of each server"""
    length: Length
    """rounds of each comparison"""
    some: int
    """archives for the memory row"""
    many: int
    """archives for the rows about size"""
    own: Length
    """rounds of start archive with a session for each"""
    calls: int
    """calls whose median latency is taken"""
    key_pairs: int
    """the same, where each has to wait for a key pair"""
    requests: int
    """requests of the long run"""


FULL = Effort(
    spawns=9,
    length=Length(12, 0.5),
    some=10_000,
    many=100_000,
    own=Length(8, 5.0, count=1_000),
    calls=200,
    key_pairs=10,
    requests=400_000,
)
QUICK = Effort(
    spawns=1,
    length=Length(2, 0.1),
    some=200,
    many=500,
    own=Length(1, 1.0, count=50),
    calls=10,
    key_pairs=1,
    requests=10_000,
)
