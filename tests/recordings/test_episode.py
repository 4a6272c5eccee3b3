import dataclasses

import numpy as np
import pytest

from tests.support.synthetic_episodes import info_of, made_up
from understudy.contract.serialization import from_json, to_json
from understudy.recordings.episode import EpisodeInfo, describe, irregularities


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
