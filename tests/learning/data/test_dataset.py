"""Recordings become material: unbroken stretches of play by someone worth learning from, split by session."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from understudy.contract import serialization
from understudy.contract.action import ACTION, Actor
from understudy.contract.errors import NoRecordingsError, TrainingError
from understudy.contract.game.readings import Gauge
from understudy.contract.observation import OBSERVATION, TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.learning.data.dataset import GAP_S, expert_segments, load_dataset, one_profile, split_sessions
from understudy.recordings.episode import SHORTEST_S, Episode, describe
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import write_episode

ROOT = Path(__file__).resolve().parents[3]
PROFILE = serialization.read_toml(Profile, ROOT / "understudy" / "worlds" / "profiles" / "darkorbit.toml")


def make_episode(seconds: float, first_tick: int = 0, profile: Profile = PROFILE) -> Episode:
    ticks = round(seconds * TICK_RATE_HZ)
    observations = np.zeros(ticks, OBSERVATION)
    observations["time_s"] = (first_tick + np.arange(ticks)) / TICK_RATE_HZ
    observations["player"]["alive"] = 1
    return Episode(
        info=describe(profile, pilot="person"),
        observations=observations,
        actions=np.zeros(ticks, ACTION),
        actors=np.full(ticks, Actor.PERSON, np.int8),
    )


def seconds_of(parts: list[Episode]) -> float:
    return sum(map(len, parts)) / TICK_RATE_HZ


def test_a_whole_session_is_one_stretch() -> None:
    assert [len(part) for part in expert_segments(make_episode(60.0))] == [1200]


def test_a_gap_in_time_breaks_a_session() -> None:
    episode = make_episode(60.0)
    episode.observations["time_s"][600:] += 3.0
    assert [len(part) for part in expert_segments(episode)] == [600, 600]


def test_jitter_breaks_nothing() -> None:
    episode = make_episode(60.0)
    episode.observations["time_s"][600:] += 0.1
    assert len(expert_segments(episode)) == 1


def test_what_nobody_or_a_policy_did_is_not_learnt_from() -> None:
    episode = make_episode(120.0)
    episode.actors[800:1600] = Actor.POLICY
    episode.actors[1600:] = Actor.NOBODY
    assert [len(part) for part in expert_segments(episode)] == [800]


def test_scraps_are_left_out() -> None:
    episode = make_episode(60.0)
    episode.observations["time_s"][round(SHORTEST_S * TICK_RATE_HZ) - 1 :] += 3.0
    assert [len(part) for part in expert_segments(episode)] == [1200 - 399]


def test_sessions_are_held_out_whole() -> None:
    sessions = [[make_episode(100.0 + i)] for i in range(10)]
    train, held_out, told = split_sessions(sessions, [f"{(i * 7) % 10}" for i in range(10)])
    assert {id(part) for part in [*train, *held_out]} == {id(parts[0]) for parts in sessions}
    assert 0.15 <= seconds_of(held_out) / seconds_of([*train, *held_out]) <= 0.3
    assert "2 of 10 sessions are held out whole" in told


def test_who_is_held_out_depends_on_content_not_on_order() -> None:
    sessions = [[make_episode(100.0 + i)] for i in range(6)]
    hashes = ["f", "a", "d", "c", "b", "e"]
    _, one, _ = split_sessions(sessions, hashes)
    _, other, _ = split_sessions(sessions[::-1], hashes[::-1])
    assert {len(part) for part in one} == {len(part) for part in other}


def test_a_short_session_is_held_out_beside_long_ones() -> None:
    _, held_out, _ = split_sessions([[make_episode(600.0)], [make_episode(200.0)], [make_episode(600.0)]], list("abc"))
    assert seconds_of(held_out) == 200.0


@pytest.mark.parametrize("count", [1, 2])
def test_the_end_of_each_is_held_out_where_sessions_are_too_few(count: int) -> None:
    train, held_out, told = split_sessions([[make_episode(600.0)] for _ in range(count)], list("ab")[:count])
    assert seconds_of(held_out) == count * 90.0 and seconds_of(train) == count * (600.0 - 90.0 - GAP_S)
    assert train[0].observations["time_s"][-1] + GAP_S < held_out[0].observations["time_s"][0] + 0.1
    assert "Too few sessions" in told


def test_the_gap_reaches_across_stretches() -> None:
    parts = [make_episode(480.0), make_episode(30.0, 10_100), make_episode(90.0, 10_800)]
    train, held_out, _ = split_sessions([parts], ["a"])
    assert seconds_of(held_out) == 90.0 and seconds_of(train) == 450.0


def test_nothing_found_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(NoRecordingsError):
        load_dataset(tmp_path)


def test_too_little_play_is_one_sentence(tmp_path: Path) -> None:
    write_episode(make_episode(50.0), tmp_path / "short.mcap")
    with pytest.raises(TrainingError, match=r"hold 0\.3 minutes.* at least 3"):
        load_dataset(tmp_path)


def test_recordings_of_two_games_are_not_mixed(tmp_path: Path) -> None:
    write_episode(make_episode(100.0), tmp_path / "a.mcap")
    write_episode(make_episode(100.0, profile=dataclasses.replace(PROFILE, name="other")), tmp_path / "b.mcap")
    with pytest.raises(TrainingError, match="different game profiles"):
        load_dataset(tmp_path)


def test_recordings_of_before_and_after_a_kind_was_hovered_are_refused_by_that_reason() -> None:
    kinds = tuple(dataclasses.replace(kind, hover=number == 1) for number, kind in enumerate(PROFILE.kinds))
    hovered = dataclasses.replace(PROFILE, kinds=kinds)
    with pytest.raises(TrainingError, match=r"they differ in hover\)"):
        one_profile([Path("a.mcap"), Path("b.mcap")], [PROFILE, hovered])
    with pytest.raises(TrainingError, match=r"they differ in keys, kinds\)"):
        one_profile([Path("a.mcap"), Path("b.mcap")], [PROFILE, dataclasses.replace(PROFILE, kinds=kinds[1:], keys=())])


def test_recordings_of_before_and_after_readings_were_declared_are_one_game() -> None:
    bare = dataclasses.replace(PROFILE, gauges=(), switches=(), selectors=(), track_gauges=())
    paths = [Path("a.mcap"), Path("b.mcap"), Path("c.mcap")]
    assert one_profile(paths, [bare, PROFILE, bare]) == PROFILE, "such as an older profile that got its first bar"
    fuel = dataclasses.replace(PROFILE, gauges=(*PROFILE.gauges, Gauge(name="fuel")))
    with pytest.raises(TrainingError, match="different game profiles"):
        one_profile(paths[:2], [PROFILE, fuel])
    other = dataclasses.replace(bare, gauges=PROFILE.gauges[1:2])
    with pytest.raises(TrainingError, match="different game profiles"):
        one_profile(paths[:2], [other, PROFILE])


def test_three_minutes_are_enough_and_the_hash_follows_the_content(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_episode(make_episode(180.0), tmp_path / "a.mcap")
    dataset = load_dataset(tmp_path, lambda done, total: told.append((done, total)))
    assert told == [(1, 1)] and len(dataset.train) == 1 and len(dataset.validation) == 1
    (tmp_path / "a.mcap").rename(tmp_path / "renamed.mcap")
    assert load_dataset(tmp_path).data_hash == dataset.data_hash
    write_episode(make_episode(200.0), tmp_path / "b.mcap")
    assert load_dataset(tmp_path).data_hash != dataset.data_hash


def test_what_is_being_recorded_is_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_episode(make_episode(200), tmp_path / "done.mcap")
    recorder = Recorder(tmp_path / "growing.mcap", make_episode(1).info)
    dataset = load_dataset(tmp_path)
    recorder.close()
    assert dataset.paths == [tmp_path / "done.mcap"]
    assert "growing.mcap is being recorded right now" in caplog.text


def test_a_time_that_is_no_number_breaks_a_session() -> None:
    episode = make_episode(60)
    episode.observations["time_s"][600] = np.nan
    assert [len(part) for part in expert_segments(episode)] == [600, 599]
