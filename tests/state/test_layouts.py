"""Who is in a composed picture, in which order and where (the layouts guide, fidelity/rest-and-archives.md 12.2)."""

from __future__ import annotations

import pytest

from state.layouts import Box, Layout, Picture, compose, prioritize
from state.session_records import Stream


def stream(name: str, *classes: str, by: str = "", **more: object) -> Stream:
    return Stream(
        id=name,
        session_id="session",
        connection_id=by or f"by-{name}",
        created_at=0,
        layout_classes=classes,
        **more,  # type: ignore[arg-type]
    )


def screen(name: str, *classes: str, by: str = "") -> Stream:
    return stream(name, *classes, by=by, video_type="screen")


def cameras(count: int) -> list[Stream]:
    return [stream(str(number)) for number in range(count)]


def names(picture: Picture) -> list[str]:
    return [tile.stream.id for tile in picture.tiles]


def box(picture: Picture, name: str) -> Box:
    (found,) = [tile.box for tile in picture.tiles if tile.stream.id == name]
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("count", "columns", "rows"),
    [(1, 1, 1), (2, 2, 1), (3, 2, 2), (4, 2, 2), (5, 3, 3), (9, 3, 3), (10, 4, 4), (16, 4, 4), (40, 4, 4)],
)
def test_best_fit_is_a_grid_filled_row_by_row(count: int, columns: int, rows: int) -> None:
    picture = compose(Layout(), cameras(count))
    assert len(picture.tiles) == min(count, 16)
    assert len(picture.left_out) == max(0, count - 16)
    for index, tile in enumerate(picture.tiles):
        assert tile.box is not None
        place = (index % columns * 100 / columns, index // columns * 100 / rows)
        assert (tile.box.left, tile.box.top) == pytest.approx(place)
        assert (tile.box.width, tile.box.height) == pytest.approx((100 / columns, 100 / rows))


def test_best_fit_takes_no_heed_of_where_classes_would_put_a_stream() -> None:
    picture = compose(Layout(), [stream("a"), stream("b", "focus")])
    assert [(tile.stream.id, tile.role) for tile in picture.tiles] == [("b", ""), ("a", "")]


def test_pip_shows_one_in_full_and_the_first_other_one_in_the_corner() -> None:
    picture = compose(Layout("pip"), [stream("a"), stream("b"), stream("c", "full")])
    assert names(picture) == ["c", "a"]
    assert box(picture, "c") == Box(0, 0, 100, 100, 100)
    assert box(picture, "a") == Box(70, 10, 20, 20, 200)
    assert [each.id for each in picture.left_out] == ["b"]


@pytest.mark.parametrize(
    ("type_", "resolution", "others"),
    [
        ("verticalPresentation", "640x480", 5),
        ("verticalPresentation", "1920x1080", 7),
        ("verticalPresentation", "720x1280", 8),
        ("verticalPresentation", "1080x1920", 10),
        ("horizontalPresentation", "1280x720", 5),
        ("horizontalPresentation", "1920x1080", 7),
        ("horizontalPresentation", "480x640", 3),
        ("horizontalPresentation", "1080x1920", 3),
    ],
)
def test_a_presentation_has_one_focus_and_so_many_others(type_: str, resolution: str, others: int) -> None:
    picture = compose(Layout(type_), [*cameras(14), stream("focus", "focus")], resolution)
    assert names(picture) == ["focus", *(str(number) for number in range(others))]
    assert f"{picture.width}x{picture.height}" == resolution
    large, last = box(picture, "focus"), box(picture, str(others - 1))
    if type_ == "verticalPresentation":
        assert large == Box(20, 0, 80, 100)
        assert (last.left, last.width, last.top + last.height) == pytest.approx((0, 20, 100))
    else:
        assert large == Box(0, 0, 100, 80)
        assert (last.top, last.height, last.left + last.width) == pytest.approx((80, 20, 100))


def test_the_class_of_another_layout_gives_no_large_place() -> None:
    picture = compose(Layout("horizontalPresentation"), [stream("a", "full"), stream("b")])
    assert [tile.role for tile in picture.tiles] == ["", ""]


@pytest.mark.parametrize("type_", ["pip", "verticalPresentation", "horizontalPresentation"])
def test_a_screen_takes_the_large_place_and_not_the_stream_with_the_class(type_: str) -> None:
    streams = [stream("a", "full", "focus"), stream("b", by="sharer"), screen("s", by="sharer")]
    picture = compose(Layout(screenshare_type=type_), streams)
    assert picture.type == type_
    assert picture.tiles[0].stream.id == "s"
    assert picture.tiles[0].role
    assert compose(Layout(screenshare_type=type_), streams[:2]).type == "bestFit"


def test_best_fit_for_screens_shows_screens_only() -> None:
    assert names(compose(Layout(screenshare_type="bestFit"), [stream("a"), screen("s"), screen("t")])) == ["s", "t"]


def test_streams_with_classes_come_first_then_screens_and_who_shares_them() -> None:
    streams = [
        stream("plain"),
        stream("beside-upper", by="upper"),
        stream("upper-camera", "main", by="upper"),
        stream("sharer-camera", by="sharer"),
        screen("screen", by="sharer"),
        screen("upper-screen", "main", by="other"),
        stream("other-camera", "side", by="other"),
    ]
    ranked = [each.id for each in prioritize(streams)]
    assert ranked == [
        "upper-screen", "other-camera", "upper-camera", "screen", "sharer-camera", "beside-upper", "plain",
    ]  # fmt: skip


def test_who_sends_no_video_is_not_in_the_picture() -> None:
    picture = compose(Layout(), [stream("a"), stream("b", has_video=False)])
    assert (names(picture), picture.left_out) == (["a"], ())


def test_a_custom_layout_gets_the_order_and_leaves_the_places_to_its_stylesheet() -> None:
    picture = compose(Layout("custom", "stream {}"), [stream("a"), stream("b", "main")])
    assert [(tile.stream.id, tile.box) for tile in picture.tiles] == [("b", None), ("a", None)]
