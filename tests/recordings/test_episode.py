import dataclasses
import json
from collections.abc import Callable

import numpy as np
import pytest

from tests.support.synthetic_episodes import info_of, made_up
from understudy.contract.errors import WireError
from understudy.contract.serialization import from_json, to_json
from understudy.recordings.episode import Episode, EpisodeInfo, describe, irregularities


def test_a_stretch_shares_memory_and_takes_the_inputs_of_its_time() -> None:
    episode = made_up(30)
    stretch = episode[10:20]
    assert len(stretch) == 10
    assert np.shares_memory(stretch.observations, episode.observations)
    times = episode.observations["time_s"]
    assert stretch.inputs == tuple(event for event in episode.inputs if times[10] <= event.time_s < times[20])
    assert stretch.inputs


def test_stretches_that_follow_each_other_share_out_every_input() -> None:
    episode = made_up(30)
    parts = [episode[:7], episode[7:8], episode[8:30]]
    assert sum((part.inputs for part in parts), ()) == episode.inputs


def test_an_empty_stretch_has_no_inputs_and_no_duration() -> None:
    episode = made_up(5)[5:]
    assert (len(episode), episode.inputs, episode.duration_s) == (0, (), 0.0)


def test_a_stretch_with_a_step_is_refused() -> None:
    with pytest.raises(ValueError, match="step"):
        made_up(10)[::2]


def test_the_duration_counts_the_last_tick() -> None:
    episode = made_up(20)
    times = episode.observations["time_s"]
    assert episode.duration_s == pytest.approx(times[-1] - times[0] + 0.05)


def test_the_description_survives_json() -> None:
    info = info_of()
    assert from_json(EpisodeInfo, to_json(info)) == info


def test_a_live_description_ties_its_clock_to_unix_time_and_a_simulated_one_does_not() -> None:
    profile = info_of().profile
    live = describe(profile, pilot="person")
    assert live.unix_minus_clock_s is not None
    assert live.unix_minus_clock_s > 0
    assert describe(profile, pilot="teacher:hunter", simulated_time=True).unix_minus_clock_s is None


def test_a_regular_episode_has_nothing_odd() -> None:
    assert irregularities(made_up(50)) == ()


def test_gaps_standstill_and_broken_cursors_are_named() -> None:
    episode = made_up(50)
    observations, actions = episode.observations.copy(), episode.actions.copy()
    observations["time_s"][20:] += 2.0
    observations["time_s"][40] = observations["time_s"][39]
    actions["cursor_x"][5] = np.nan
    found = " | ".join(irregularities(dataclasses.replace(episode, observations=observations, actions=actions)))
    assert "1 of 50 ticks" in found
    assert "1 gaps in time, 2." in found
    assert "not a number at 1 ticks" in found


def with_times(change: Callable[[np.ndarray], None], ticks: int = 100) -> Episode:
    episode = made_up(ticks, with_inputs=False)
    observations = episode.observations.copy()
    observations["time_s"] = np.arange(ticks) / 20
    change(observations["time_s"])
    return dataclasses.replace(episode, observations=observations)


def test_a_clock_that_is_set_back_costs_one_step_of_the_duration() -> None:
    def set_back(time_s: np.ndarray) -> None:
        time_s[50:] -= 3600

    episode = with_times(set_back)
    assert episode.duration_s == pytest.approx(5 - 0.05)
    assert episode.rate_hz == pytest.approx(20)
    assert "by up to 3600.0 s (was the clock set?)" in " ".join(irregularities(episode))


def test_a_pause_is_no_play() -> None:
    def pause(time_s: np.ndarray) -> None:
        time_s[50:] += 3600 * 8

    episode = with_times(pause)
    assert episode.duration_s == pytest.approx(5 - 0.05)
    assert episode.rate_hz == pytest.approx(20)
    assert "1 gaps in time, 28800" in " ".join(irregularities(episode))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308])
def test_times_that_are_no_numbers_are_named_and_spoil_no_figure(value: float) -> None:
    def spoil(time_s: np.ndarray) -> None:
        time_s[50:52] = value

    episode = with_times(spoil)
    assert episode.rate_hz == pytest.approx(20)
    assert episode.duration_s == pytest.approx(5 - 0.15, abs=0.06)
    assert irregularities(episode)


@pytest.mark.parametrize("rate_hz", [10, 60])
def test_another_rate_than_was_aimed_at_is_named(rate_hz: float) -> None:
    def change(time_s: np.ndarray) -> None:
        time_s *= 20 / rate_hz

    assert f"there are {rate_hz:.1f} ticks a second, 20 were aimed at" in " ".join(irregularities(with_times(change)))


def test_an_episode_without_a_tick_is_named() -> None:
    assert irregularities(made_up(0)) == ("not one tick is in it",)


@pytest.mark.parametrize("rate_hz", [0.0, -20.0, float("nan"), float("inf"), 1e6])
def test_a_rate_that_is_none_is_refused(rate_hz: float) -> None:
    text = to_json(info_of()).replace('"tick_rate_hz":20.0', f'"tick_rate_hz":{json.dumps(rate_hz)}')
    with pytest.raises(WireError, match="ticks a second"):
        from_json(EpisodeInfo, text)
