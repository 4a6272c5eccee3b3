"""Perceiving recorded pictures again: what is replaced, what stays, and what a missing picture does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.named_readings import named
from tests.support.recorded_pictures import Shot, needs_pyav, rendered, wait_until_idle
from tests.support.synthetic_episodes import made_up
from understudy.contract.errors import RecordingError
from understudy.contract.observation import OBSERVATION, Observation, empty_observation
from understudy.perception.detector_loader import open_detector
from understudy.perception.pipeline import PerceptionPipeline
from understudy.recordings.episode import Episode
from understudy.recordings.video.recorded_frames import RecordedFrames
from understudy.recordings.video.video_recorder import picture_source
from understudy.runtime.reperception import reperceive
from understudy.worlds.catalog import load_profile
from understudy.worlds.desktop.latency_compensation import AHEAD_S, extrapolate_tracks
from understudy.worlds.simulator.engine.readings import HP


class Marking:
    """Perceives one object at a place that the picture's first value tells, moving right; notes what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[float, tuple[float, float], int, int]] = []

    def process(
        self, frame: np.ndarray, time_s: float, cursor: tuple[float, float], keys: int, button: int
    ) -> Observation:
        self.given.append((time_s, cursor, keys, button))
        seen = empty_observation(1)
        record = seen.records[0]
        record["time_s"], record["keys"], record["button"] = time_s, keys, button
        record["cursor_x"], record["cursor_y"] = cursor
        record["tracks"][0]["id"], record["tracks"][0]["x"], record["tracks"][0]["vx"] = 7, frame[0, 0, 0] / 255, 0.1
        record["events"]["kills"] = 1
        return seen


class Some:
    """Pictures of some ticks."""

    def __init__(self, by_time: dict[float, int]) -> None:
        self._by_time = by_time

    def at(self, time_s: float) -> np.ndarray | None:
        value = self._by_time.get(time_s)
        return None if value is None else np.full((64, 64, 3), value, np.uint8)


def test_observations_are_replaced_and_everything_else_stays() -> None:
    episode = made_up(30)
    times = episode.observations["time_s"].tolist()
    for name in ("cursor_x", "cursor_y"):  # a float keeps these to the bit, but not every NaN of arbitrary bytes
        episode.observations[name] = np.random.default_rng(1).random(30, np.float32)
    perception = Marking()
    done = reperceive(episode, Some(dict.fromkeys(times, 51)), perception, episode.info.profile)
    after = done.episode
    assert (done.num_seen, done.num_bridged, done.num_unknown) == (30, 0, 0)
    assert after.observations["tracks"]["x"][:, 0] == pytest.approx(0.2 + AHEAD_S * 0.1)
    for name in ("time_s", "cursor_x", "cursor_y", "keys", "button"):
        assert after.observations[name].tobytes() == episode.observations[name].tobytes()
    assert [each[0] for each in perception.given] == times
    assert after.actions is episode.actions and after.inputs == episode.inputs and after.actors is episode.actors
    assert replace(after.info, profile=episode.info.profile) == episode.info


def test_a_tick_without_a_picture_is_bridged_for_a_second_and_then_unknown() -> None:
    episode = made_up(60)
    times = episode.observations["time_s"].tolist()
    done = reperceive(episode, Some({times[5]: 51, times[59]: 51}), Marking(), episode.info.profile)
    seen = done.episode.observations
    assert done.num_seen == 2 and done.num_unknown == 60 - 2 - done.num_bridged and 18 <= done.num_bridged <= 20
    assert (seen["tracks"]["id"][:5] == 0).all() and np.isnan(seen["player"]["gauges"][..., HP][:5]).all()
    assert seen["tracks"]["x"][15, 0] == pytest.approx(0.2 + (AHEAD_S + times[15] - times[5]) * 0.1, abs=1e-4)
    assert seen["events"]["kills"][[5, 15, 40, 59]].tolist() == [1, 0, 0, 1]
    assert seen["time_s"].tolist() == times


def test_what_cannot_be_the_same_game_is_refused() -> None:
    episode = made_up(5)
    pictures = Some(dict.fromkeys(episode.observations["time_s"].tolist(), 1))
    other = replace(episode.info.profile, name="another")
    with pytest.raises(RecordingError, match="profile is of 'another'"):
        reperceive(episode, pictures, Marking(), other)
    keys = replace(episode.info.profile, keys=episode.info.profile.keys[::-1])
    with pytest.raises(RecordingError, match="keep the keys and their order"):
        reperceive(episode, pictures, Marking(), keys)
    with pytest.raises(RecordingError, match="none of its ticks has a picture"):
        reperceive(episode, Some({}), Marking(), episode.info.profile)


@needs_pyav
def test_recorded_pictures_are_perceived_as_they_were_live_up_to_compression(tmp_path: Path) -> None:
    profile = load_profile()
    pictures = rendered(60, skipped=60)
    live_eye = PerceptionPipeline(profile, open_detector(None, profile))
    live = np.zeros(len(pictures), OBSERVATION)
    video = picture_source(lambda: None).begin(tmp_path / "one.mcap")
    for tick, pixels in enumerate(pictures):
        time_s = 100 + tick / 20
        live[tick] = live_eye.process(pixels, time_s, (0.3, 0.4), 0, 0).records[0]
        video.take(tick, time_s, Shot(pixels, time_s))
        wait_until_idle(video)
    video.stop()
    extrapolate_tracks(live, AHEAD_S)
    base = made_up(len(pictures))
    episode = replace(base, observations=np.zeros(len(pictures), OBSERVATION))
    for name in ("time_s", "cursor_x", "cursor_y"):
        episode.observations[name] = live[name]
    with RecordedFrames(video.path) as frames:
        done: Episode = reperceive(
            episode, frames, PerceptionPipeline(profile, open_detector(None, profile)), profile
        ).episode
    again = done.observations
    settled = slice(10, None)
    in_sight = [(records["tracks"]["id"] > 0).sum(axis=1)[settled] for records in (live, again)]
    assert np.abs(in_sight[0] - in_sight[1]).mean() < 0.3 and in_sight[0].mean() > 2
    for name in ("hp", "shield", "x", "y"):
        assert named(again["player"], name)[settled] == pytest.approx(
            named(live["player"], name)[settled], abs=0.03, nan_ok=True
        )
    nearest = [
        np.abs(again[tick]["tracks"]["x"][again[tick]["tracks"]["id"] > 0] - float(track["x"])).min()
        for tick in range(10, len(live))
        if (again[tick]["tracks"]["id"] > 0).any()
        for track in live[tick]["tracks"][live[tick]["tracks"]["id"] > 0]
    ]
    assert np.median(nearest) < 0.002 and np.percentile(nearest, 90) < 0.02
