"""Perception on a thread of its own: which frame a tick is told of, how old it is, and how it ends."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tests.support.desktop_fixtures import until
from understudy.contract.errors import WorldError
from understudy.contract.observation import TICK_S, Observation, empty_observation
from understudy.worlds.desktop.perception_thread import MOST_AGE_S, Perception, PerceptionThread

FRAME = np.zeros((64, 64, 3), np.uint8)
SPEED = 0.5
"""Window widths a second."""


class GatedPerception:
    """Perceives one frame each time that the gate is opened; a thing flies at SPEED, and each frame brings a kill."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.times: list[float] = []
        self.failure: Exception | None = None

    def process(
        self, frame: np.ndarray, time_s: float, cursor: tuple[float, float], keys: int, button: int
    ) -> Observation:
        self.times.append(time_s)
        assert self.gate.acquire(timeout=30)
        if self.failure is not None:
            raise self.failure
        seen = empty_observation(1)
        records = seen.records
        records["time_s"], records["cursor_x"] = time_s, cursor[0]
        track = records["tracks"][0, 0]
        track["id"], track["x"], track["y"], track["vx"] = 1, 0.2, 0.5, SPEED
        records["events"]["kills"], records["events"]["misses"] = 1.0, np.nan
        return seen


@pytest.fixture
def eye() -> GatedPerception:
    return GatedPerception()


@pytest.fixture
def thread(eye: GatedPerception) -> Iterator[PerceptionThread]:
    made = PerceptionThread(eye, most_wait_s=0.02)
    yield made
    eye.gate.release(100)
    made.close()


def look(thread: PerceptionThread, time_s: float, cursor: float = 0.5, keys: int = 0) -> np.void:
    """One tick's record."""
    return thread.process(FRAME, time_s, (cursor, 0.5), keys, 0).records[0]


def first_look(thread: PerceptionThread, eye: GatedPerception, time_s: float) -> np.void:
    eye.gate.release()
    return look(thread, time_s)


def test_a_quick_perception_is_seen_through_without_delay(thread: PerceptionThread, eye: GatedPerception) -> None:
    assert isinstance(eye, Perception)
    eye.gate.release(3)
    for number in range(3):
        seen = look(thread, 1.0 + TICK_S * number)
        assert (seen["time_s"], seen["tracks"]["age_ms"][0]) == (1.0 + TICK_S * number, 0)
        assert seen["tracks"]["x"][0] == pytest.approx(0.2)


def test_a_tick_takes_the_newest_result_moved_on_to_its_own_frame(
    thread: PerceptionThread, eye: GatedPerception
) -> None:
    first_look(thread, eye, 1.0)
    seen = look(thread, 1.1, cursor=0.7, keys=4)
    assert seen["tracks"]["x"][0] == pytest.approx(0.2 + 0.1 * SPEED)
    assert seen["tracks"]["age_ms"].tolist()[:2] == [100, 0], "an empty slot has no age"
    assert (seen["time_s"], seen["cursor_x"], seen["keys"]) == (1.1, pytest.approx(0.7), 4)


def test_a_tick_does_not_wait_for_what_cannot_be_ready_in_time(thread: PerceptionThread, eye: GatedPerception) -> None:
    opener = threading.Timer(0.2, eye.gate.release)
    opener.start()
    look(thread, 1.0)
    opener.join()
    began_s = time.perf_counter()
    for number in range(5):
        look(thread, 1.05 + TICK_S * number)
    assert time.perf_counter() - began_s < 5 * 0.02, "a detector of 200 ms a picture is not waited for"


def test_the_newest_frame_wins_and_none_waits_behind_another(thread: PerceptionThread, eye: GatedPerception) -> None:
    first_look(thread, eye, 1.0)
    for time_s in (1.05, 1.1, 1.15, 1.2):
        look(thread, time_s)
    eye.gate.release(2)
    until(lambda: thread.report().num_perceived == 3, "two more results")
    assert eye.times == [1.0, 1.05, 1.2]
    assert look(thread, 1.25)["tracks"]["age_ms"][0] == 50


def test_every_event_is_told_once_and_what_is_unknown_stays_unknown(
    thread: PerceptionThread, eye: GatedPerception
) -> None:
    kills = [float(first_look(thread, eye, 1.0)["events"]["kills"])]
    kills += [float(look(thread, 1.05)["events"]["kills"]), float(look(thread, 1.1)["events"]["kills"])]
    eye.gate.release(2)
    until(lambda: thread.report().num_perceived == 3, "both results")
    seen = look(thread, 1.15)
    assert [*kills, float(seen["events"]["kills"])] == [1.0, 0.0, 0.0, 2.0]
    assert np.isnan(seen["events"]["misses"]) and seen["events"]["deaths"] == 0.0


def test_a_tick_waits_rather_than_play_by_what_is_too_old(thread: PerceptionThread, eye: GatedPerception) -> None:
    first_look(thread, eye, 1.0)
    opener = threading.Timer(0.2, eye.gate.release)
    opener.start()
    seen = look(thread, 1.0 + MOST_AGE_S + 0.1)
    opener.join()
    assert seen["tracks"]["age_ms"][0] == 0


def test_nothing_is_played_by_a_frame_from_before_a_pause(thread: PerceptionThread, eye: GatedPerception) -> None:
    first_look(thread, eye, 1.0)
    look(thread, 1.05)  # the thread works on it
    thread.forget_before(1.2)
    eye.gate.release(2)
    assert look(thread, 1.2)["tracks"]["age_ms"][0] == 0


def test_what_the_perception_raises_is_raised_in_the_tick(thread: PerceptionThread, eye: GatedPerception) -> None:
    eye.failure = WorldError("A frame of 9 x 9 pixels is too small.")
    eye.gate.release()
    for _ in range(2):
        with pytest.raises(WorldError, match="too small"):
            look(thread, 1.0)


def test_closing_joins_the_thread_and_may_be_done_twice(eye: GatedPerception) -> None:
    before = threading.active_count()
    thread = PerceptionThread(eye)
    first_look(thread, eye, 1.0)
    assert threading.active_count() == before + 1
    thread.close()
    thread.close()
    assert threading.active_count() == before


def test_warming_up_leaves_nothing_behind(thread: PerceptionThread, eye: GatedPerception) -> None:
    eye.gate.release(4)
    thread.warm_up(FRAME)
    assert len(eye.times) == 4 and thread.report().num_perceived == 0
    seen = first_look(thread, eye, 100.0)
    assert (seen["events"]["kills"], seen["tracks"]["age_ms"][0]) == (1.0, 0)


def test_the_report_tells_rate_and_age(thread: PerceptionThread, eye: GatedPerception) -> None:
    eye.gate.release()
    for number in range(8):
        look(thread, 1.0 + TICK_S * number)
    report = thread.report()
    assert (report.num_frames, report.num_perceived) == (8, 1)
    assert report.rate_hz == pytest.approx(1 / (8 * TICK_S))
    assert report.age_p50_s == pytest.approx(3.5 * TICK_S)
    assert "2.5 pictures a second" in str(report)
