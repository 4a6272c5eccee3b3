"""The whole eye: pictures in, the simulator's kind of observation out."""

import math

import numpy as np
import pytest

from tests.support.named_readings import named, unread
from tests.support.rendered_scenes import PROFILE, Knowing, play
from understudy.contract.errors import WorldError
from understudy.contract.observation import OBSERVATION
from understudy.contract.screen_layout import Area, Bar
from understudy.perception.detector import DETECTION, Detector
from understudy.perception.pipeline import PerceptionPipeline
from understudy.worlds.simulator.engine.readings import AMMO, HP, ROCKET, SHIELD


@pytest.fixture(scope="module")
def seen() -> tuple[np.ndarray, np.ndarray]:
    """Truths and observations of 15 s of play on one map."""
    detector, truths, observations = Knowing(), [], []
    eye = PerceptionPipeline(PROFILE, detector)
    for frame, truth in play(2, 300, "1-3"):
        detector.truth = truth
        cursor = (float(truth["cursor_x"]), float(truth["cursor_y"]))
        look = eye.process(frame, float(truth["time_s"]), cursor, int(truth["keys"]), int(truth["button"]))
        truths.append(truth.copy())
        observations.append(look.records[0])
    return np.array(truths, OBSERVATION), np.array(observations, OBSERVATION)


def test_bars_are_read_to_a_hundredth(seen: tuple[np.ndarray, np.ndarray]) -> None:
    truth, eye = seen[0]["player"], seen[1]["player"]
    assert np.ptp(truth["gauges"][..., HP]) > 0.02 or np.ptp(truth["gauges"][..., SHIELD]) > 0.1, "nothing to read"
    for reading in ("hp", "shield"):
        assert np.abs(named(eye, reading) - named(truth, reading)).max() < 0.01
    assert np.abs(eye["gauges"][..., ROCKET] - truth["gauges"][..., ROCKET]).max() < 0.03
    assert np.abs(eye["gauges"][..., AMMO : AMMO + 4] - truth["gauges"][..., AMMO : AMMO + 4]).max() < 0.03


def test_flags_and_numbers_are_those_of_the_game(seen: tuple[np.ndarray, np.ndarray]) -> None:
    for name in ("loaded", "map_index", "laser", "safe", "alive"):
        assert (named(seen[0]["player"], name) == named(seen[1]["player"], name)).mean() > 0.99, name


def test_the_minimap_tells_the_place_and_the_landmarks(seen: tuple[np.ndarray, np.ndarray]) -> None:
    truth, eye = seen
    for axis in ("x", "y"):
        assert np.median(np.abs(eye["player"][axis] - truth["player"][axis])) < 0.004
    assert np.allclose(eye["landmarks"]["x"], truth["landmarks"]["x"], atol=1e-4)
    assert (eye["landmarks"]["role"] == truth["landmarks"]["role"]).all()


def test_the_ships_own_velocity_is_seen_in_the_sky(seen: tuple[np.ndarray, np.ndarray]) -> None:
    truth, eye = seen[0]["player"], seen[1]["player"]
    assert np.abs(truth["vx"]).max() > 0.1, "the ship never flew"
    away = np.hypot(truth["vx"] - eye["vx"], (truth["vy"] - eye["vy"]) * 9 / 16)
    assert np.median(away) < 0.015


def test_events_happen_as_often_as_they_do(seen: tuple[np.ndarray, np.ndarray]) -> None:
    truth, eye = seen[0]["events"], seen[1]["events"]
    assert truth["hits"].sum() > 2, "nobody shot"
    for name in ("hits", "misses", "kills", "loot", "value", "deaths"):
        assert eye[name].sum() == truth[name].sum(), name
    assert eye["damage_taken"].sum() == pytest.approx(truth["damage_taken"].sum(), abs=0.1)


def test_what_happened_while_nobody_looked_is_not_told_as_events() -> None:
    """A window that was minimised or paused: its log has gone on, its lines are old and its bars have fallen."""
    detector = Knowing()
    eye = PerceptionPipeline(PROFILE, detector)
    for number, (frame, truth) in enumerate(play(2, 300, "1-3")):
        if number == 0 or number == 299:
            detector.truth = truth
            events = eye.process(frame, float(truth["time_s"]), (0.5, 0.5)).records["events"][0]
    for name in ("hits", "misses", "kills", "loot", "value", "damage_taken", "damage_dealt"):
        assert events[name] == 0, name


def test_enemies_have_their_bars_and_the_selected_one_is_known(seen: tuple[np.ndarray, np.ndarray]) -> None:
    truth, eye = seen
    read, right, chosen, told = 0, 0, 0, 0
    for was, now in zip(truth, eye, strict=True):
        for track in was["tracks"][was["tracks"]["role"] == 1]:
            there = now["tracks"][now["tracks"]["id"] > 0]
            nearest = there[np.argmin(np.hypot(there["x"] - track["x"], there["y"] - track["y"]))]
            if not math.isnan(nearest["gauges"][..., HP]):
                read += 1
                right += abs(nearest["gauges"][..., HP] - track["gauges"][..., HP]) < 0.03
            chosen += track["selected"]
            told += track["selected"] and nearest["selected"]
    assert read > 200
    assert right > 0.98 * read
    assert told > 0.9 * chosen > 0


def test_a_ring_that_something_covers_for_a_moment_does_not_deselect() -> None:
    detector, covered, told = Knowing(), 0, []
    eye = PerceptionPipeline(PROFILE, detector)
    for frame, truth in play(2, 300, "1-3"):
        detector.truth = truth
        ringed = truth["tracks"][truth["tracks"]["selected"] > 0]
        covered = covered + 1 if len(ringed) and told[-1:] == [True] else 0
        if 4 <= covered < 8:  # a blast as large as the enemy and its ring
            x, y = round(float(ringed["x"][0]) * frame.shape[1]), round(float(ringed["y"][0]) * frame.shape[0])
            frame[max(0, y - 60) : y + 60, max(0, x - 60) : x + 60] = (255, 230, 180)
        seen = eye.process(frame, float(truth["time_s"]), (0.5, 0.5)).records[0]["tracks"]["selected"].any()
        if len(ringed):
            told.append(bool(seen))
        if covered == 8:
            assert told[-5:] == [True] * 5
            return
    pytest.fail("nothing was selected for long enough")


def test_an_eye_without_a_screen_knows_objects_and_says_so_of_the_rest() -> None:

    detector = Knowing()
    eye = PerceptionPipeline(unread(PROFILE), detector)
    for frame, truth in play(1, 3, "1-1"):
        detector.truth = truth
        record = eye.process(frame, float(truth["time_s"]), (0.5, 0.5)).records[0]
    assert math.isnan(record["player"]["gauges"][..., HP])
    assert math.isnan(record["player"]["x"])
    assert record["player"]["map_index"] == -1
    assert (record["tracks"]["id"] > 0).sum() == (truth["tracks"]["id"] > 0).sum()


class Unsure(Knowing):
    """Scores what it sees with 0.25."""

    def detect(self, frame: np.ndarray) -> np.ndarray:
        """The truth, faintly."""
        found = super().detect(frame)
        found["confidence"] = 0.25
        return found


@pytest.mark.parametrize("stated", [True, False])
def test_a_class_of_low_scores_is_tracked_where_the_profile_gives_it_a_low_confidence(stated: bool) -> None:
    from dataclasses import replace

    assert PROFILE.eye is not None
    confidences = {kind.name: 0.1 for kind in PROFILE.kinds} if stated else {}
    detector = Unsure()
    eye = PerceptionPipeline(replace(PROFILE, eye=replace(PROFILE.eye, confidences=confidences)), detector)
    for frame, truth in play(1, 3, "1-1"):
        detector.truth = truth
        record = eye.process(frame, float(truth["time_s"]), (0.5, 0.5)).records[0]
    assert (truth["tracks"]["id"] > 0).any()
    assert bool((record["tracks"]["id"] > 0).any()) is stated


def test_a_picture_too_small_for_a_game_is_refused() -> None:
    with pytest.raises(WorldError, match="too small"):
        PerceptionPipeline(PROFILE, Knowing()).process(np.zeros((20, 20, 3), np.uint8), 0.0, (0.5, 0.5))


def test_the_knowing_detector_is_a_detector() -> None:
    assert isinstance(Knowing(), Detector)


class Smitten(Knowing):
    """Sees a box at a place, too: where the game draws its cursor."""

    place = (0.7, 0.3)

    def detect(self, frame: np.ndarray) -> np.ndarray:
        """One more than is there."""
        box = np.zeros(1, DETECTION)
        box["label"], box["confidence"] = self.names.index("bonus_box"), 0.8
        box["x"], box["y"], box["width"], box["height"] = *self.place, 0.024, 0.042
        return np.concatenate([super().detect(frame), box])


def boxes_seen(cursors: list[tuple[float, float]]) -> list[int]:
    """How many boxes are told at the place in each of a few pictures, with the cursor here or there."""
    detector = Smitten()
    eye, told = PerceptionPipeline(PROFILE, detector), []
    for (frame, truth), cursor in zip(play(5, len(cursors), "1-1"), cursors, strict=True):
        detector.truth = truth
        tracks = eye.process(frame, float(truth["time_s"]), cursor).records["tracks"][0]
        near = np.hypot(tracks["x"] - 0.7, tracks["y"] - 0.3) < 0.01
        told.append(int((near & (tracks["id"] > 0)).sum()))
    return told


def test_the_cursor_is_no_box_but_a_box_is_one_under_the_cursor_too() -> None:
    at_it, away = (0.696, 0.285), (0.2, 0.8)
    assert boxes_seen([at_it, at_it, at_it, away]) == [0, 0, 0, 1]
    assert boxes_seen([away, away, at_it, at_it, at_it]) == [1, 1, 1, 1, 1]


def test_what_a_detector_sees_on_a_bar_of_the_player_is_no_object() -> None:
    """The end of a bar looks like a small thing of some colour to a detector of things of any colour."""
    bar = named_bar("hp")
    detector = Smitten()
    detector.place = (bar.left + 0.9 * bar.width, bar.top + 0.5 * bar.height)
    eye = PerceptionPipeline(PROFILE, detector)
    for frame, truth in play(2, 20, "1-3"):
        detector.truth = truth
        tracks = eye.process(frame, float(truth["time_s"]), (0.5, 0.5)).records["tracks"][0]
    near = np.hypot(tracks["x"] - detector.place[0], tracks["y"] - detector.place[1]) < 0.01
    assert not (near & (tracks["id"] > 0)).any()
    assert (tracks["id"] > 0).any(), "nothing is seen at all"


def named_bar(name: str) -> Area:
    """Where a bar of the profile is."""
    (reading,) = (gauge.reading for gauge in PROFILE.gauges if gauge.name == name)
    assert isinstance(reading, Bar)
    return reading.area


def test_the_ship_is_reckoned_on_while_the_cursor_hides_its_dot() -> None:
    """A person who flees clicks on the base in the minimap, and the cursor rests where the ship is going."""
    detector, minimap = Knowing(), PROFILE.minimap
    eye, flown, missed, begun = PerceptionPipeline(PROFILE, detector), 0.0, 0.0, None
    for tick, (frame, truth) in enumerate(play(2, 170, "1-3")):
        detector.truth = truth
        player = truth["player"]
        hidden = tick > 100
        x, y = float(player["x"]), float(player["y"])
        on_dot = (minimap.left + x * minimap.width, minimap.top + y * minimap.height)
        look = eye.process(frame, float(truth["time_s"]), on_dot if hidden else (0.3, 0.3)).records["player"][0]
        if hidden:
            begun = begun or (x, y)
            flown = max(flown, math.hypot(x - begun[0], y - begun[1]))
            missed = max(missed, math.hypot(x - look["x"], y - look["y"]))
    assert flown > 0.03, "the ship hardly flew"
    assert missed < 0.3 * flown
