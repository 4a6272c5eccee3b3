"""A game in its own window is recorded and played by pixels and real events alone, by programs that know nothing of it.

Small enough for every run of the checks, so nothing is learnt here and nothing said about skill: that is what
benchmarks/desktop_proof.py is for, with its figures in docs/log.md.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.small_policies import write_brain
from understudy.contract.action import Actor
from understudy.contract.observation import Button
from understudy.recordings.store import find_recordings, read_episode
from understudy.worlds.simulator.engine.readings import HP

TITLE = "understudy: embedded game"
CLI = ("-m", "understudy.cli.main")
RECORDED_S = 20


@pytest.mark.desktop
@pytest.mark.slow
def test_a_game_that_knows_nothing_of_us_is_recorded_and_played_off_its_window(
    start_program: Callable[..., "subprocess.Popen[str]"],
    wait_for_window: Callable[[str], None],
    project_root: Path,
    tmp_path: Path,
) -> None:
    game = start_program(str(project_root / "benchmarks" / "desktop_hand.py"), "3", "10")  # the person knows the game;
    wait_for_window(TITLE)
    recorder = ("-m", "darkorbit_bot.v2.recording.recorder_v2", "--window", TITLE, "--start-now")  # this one does not
    said, _ = start_program(*recorder, "--minutes", str(RECORDED_S / 60)).communicate(timeout=400)
    assert "1 recording saved" in said, said
    game.kill()
    game.wait(30)
    (path,) = find_recordings(tmp_path / "recordings/v2_training")
    episode = read_episode(path)
    assert episode.info.world == "desktop" and set(episode.actors) == {Actor.PERSON}
    assert np.isfinite(episode.observations["player"]["gauges"][..., HP]).mean() > 0.9, (
        "the hull is read off the screen"
    )
    assert (episode.observations["tracks"]["id"] > 0).any(axis=1).mean() > 0.5, "and things are seen"
    assert (episode.actions["button"] == Button.LEFT).sum() >= 5

    game = start_program(*CLI, "play", "--seed", "9", "--record", "--out", "truth")
    wait_for_window(TITLE)
    models = write_brain(tmp_path / "models", seed=21)  # knows nothing, but clicks
    bot = start_program(
        *CLI, "run", "--world", "desktop", "--models", str(models), "--no_online_learning", "--minutes", "0.25"
    )
    said, _ = bot.communicate(timeout=400)
    assert bot.returncode == 0 and "THE UNDERSTUDY PLAYS" in said, said
    game.kill()
    game.wait(30)
    (path,) = find_recordings(tmp_path / "truth")
    heard = read_episode(path)  # what the game itself heard
    presses = [event for event in heard.inputs if event.kind == "press" and event.code == "left"]
    assert len(presses) >= 3, "the understudy's clicks reached the game"
