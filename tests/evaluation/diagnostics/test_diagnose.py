"""Every sign against a recording made with its hardship, and all of them against clean ones of every style."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from understudy.cli.record import record_teacher
from understudy.contract.action import Actor
from understudy.contract.serialization import from_json, to_json
from understudy.evaluation.diagnostics.diagnose import diagnose, diagnose_episode
from understudy.evaluation.diagnostics.findings import Diagnostics, Finding, Severity
from understudy.evaluation.diagnostics.segments import ExaminedRecording, examine
from understudy.recordings.episode import Episode
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import find_recordings, read_episode, write_episode
from understudy.worlds.simulator.engine.readings import HP
from understudy.worlds.simulator.teacher.demonstration_noise import HARDSHIPS, OF_THE_HAND
from understudy.worlds.simulator.teacher.style import read_styles

STYLES = tuple(read_styles())
NAMED_AS = {
    "uneven_reactions": "uneven_reactions",
    "drifting_attention": "attention",
    "idle_minutes": "idle",
    "menus_and_chat": "menus_and_chat",
    "mis_clicks": "mis_clicks",
    "two_styles": "styles",
    "other_window": "windows",
}
"""Hardship -> the sign that has to name it."""
Recordings = Callable[[str, int, str | None], Path]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    """Half an hour of a style, made once for each seed and hardship."""
    made: dict[tuple[str, int, str | None], Path] = {}

    def record(style: str, seed: int, hardship: str | None = None) -> Path:
        key = (style, seed, hardship)
        if key not in made:
            made[key] = tmp_path_factory.mktemp("recordings")
            record_teacher(style, 30.0, seed, made[key], sessions=6, hardship=[hardship] if hardship else [])
        return made[key]

    return record


@pytest.fixture(scope="module")
def episodes(recordings: Recordings) -> list[Episode]:
    return [read_episode(path) for path in find_recordings(recordings("hunter", 40, None))]


def names(diagnosis: Diagnostics) -> list[str]:
    return [sign.name for sign in diagnosis.findings]


def found(episodes: list[Episode]) -> dict[str, Finding]:
    """Signs by name that are not fine in episodes that lie in no file."""
    examined = [examine(Path(f"{number}.mcap"), episode) for number, episode in enumerate(episodes)]
    return {sign.name: sign for sign in diagnose_episode(examined) if sign.severity != Severity.FINE}


def without(episode: Episode, ticks: np.ndarray) -> Episode:
    """The episode as if some of its ticks had never been recorded."""
    return replace(
        episode,
        observations=np.delete(episode.observations, ticks),
        actions=np.delete(episode.actions, ticks),
        actors=np.delete(episode.actors, ticks),
    )


@pytest.mark.parametrize("seed", [40, pytest.param(41, marks=pytest.mark.slow)])
@pytest.mark.parametrize("style", STYLES)
def test_nothing_is_wrong_with_a_clean_recording(recordings: Recordings, style: str, seed: int) -> None:
    diagnosis = diagnose(recordings(style, seed, None))
    assert names(diagnosis) == []
    assert diagnosis.num_recordings == 6
    assert diagnosis.minutes == pytest.approx(30)


@pytest.mark.parametrize("hardship", [name for name in HARDSHIPS if name not in OF_THE_HAND])
@pytest.mark.parametrize("style", ["hunter", pytest.param("kiter", marks=pytest.mark.slow)])
def test_each_hardship_is_named(recordings: Recordings, style: str, hardship: str) -> None:
    (sign,) = [sign for sign in diagnose(recordings(style, 42, hardship)).findings if sign.name == NAMED_AS[hardship]]
    assert sign.severity == Severity.WARNING
    assert sign.advice


def test_sessions_of_two_styles_in_one_folder_are_two_ways_of_playing(recordings: Recordings, tmp_path: Path) -> None:
    for style, seed in (("hunter", 40), ("kiter", 41)):
        for path in find_recordings(recordings(style, seed, None))[:3]:
            shutil.copy(path, tmp_path)
    assert names(diagnose(tmp_path)) == ["styles"]


def test_a_torn_and_an_unreadable_file_are_named_and_the_others_are_still_examined(
    recordings: Recordings, tmp_path: Path
) -> None:
    paths = find_recordings(recordings("hunter", 40, None))
    (tmp_path / "torn.mcap").write_bytes(paths[0].read_bytes()[: paths[0].stat().st_size // 2])
    (tmp_path / "letter.mcap").write_bytes(b"hello")
    diagnosis = diagnose(tmp_path)
    signs = {sign.name: sign for sign in diagnosis.findings}
    assert diagnosis.signs[0].name == "unreadable"
    assert "letter.mcap" in signs["unreadable"].what
    assert "torn.mcap" in signs["torn"].what
    assert "repair" in signs["torn"].advice
    assert 1 < diagnosis.minutes < 4


def test_ticks_that_were_never_recorded_are_counted(episodes: list[Episode]) -> None:
    dropped = np.arange(0, 6000, 50)
    sign = found([without(episodes[0], dropped[1:]), *episodes[1:]])
    assert "dropped_ticks" not in sign  # 0.3 % of all
    sign = found([without(episode, dropped[1:]) for episode in episodes])
    assert sign["dropped_ticks"].figure == "2.0% missing"
    assert f"with {6 * len(dropped[1:])} ticks filled in" in sign["dropped_ticks"].what
    assert "30.0 of 30.0 minutes can be used" in sign["dropped_ticks"].what


def test_clicks_on_what_the_detector_did_not_see_are_the_first_thing_that_is_said(
    episodes: list[Episode], tmp_path: Path
) -> None:
    blind = []
    for episode in episodes:
        observations = episode.observations.copy()
        observations["tracks"] = np.zeros((), observations["tracks"].dtype)
        blind.append(replace(episode, observations=observations))
    assert found(blind)["seen"].severity == Severity.SERIOUS
    assert "seen" not in found([blind[0], *episodes[1:]]), "one session of six"
    for number, episode in enumerate(blind):
        write_episode(episode, tmp_path / f"{number}.mcap")
    first = diagnose(tmp_path).findings[0]
    assert first.name == "seen" and first.figure.startswith("0 of ") and "detector look" in first.advice


def test_a_pause_of_the_recording_is_no_loss_of_ticks(episodes: list[Episode]) -> None:
    assert "dropped_ticks" not in found([without(episode, np.arange(2000, 2400)) for episode in episodes])


def test_ticks_that_repeat_their_time_are_doubled(episodes: list[Episode]) -> None:
    again = [np.sort(np.concatenate([np.arange(6000), np.arange(100, 6000, 500)])) for _ in episodes]
    doubled = [
        replace(e, observations=e.observations[t], actions=e.actions[t], actors=e.actors[t])
        for e, t in zip(episodes, again, strict=True)
    ]
    assert found(doubled)["doubled_ticks"].figure == "72 of 36072 ticks"


def at_rate(episode: Episode, rate_hz: float) -> Episode:
    observations = episode.observations.copy()
    observations["time_s"] *= 20 / rate_hz
    return replace(episode, observations=observations)


def test_another_rate_than_that_of_policies_is_named(episodes: list[Episode]) -> None:
    fast = found([at_rate(episode, 60) for episode in episodes])["tick_rate"]
    assert fast.severity == Severity.SERIOUS
    assert fast.figure == "60.0 to 60.0 Hz"
    slow = found([at_rate(episodes[0], 10), *episodes[1:]])["tick_rate"]
    assert slow.severity == Severity.WARNING
    assert "0.mcap" in slow.what
    assert "tick_rate" not in found([at_rate(episode, 21) for episode in episodes])


def test_a_clock_that_was_set_back_and_times_that_are_no_numbers_are_named(episodes: list[Episode]) -> None:
    def with_times(change: Callable[[np.ndarray], None]) -> dict[str, Finding]:
        observations = episodes[0].observations.copy()
        change(observations["time_s"])
        return found([replace(episodes[0], observations=observations), *episodes[1:]])

    def set_back(time_s: np.ndarray) -> None:
        time_s[3000:] -= 3600

    def spoil(time_s: np.ndarray) -> None:
        time_s[3000] = np.nan

    def correct(time_s: np.ndarray) -> None:
        time_s[3000:] -= 0.2

    assert with_times(set_back)["clock"].figure.startswith("back by 3599.")
    assert "1 times unknown" in with_times(spoil)["clock"].figure
    assert "clock" not in with_times(correct)


def test_what_is_being_recorded_is_left_out_and_said(episodes: list[Episode], tmp_path: Path) -> None:
    write_episode(episodes[0], tmp_path / "done.mcap")
    recorder = Recorder(tmp_path / "growing.mcap", episodes[0].info)
    diagnosis = diagnose(tmp_path)
    recorder.close()
    signs = {sign.name: sign for sign in diagnosis.findings}
    assert diagnosis.num_recordings == 1
    assert signs["being_recorded"].severity == Severity.NOTE
    assert "growing.mcap" in signs["being_recorded"].what
    assert "torn" not in signs


def test_a_copy_of_a_stretch_under_another_name_is_leakage(episodes: list[Episode]) -> None:
    copy = replace(episodes[0][1000:3000], info=replace(episodes[0].info, seed=None))
    sign = found([*episodes, copy])["leakage"]
    assert sign.severity == Severity.SERIOUS
    assert "0.mcap and 6.mcap" in sign.what


def test_the_same_world_twice_is_leakage_of_a_lesser_kind(episodes: list[Episode]) -> None:
    again = replace(episodes[1], info=episodes[0].info)
    assert found([episodes[0], again, *episodes[2:]])["leakage"].severity == Severity.WARNING


def test_recordings_from_different_windows_do_not_go_together(recordings: Recordings, episodes: list[Episode]) -> None:
    other = [read_episode(path) for path in find_recordings(recordings("hunter", 42, "other_window"))]
    sign = found([*episodes, *other])["windows"]
    assert sign.severity == Severity.SERIOUS
    assert sign.figure == "1280 x 720, 1024 x 768"
    assert "window_width" in sign.advice


def test_play_of_a_policy_is_not_learnt_from_and_said(episodes: list[Episode]) -> None:
    def half_by_policy(episode: Episode) -> Episode:
        actors = episode.actors.copy()
        actors[:3000] = Actor.POLICY
        return replace(episode, actors=actors)

    signs = found([half_by_policy(episode) for episode in episodes])
    assert "50%" in signs["actors"].what
    assert signs["length"].figure == "15.0 minutes"


def test_too_short_is_serious_below_what_training_takes(episodes: list[Episode]) -> None:
    assert found([episodes[0][:3000]])["length"].severity == Severity.SERIOUS
    assert found(episodes[:1])["length"].severity == Severity.WARNING


def test_a_mode_that_hardly_comes_up_and_one_that_is_nearly_all_are_named(episodes: list[Episode]) -> None:
    def of_modes(*modes: int) -> dict[str, Finding]:
        examined = [examine(Path("one.mcap"), episodes[0])]
        share = np.resize(np.array(modes, np.int64), len(examined[0].stretches[0]))
        examined = [replace(examined[0], stretches=(replace(examined[0].stretches[0], modes=share),))]
        return {sign.name: sign for sign in diagnose_episode(examined) if sign.severity != Severity.FINE}

    assert "Too little of FLEE, CAUTIOUS" in of_modes(0, 0, 1, 3)["modes"].what
    assert "Nearly all of the play is LOOT" in of_modes(1)["modes"].what
    assert "modes" not in of_modes(0, 0, 1, 2, 3, 4)


def test_no_keys_and_one_key_alone_are_named(episodes: list[Episode]) -> None:
    def with_keys(bit: int) -> list[Episode]:
        changed = []
        for episode in episodes:
            actions = episode.actions.copy()
            actions["keys"] &= np.uint32(bit)
            changed.append(replace(episode, actions=actions))
        return changed

    assert "No key" in found(with_keys(0))["keys"].what
    assert "Nearly all key presses are space" in found(with_keys(2))["keys"].what


def test_clicks_on_panels_are_named(episodes: list[Episode]) -> None:
    def into_the_corner(episode: Episode) -> Episode:
        actions = episode.actions.copy()
        actions["cursor_x"][:3000], actions["cursor_y"][:3000] = 0.05, 0.05
        return replace(episode, actions=actions)

    assert "panel_clicks" in found([into_the_corner(episode) for episode in episodes])


def test_slow_answers_are_slow_reactions(episodes: list[Episode]) -> None:
    late = [
        replace(e, observations=e.observations[20:], actions=e.actions[:-20], actors=e.actors[20:]) for e in episodes
    ]
    assert "reaction_delay" in found(late)


def test_a_diagnosis_goes_through_json_and_back(recordings: Recordings) -> None:
    diagnosis = diagnose(recordings("hunter", 40, None))
    assert from_json(Diagnostics, to_json(diagnosis)) == diagnosis


def test_an_examined_recording_counts_what_training_would_take(episodes: list[Episode]) -> None:
    one_examined: ExaminedRecording = examine(Path("one.mcap"), without(episodes[0], np.arange(2000, 2300)))
    assert [len(stretch) for stretch in one_examined.stretches] == [2000, 3700]
    assert one_examined.taught_ticks == 5700


def with_hp(episode: Episode, hp: float, world: str = "desktop") -> Episode:
    observations = episode.observations.copy()
    observations["player"]["gauges"][..., HP] = hp
    return replace(episode, observations=observations, info=replace(episode.info, world=world))


def test_bars_that_are_unknown_or_never_move_are_named_where_they_were_read_off_the_screen(
    episodes: list[Episode],
) -> None:
    unread = found([with_hp(episode, float("nan")) for episode in episodes])["bars"]
    assert "unknown most of the time: hp" in unread.what and "profile check" in unread.advice
    assert (
        "never move, as if they were read wrongly: hp (100%)"
        in found([with_hp(one, 1.0) for one in episodes])["bars"].what
    )
    assert "bars" not in found([with_hp(one, 1.0, "simulator") for one in episodes])
    assert "bars" not in found([with_hp(episodes[0], 1.0), *(with_hp(one, 0.9) for one in episodes[1:])])
    assert "bars" not in found([replace(one, info=replace(one.info, world="desktop")) for one in episodes])
