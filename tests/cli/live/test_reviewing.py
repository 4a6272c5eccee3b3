"""A critic beside a live game: looks every so often, F2 and a number, and no tick that is late because of it."""

import itertools
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.small_policies import write_brain
from tests.support.synthetic_episodes import made_up, steps_of
from understudy.cli.live.reviewing import seen_pixels
from understudy.contract.observation import Observation
from understudy.feedback.correction_reader import Entry, read_corrections
from understudy.feedback.state_snapshot import unpack_window
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.encoder import ENCODING
from understudy.worlds.desktop.capture.screen_capture import Frame
from understudy.worlds.desktop.world import DesktopWorld

SIZE = (640, 360)
PATIENCE_S = 180.0


def begin(environment: dict[str, str], folder: Path, *flags: str) -> "subprocess.Popen[str]":
    models = write_brain(folder / "models", seed=21)
    command = [sys.executable, "-m", "understudy.cli.main", "run", "--models", str(models), "--map", "1-1"]
    command += ["--size", *map(str, SIZE), *flags]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def entries(folder: Path) -> tuple[Entry, ...]:
    place = folder / "logs" / "vlm_corrections"
    return read_corrections(place).entries if place.exists() and list(place.glob("*.jsonl")) else ()


def wait_for(holds: Callable[[], bool], game: "subprocess.Popen[str]") -> None:
    until = time.perf_counter() + PATIENCE_S
    while not holds():
        if game.poll() is not None or time.perf_counter() > until:
            game.kill()
            pytest.fail(f"the game ended or nothing came: {game.communicate()[0]}")
        time.sleep(0.1)


@pytest.mark.desktop
def test_the_rules_look_on_and_a_person_answers_f2_with_a_number(
    desktop_environment: dict[str, str], tmp_path: Path
) -> None:
    xdotool = shutil.which("xdotool")
    if xdotool is None:
        pytest.skip("xdotool is not installed (on Debian: apt install xdotool)")
    game = begin(desktop_environment, tmp_path, "--critic-every", "0.5")
    try:
        wait_for(lambda: len(entries(tmp_path)) >= 2, game)
        subprocess.run([xdotool, "key", "F2"], env=desktop_environment, check=True, timeout=30)
        time.sleep(0.5)
        subprocess.run([xdotool, "key", "3"], env=desktop_environment, check=True, timeout=30)
        wait_for(lambda: any(entry.correction.source == "person" for entry in entries(tmp_path)), game)
        subprocess.run([xdotool, "key", "F3"], env=desktop_environment, check=True, timeout=30)
        said, _ = game.communicate(timeout=PATIENCE_S)
    finally:
        if game.poll() is None:
            game.kill()
            game.communicate()
    assert game.returncode == 0, said
    assert "Critic: the offline rules, every 0.5 s." in said
    assert "1 of yours" in said and "in 0 takeovers" in said, "the number was no touch of the game"
    everything = entries(tmp_path)
    (mine,) = [entry for entry in everything if entry.correction.source == "person"]
    assert mine.correction.vlm_correction.name == "FLEE"
    if mine.correction.differs:
        assert mine.frame is not None and mine.frame.read_bytes()[:2] == b"\xff\xd8"
    times = [entry.correction.time_s for entry in everything if entry.correction.source == "rules"]
    assert all(after - before > 0.4 for before, after in itertools.pairwise(times))
    window = mine.correction.state.window
    assert window is not None and window.layout == ENCODING
    assert unpack_window(window).shape[1] == CONTEXT_WIDTH


@pytest.mark.slow
@pytest.mark.desktop
def test_with_no_critic_nothing_is_written(desktop_environment: dict[str, str], tmp_path: Path) -> None:
    game = begin(desktop_environment, tmp_path, "--no-critic", "--no_online_learning", "--minutes", "0.05")
    said, _ = game.communicate(timeout=PATIENCE_S)
    assert game.returncode == 0, said
    assert "Critic: the offline rules" not in said
    assert entries(tmp_path) == ()


@pytest.mark.slow
@pytest.mark.desktop
def test_an_endpoint_that_nobody_answers_at_does_not_hold_up_the_game(
    desktop_environment: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("openai", reason="the extra [vlm] is not installed")
    flags = ("--critic-endpoint", "http://127.0.0.1:9/v1", "--critic-model", "m", "--minutes", "0.05")
    game = begin({**desktop_environment, "OPENAI_API_KEY": "sk-secret", "NO_PROXY": "*"}, tmp_path, *flags)
    said, _ = game.communicate(timeout=PATIENCE_S)
    assert game.returncode == 0, said
    assert "Critic: m at http://127.0.0.1:9/v1, every 3 s." in said
    assert "sk-secret" not in said
    assert "Executor at 20 Hz: 60 times" in said or "left out" in said


def test_on_the_screen_the_critics_picture_is_what_perception_saw() -> None:
    (step,) = steps_of(made_up(1))
    world = object.__new__(DesktopWorld)
    world.frame = None
    assert seen_pixels(step, world) is None and seen_pixels(step, object()) is None
    pixels = np.full((48, 64, 3), 7, np.uint8)
    world.frame = Frame(pixels, 1.0)
    assert seen_pixels(step, world) is pixels
    frames = np.zeros((1, 4, 4, 3), np.uint8)
    seen = seen_pixels(replace(step, observation=Observation(step.observation.records, frames)), world)
    assert seen is not None and seen.shape == (4, 4, 3)
