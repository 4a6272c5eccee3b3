"""Rings that fill by an angle are found, and nothing else is taken for one."""

import math
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.found_objects import made_up_discovery
from tests.support.made_up_play import GREEN, TinyGame, made_up_play
from understudy.contract.profile import Rectangle
from understudy.contract.screen_layout import Dial
from understudy.learning.detector.discover import discover_in
from understudy.learning.detector.synthetic_scenes import teacher_scenes
from understudy.perception.discovery.bars import _is_of_ring, find_bars
from understudy.perception.discovery.discovered import Fill, FoundBar
from understudy.perception.discovery.discovered_profile import to_profile
from understudy.perception.discovery.discovery_files import read_discovery
from understudy.perception.discovery.edits import name_bar
from understudy.perception.discovery.round_bars import _of_colours, find_round_bars
from understudy.perception.gauge_readers import DialReader
from understudy.perception.screen_regions import Scale, scale_of
from understudy.worlds.catalog import load_profile

DARK, AMBER = (24, 28, 34), (250, 190, 40)
WINDOW = (Rectangle(left=0.0, top=0.0, width=1.0, height=1.0),)
MIDDLE, RADIUS = (70, 60), 26


def levels(count: int = 50, low: float = 0.2, high: float = 0.95) -> np.ndarray:
    return np.asarray(low + (high - low) * (0.5 + 0.5 * np.sin(np.arange(count) / 4)))


def drawn(level: float, start: float, direction: int, thickness: int = 7) -> np.ndarray:
    """A ring on a panel, filled from `start` degrees (the top is 0, clockwise) in a direction; a number beside it."""
    picture = np.full((240, 400, 3), (40, 60, 90), np.uint8)
    angles = np.radians(start + direction * np.linspace(0, 360 * level, 200)) - math.pi / 2
    cv2.circle(picture, MIDDLE, RADIUS, DARK, thickness, cv2.LINE_AA)
    points = np.stack([MIDDLE[0] + RADIUS * np.cos(angles), MIDDLE[1] + RADIUS * np.sin(angles)], axis=1)
    cv2.polylines(picture, [np.round(8 * points).astype(np.int32)], False, AMBER, thickness, cv2.LINE_AA, shift=3)
    cv2.putText(picture, f"{100 * level:.0f}", (130, 66), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (240, 240, 240), 1)
    return picture


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("start", [0, 77, 180, 270])
@pytest.mark.parametrize(("low", "high"), [(0.2, 0.95), (0.4, 0.7)])
def test_a_ring_is_found_from_any_start_in_both_directions_and_reads_its_level(
    start: float, direction: int, low: float, high: float
) -> None:
    true = levels(low=low, high=high)
    frames = np.stack([drawn(level, start, direction) for level in true])
    (ring,) = find_round_bars(frames, WINDOW)
    assert ring.fills == ("clockwise" if direction > 0 else "counterclockwise")
    assert ring.radius == pytest.approx(RADIUS, abs=2)
    x, y = ring.area.left + ring.area.width / 2, ring.area.top + ring.area.height / 2
    assert (400 * x, 240 * y) == pytest.approx(MIDDLE, abs=2)
    dial = DialReader(Dial(x=x, y=y, radius=ring.radius, full=ring.full, empty=ring.empty))
    read = [dial.read(frame, Scale(400, 240, 240)) for frame in frames]
    assert np.abs(np.array(read) - true).max() < 0.07, "antialiasing and the pen's round ends are counted too"
    assert not find_bars(frames, WINDOW, (ring,)), "no straight bar is made of its top and bottom"


def test_a_lamp_a_sweep_a_disc_that_grows_and_straight_bars_are_no_rings() -> None:
    number = np.arange(50)
    lamp = np.stack([drawn(1.0 if each % 7 < 3 else 0.0, 0, 1) for each in number])
    sweep = np.stack([drawn(0.2, 14.0 * each, 1) for each in number])
    growing = np.full((50, 240, 400, 3), DARK, np.uint8)
    bars = growing.copy()
    for each, level in enumerate(levels()):
        cv2.circle(growing[each], MIDDLE, round(40 * level), AMBER, -1)
        bars[each, 20:30, 20 : 20 + round(150 * level)] = AMBER
        bars[each, 110 - round(60 * level) : 110, 100:110] = GREEN
    for frames in (lamp, sweep, growing, bars):
        assert find_round_bars(frames, WINDOW) == ()
    assert len(find_bars(bars, WINDOW)) == 2


@pytest.mark.parametrize("radius", [15, 45])
@pytest.mark.parametrize("start", [-90, 13])
def test_a_disc_that_fills_by_an_angle_is_found_and_no_straight_bar_in_it(start: int, radius: int) -> None:
    frames = np.full((50, 240, 400, 3), (40, 60, 90), np.uint8)
    for frame, level in zip(frames, levels(), strict=True):
        cv2.circle(frame, MIDDLE, radius, DARK, -1)
        cv2.ellipse(frame, MIDDLE, (radius, radius), start, 0, 360 * level, AMBER, -1)
    (disc,) = find_round_bars(frames, WINDOW)
    x, y = disc.area.left + disc.area.width / 2, disc.area.top + disc.area.height / 2
    assert (400 * x, 240 * y) == pytest.approx(MIDDLE, abs=1) and disc.radius is not None
    dial = DialReader(Dial(x=x, y=y, radius=disc.radius, full=disc.full, empty=disc.empty))
    read = [dial.read(frame, Scale(400, 240, 240)) for frame in frames]
    assert np.abs(np.array(read) - levels()).max() < 0.05
    assert find_bars(frames, WINDOW, (disc,)) == ()


@pytest.mark.parametrize("middle", [(30, 120), (369, 120), (200, 30), (200, 209), (369, 209)])
def test_a_ring_that_the_window_cuts_off_keeps_its_middle(middle: tuple[int, int]) -> None:
    frames = np.full((50, 240, 400, 3), (40, 60, 90), np.uint8)
    for frame, level in zip(frames, levels(), strict=True):
        cv2.circle(frame, middle, 28, DARK, 9)
        cv2.ellipse(frame, middle, (28, 28), -90, 0, 360 * level, AMBER, 9)
    (ring,) = find_round_bars(frames, WINDOW)
    x, y = ring.area.left + ring.area.width / 2, ring.area.top + ring.area.height / 2
    assert (400 * x, 240 * y) == pytest.approx(middle, abs=1)
    assert find_bars(frames, WINDOW, (ring,)) == ()


@pytest.mark.parametrize(("is_still", "seed"), [(False, 0), (True, 0), (True, 1), (True, 5), (True, 6)])
def test_play_without_a_ring_has_none(is_still: bool, seed: int) -> None:
    frames = made_up_play(240, seed, is_still=is_still).large_frames(640 * 360)
    assert find_round_bars(frames, WINDOW) == ()


def test_the_embedded_game_has_no_ring() -> None:
    scenes = teacher_scenes(load_profile(), np.arange(3, 5, dtype=np.uint64), 1.5, 30.0, 360)
    frames = np.stack([scene.picture for scene in islice(scenes, 40)])
    assert find_round_bars(frames, WINDOW) == ()


def test_a_ring_that_was_found_is_a_dial_of_the_profile() -> None:
    area = Rectangle(left=0.1, top=0.2, width=0.05, height=0.08)
    ring = FoundBar(area=area, fills="clockwise", radius=30.0, full=(AMBER,), empty=(DARK,), gauge="fuel")
    discovery = replace(made_up_discovery(), bars=(ring,))
    base = replace(load_profile("darkorbit"), gauges=())
    profile = to_profile(discovery, base)
    reading = profile.gauges[0].reading
    assert isinstance(reading, Dial) and (reading.x, reading.y, reading.radius) == pytest.approx((0.125, 0.24, 30.0))
    none = to_profile(name_bar(discovery, 0, "none"), profile)
    assert none.gauges == (), "a ring without a name is taken back"


@pytest.mark.parametrize("is_still", [False, True])
def test_a_small_ring_over_a_scene_is_found_by_discovery_and_its_profile_reads_the_level(
    is_still: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("sklearn", reason="pip install 'understudy[discover]'")
    plain, number = TinyGame.frame, count()
    true: list[float] = []

    def with_ring(game: TinyGame) -> np.ndarray:
        picture, level = plain(game), 0.2 + 0.3 * (1 + math.sin(next(number) / 9))
        true.append(level + math.asin(3 / 12) / math.pi)  # the pen's round ends are drawn, too
        cv2.circle(picture, (440, 30), 12, (60, 66, 80), 6)
        cv2.ellipse(picture, (440, 30), (12, 12), -90, 0, 360 * level, AMBER, 6)
        return np.asarray(picture)

    monkeypatch.setattr(TinyGame, "frame", with_ring)
    monkeypatch.setattr("understudy.learning.detector.discover.STILL_PIXELS", 360 * 225)  # smaller than the frames
    play = made_up_play(is_still=is_still)
    found = discover_in(play, tmp_path)
    (ring,) = (bar for bar in found.bars if bar.fills == "clockwise")
    assert "right" in [bar.fills for bar in found.bars]
    assert ring.radius == pytest.approx(12, abs=1.5)
    assert len(found.panels) == (0 if is_still else 2), "the ring is no open space"
    assert read_discovery(tmp_path) == found
    named = name_bar(found, found.bars.index(ring), "fuel")
    profile = to_profile(named, replace(load_profile("darkorbit"), gauges=()))
    (reading,) = (gauge.reading for gauge in profile.gauges if gauge.name == "fuel")
    assert isinstance(reading, Dial)
    frames = play.large_frames(1280 * 720)
    read = [DialReader(reading).read(frame, scale_of(profile, frame)) for frame in frames]
    assert np.abs(np.array(read) - true[::4]).max() < 0.05


def test_a_ring_over_a_scene_that_changes_everywhere_and_a_bar_that_begins_beside_it_are_found() -> None:
    frames = np.random.default_rng(0).integers(0, 255, (50, 240, 400, 3)).astype(np.uint8)
    for frame, level in zip(frames, levels(), strict=True):
        cv2.circle(frame, MIDDLE, RADIUS, DARK, 7)
        cv2.ellipse(frame, MIDDLE, (RADIUS, RADIUS), -90, 0, 360 * level, AMBER, 7)
        frame[84:92, 92:242] = DARK  # from within the corner of the ring's square on
        frame[84:92, 92 : 92 + round(150 * level)] = GREEN
    (ring,) = find_round_bars(frames, WINDOW)
    assert ring.radius == pytest.approx(RADIUS, abs=2)
    assert [bar.fills for bar in find_bars(frames, WINDOW, (ring,))] == ["right"]


def test_under_a_still_camera_few_of_many_changing_things_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def none_usable(part: np.ndarray, *_: object) -> tuple[()]:
        looked.append(len(part))
        return ()

    frames = np.zeros((100, 360, 640, 3), np.uint8)
    for x, y in ((x, y) for x in range(20, 620, 30) for y in range(20, 340, 30)):
        cv2.circle(frames[0], (x, y), 9, AMBER, 2)
    frames[::2] = frames[0]
    monkeypatch.setattr("understudy.perception.discovery.round_bars._circles", none_usable)
    assert find_round_bars(frames, WINDOW) == ()
    assert looked == 40 * [60], "arcs; frames"


def test_around_an_arc_only_as_much_is_looked_at_as_its_ring_can_take() -> None:
    part = np.zeros((100, 360, 640, 3), np.uint8)
    colours = np.array([DARK, AMBER], np.float32)
    _, _, small = _of_colours(part, colours, (300, 150, 20, 8), most=72.0)
    _, _, large = _of_colours(part, colours, (300, 150, 120, 60), most=72.0)
    assert small.shape[0] <= 140 and small.shape[1] <= 140
    assert large.shape[0] <= 2 * 160 and large.shape[1] <= 2 * 160


@pytest.mark.parametrize(("fills", "radius"), [("clockwise", None), ("up", 3.0), ("clockwise", math.nan)])
def test_a_round_bar_has_a_radius_and_no_other(fills: Fill, radius: float | None) -> None:
    area = Rectangle(left=0.1, top=0.2, width=0.05, height=0.08)
    with pytest.raises(ValueError, match="radius"):
        FoundBar(area=area, fills=fills, radius=radius, full=(AMBER,), empty=(DARK,))


def test_a_number_inside_of_a_ring_is_a_number_and_the_ring_is_none() -> None:
    ring = Rectangle(left=0.1, top=0.1, width=0.1, height=0.1)
    assert not _is_of_ring(Rectangle(left=0.13, top=0.14, width=0.04, height=0.02), ring)
    assert _is_of_ring(Rectangle(left=0.1, top=0.1, width=0.1, height=0.1), ring)
