"""The layout of a composed archive or broadcast: which streams are in the picture, in which order, and where.

Sources: fidelity/rest-and-archives.md 12.2 and the layouts guide (G-LAY): its predefined layouts, its rules for screen
sharing, its stream prioritization rules and its capacities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from state.session_records import Stream

MAX_TILES = 16
"""Video streams that a composition can take in."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a composition is arranged (fidelity/rest-and-archives.md 12.2)."""

    type: str = "bestFit"
    stylesheet: str = ""
    screenshare_type: str = ""


BEST_FIT = Layout()

MAIN_CLASSES: Mapping[str, str] = MappingProxyType(
    {"pip": "full", "verticalPresentation": "focus", "horizontalPresentation": "focus"}
)
"""The layout class that gives a stream the large place."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a stream is, in percent of the picture; a higher `z` covers a lower one."""

    left: float
    top: float
    width: float
    height: float
    z: int = 0


@dataclass(frozen=True, slots=True)
class Tile:
    """A stream in the picture. `box` is None in a custom layout, whose stylesheet says where it is."""

    stream: Stream
    role: str = ""
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A composed picture of `width` by `height` pixels; `type` is the layout that is in force.

    `left_out` are the streams with video for which there is no place.
    """

    type: str
    width: int
    height: int
    tiles: tuple[Tile, ...]
    left_out: tuple[Stream, ...]


def compose(layout: Layout, streams: Iterable[Stream], resolution: str = "640x480") -> Picture:
    """Return what the layout makes of streams, given in the order in which they were added."""
    width, height = (int(side) for side in resolution.split("x"))
    ranked = prioritize([stream for stream in streams if stream.has_video])  # G-LAY: without video, not in the picture
    type_, candidates = layout.type, ranked
    large = MAIN_CLASSES.get(type_)
    main = next((stream for stream in ranked if large in stream.layout_classes), None)
    screens = [stream for stream in ranked if stream.video_type == "screen"]
    if type_ == "bestFit" and layout.screenshare_type and screens:
        type_, main = layout.screenshare_type, screens[0]  # "not a stream with a class applied"
        if type_ == "bestFit":
            candidates = screens  # "only screen-sharing streams are included"
    included = candidates[:MAX_TILES]
    if type_ == "custom":
        tiles = [Tile(stream) for stream in included]
    else:
        tiles = _ARRANGEMENTS.get(type_, _best_fit)(included, main, (width, height))
    shown = {tile.stream.id for tile in tiles}
    return Picture(type_, width, height, tuple(tiles), tuple(each for each in ranked if each.id not in shown))


def prioritize(streams: Sequence[Stream]) -> list[Stream]:
    """Return streams by the prioritization rules: those with layout classes first, then as they were added.

    In either tier screens come first, then what clients publish who share their screen; in the lower one, then what
    clients publish who also publish a stream with classes.
    """
    sharing = {stream.connection_id for stream in streams if stream.video_type == "screen"}
    upper = {stream.connection_id for stream in streams if stream.layout_classes}

    def rank(stream: Stream) -> tuple[int, int]:
        if stream.video_type == "screen":
            place = 0
        elif stream.connection_id in sharing:
            place = 1
        else:
            place = 2 if not stream.layout_classes and stream.connection_id in upper else 3
        return (0 if stream.layout_classes else 1), place

    return sorted(streams, key=rank)


Arrange = Callable[[Sequence["Stream"], "Stream | None", tuple[int, int]], list[Tile]]


def _best_fit(streams: Sequence[Stream], main: Stream | None, size: tuple[int, int]) -> list[Tile]:
    """A grid, filled row by row."""
    count = len(streams)
    columns, rows = next(((c, r) for most, c, r in _GRIDS if count <= most), (4, 4))
    width, height = 100 / columns, 100 / rows
    return [
        Tile(stream, "", Box((index % columns) * width, index // columns * height, width, height))
        for index, stream in enumerate(streams)
    ]


_GRIDS = ((1, 1, 1), (2, 2, 1), (4, 2, 2), (9, 3, 3), (16, 4, 4))
"""Up to so many streams: columns and rows (the guide's stylesheet; it ends at nine)."""


def _pip(streams: Sequence[Stream], main: Stream | None, size: tuple[int, int]) -> list[Tile]:
    """One stream in full, the first other one in the corner; no more are visible."""
    corner = next((stream for stream in streams if stream is not main), None)
    tiles = [Tile(main, "full", Box(0, 0, 100, 100, 100))] if main else []
    return [*tiles, Tile(corner, "corner", Box(70, 10, 20, 20, 200))] if corner else tiles


def _vertical(streams: Sequence[Stream], main: Stream | None, size: tuple[int, int]) -> list[Tile]:
    """The focus on the right, the others along the left edge."""
    places = _capacity(size, landscape=(5, 7), portrait=(8, 10))
    share = 100 / places
    return _presentation(streams, main, places, Box(20, 0, 80, 100), lambda at: Box(0, at * share, 20, share))


def _horizontal(streams: Sequence[Stream], main: Stream | None, size: tuple[int, int]) -> list[Tile]:
    """The focus above, the others along the bottom edge."""
    places = _capacity(size, landscape=(5, 7), portrait=(3, 3))
    share = 100 / places
    return _presentation(streams, main, places, Box(0, 0, 100, 80), lambda at: Box(at * share, 80, share, 20))


def _presentation(
    streams: Sequence[Stream], main: Stream | None, places: int, focus: Box, place: Callable[[int], Box]
) -> list[Tile]:
    others = [stream for stream in streams if stream is not main][:places]
    tiles = [Tile(main, "focus", focus)] if main else []
    return tiles + [Tile(stream, "", place(index)) for index, stream in enumerate(others)]


def _capacity(size: tuple[int, int], landscape: tuple[int, int], portrait: tuple[int, int]) -> int:
    """Return how many streams there are beside the focus: in pictures of usual size, and in large ones."""
    width, height = size
    return (landscape if width > height else portrait)[max(size) >= 1920]


_ARRANGEMENTS: Mapping[str, Arrange] = MappingProxyType(
    {
        "bestFit": _best_fit,
        "pip": _pip,
        "verticalPresentation": _vertical,
        "horizontalPresentation": _horizontal,
    }
)
