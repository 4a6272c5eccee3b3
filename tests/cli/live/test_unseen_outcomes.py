"""A game that shows no outcomes: it is told once, what needs outcomes is off, and zeros are not taken for counts."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.small_policies import write_brain
from tests.support.synthetic_episodes import made_up
from understudy.cli.live.run import Run, _critic_of, _needing_outcomes, _online_of
from understudy.cli.live.unseen_outcomes import UNSEEN, outcomes_in_words, unseen_outcomes_notice
from understudy.cli.main import main
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Area, Score, Screen
from understudy.contract.toml_writer import to_toml
from understudy.recordings.store import find_recordings, write_episode
from understudy.worlds.catalog import load_profile

TITLE = "understudy: embedded game"
CLI = ("-m", "understudy.cli.main")


def barless(*kept: str) -> Profile:
    """The profile without readings but those of the named gauges, switches, selectors and parts of the screen."""
    full = load_profile()
    assert full.eye is not None
    parts = {name: getattr(full.eye, name) for name in ("log", "selected", "dots") if name in kept}
    return replace(
        full,
        gauges=tuple(gauge if gauge.name in kept else replace(gauge, reading=None) for gauge in full.gauges),
        switches=tuple(switch if switch.name in kept else replace(switch, reading=None) for switch in full.switches),
        track_gauges=tuple(
            gauge if f"{gauge.name} of others" in kept else replace(gauge, reading=None) for gauge in full.track_gauges
        ),
        eye=replace(Screen(), **parts),
    )


def test_bars_or_a_log_show_outcomes_and_other_readings_do_not() -> None:
    assert load_profile().shows_outcomes
    assert not barless().shows_outcomes
    for name in ("hp", "shield", "hp of others", "log"):
        assert barless(name).shows_outcomes
    score = Score(area=Area(left=0.0, top=0.0, width=0.1, height=0.1), colour=(9, 9, 9), digits={})
    assert replace(barless(), eye=replace(Screen(), score=score)).shows_outcomes
    assert not barless("ammo_1", "rocket", "laser", "selected", "dots").shows_outcomes


def test_the_notice_is_one_sentence_that_names_what_is_off() -> None:
    assert unseen_outcomes_notice(load_profile(), "online learning") is None
    both = unseen_outcomes_notice(barless(), *_needing_outcomes(Run()))
    assert both is not None and both.count(".") == 1 and UNSEEN in both
    assert "online learning and the critic's offline rules are off" in both
    one = unseen_outcomes_notice(barless(), *_needing_outcomes(Run(no_critic=True)))
    assert one is not None and "online learning is off" in one and "critic" not in one
    rules = unseen_outcomes_notice(barless(), "the critic's offline rules")
    assert rules is not None and "rules are off" in rules
    none = unseen_outcomes_notice(barless(), *_needing_outcomes(Run(test_mode=True)))
    assert none is not None and UNSEEN in none and "off" not in none


def test_online_learning_and_rules_are_off_and_a_model_that_looks_at_pictures_stays() -> None:
    assert _online_of(Run(), barless()).off and not _online_of(Run(), load_profile()).off
    assert _critic_of(Run(), barless()).none and not _critic_of(Run(), load_profile()).none
    looks = Run(critic_endpoint="http://localhost:1234/v1", critic_model="m")
    assert not _critic_of(looks, barless()).none and _needing_outcomes(looks) == ["online learning"]


def test_the_summary_says_so_in_place_of_zeros() -> None:
    totals = {"value": 0.0, "kills": 0.0, "loot": 0.0, "deaths": 0.0}
    assert outcomes_in_words(load_profile(), totals, 2.0) == "0 points, 0 kills, 0 boxes, 0 deaths in 2.0 minutes."
    assert outcomes_in_words(barless(), totals, 2.0) == "Outcomes cannot be seen in this game; it ran for 2.0 minutes."


def test_recordings_of_such_a_game_have_no_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")  # a long path leaves no room for the counts in 80
    episode = made_up(40)
    unseen = replace(episode, info=replace(episode.info, world="desktop", profile=barless()))
    write_episode(unseen, tmp_path / "unseen.mcap")
    write_episode(replace(episode, info=replace(episode.info, profile=barless())), tmp_path / "simulated.mcap")
    assert main(["recordings", "info", str(tmp_path / "unseen.mcap")]) == 0
    assert UNSEEN in capsys.readouterr().out
    assert main(["recordings", "info", str(tmp_path / "simulated.mcap")]) == 0
    assert " kills, " in capsys.readouterr().out, "the simulator knows what happened, whatever is on the screen"
    assert main(["recordings", "list", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("?") == 3, "kills, boxes and deaths of the one on the screen"


@pytest.mark.desktop
@pytest.mark.slow
def test_recorder_and_run_say_it_at_the_start_and_learn_nothing_online(
    start_program: Callable[..., "subprocess.Popen[str]"],
    wait_for_window: Callable[[str], None],
    tmp_path: Path,
) -> None:
    (tmp_path / "barless.toml").write_text(to_toml(barless()))
    game = start_program(*CLI, "play", "--seed", "9")
    wait_for_window(TITLE)
    flags = ("--window", TITLE, "--profile", "barless.toml", "--minutes", "0.1")
    recorder = ("-m", "darkorbit_bot.v2.recording.recorder_v2", "--start-now", "--no-video")
    said, _ = start_program(*recorder, *flags).communicate(timeout=400)
    assert said.count(UNSEEN) == 1 and find_recordings(tmp_path / "recordings/v2_training"), said
    models = write_brain(tmp_path / "models", seed=21)
    bot = start_program(*CLI, "run", "--world", "desktop", "--models", str(models), *flags)
    said, _ = bot.communicate(timeout=400)
    game.kill()
    game.wait(30)
    assert bot.returncode == 0, said
    assert "online learning and the critic's offline rules are off" in said.replace("\n", " "), said
    assert "Outcomes cannot be seen in this game" in said and "[ONLINE]" not in said and "0 kills" not in said, said
