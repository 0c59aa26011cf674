"""Two servers under the same load in turn, so that the noise of the machine meets both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from benchmarks.load import drive
from benchmarks.server import Server


@dataclass(frozen=True)
class Side:
    """One kind of request to one server, or also to `others` by turns; `requests` is called for each round."""

    server: Server
    requests: Callable[[], Iterable[bytes]]
    others: tuple[Server, ...] = ()

    def round(self, length: Length) -> Round:
        """Load the servers once; every response must be a 200."""
        servers = (self.server, *self.others)
        before = sum(server.cpu() for server in servers)
        ports = [server.port for server in servers]
        load = drive(ports, self.requests(), count=length.count, seconds=length.seconds, expected=200)
        return Round(load.rate, (sum(server.cpu() for server in servers) - before) / load.count)


@dataclass(frozen=True)
class Length:
    """When a round ends: after `seconds` or `count` requests, whichever is first; and how many rounds there are."""

    rounds: int
    seconds: float
    count: int = 1_000_000


@dataclass(frozen=True)
class Round:
    """What one round showed: responses a second, and CPU seconds of the server for one."""

    rate: float
    cpu: float


@dataclass(frozen=True)
class Comparison:
    """Rounds of one side and of another, pair by pair."""

    pairs: list[tuple[Round, Round]]

    @property
    def ratios(self) -> list[float]:
        """Throughput of the one as a share of the other's, a pair each, ascending."""
        return sorted(one.rate / other.rate for one, other in self.pairs)

    @property
    def ratio(self) -> float:
        """The median ratio of throughput."""
        return median(self.ratios)

    @property
    def cpu(self) -> float:
        """The median ratio of the CPU times of a response, the other's to the one's: as a quiet machine shows."""
        return median(other.cpu / one.cpu if one.cpu else 0.0 for one, other in self.pairs)

    def rates(self) -> str:
        """The median rates and CPU times of both sides, for people."""
        sides = [[pair[0] for pair in self.pairs], [pair[1] for pair in self.pairs]]
        return " against ".join(
            f"{median(r.rate for r in side):,.0f}/s ({median(r.cpu for r in side) * 1e6:.0f} µs CPU)" for side in sides
        )

    def __str__(self) -> str:
        ratios = self.ratios
        spread = f"{ratios[0]:.2f}–{ratios[-1]:.2f} in {len(ratios)} rounds"
        return f"{self.ratio:.2f} ({spread}; by CPU time {self.cpu:.2f}); {self.rates()}"


def compare(one: Side, other: Side, length: Length) -> Comparison:
    """Load both sides in turn (one, other, other, one, …) after a warm-up round of each."""
    for side in (one, other):
        side.round(Length(1, length.seconds / 2, max(1, length.count // 2)))
    pairs = []
    for number in range(length.rounds):
        if number % 2:
            second = other.round(length)
            pairs.append((one.round(length), second))
        else:
            pairs.append((one.round(length), other.round(length)))
    return Comparison(pairs)
