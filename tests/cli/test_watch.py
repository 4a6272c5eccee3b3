"""`understudy watch` as a person meets it: a window on a real X display, real keys, and what is then to be seen."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mss
import numpy as np
import pytest

from understudy.contract.action import Actor
from understudy.evaluation.rollouts.trajectory import record_trajectory
from understudy.recordings.episode import Episode, describe
from understudy.recordings.store import write_episode
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

PATIENCE_S = 120.0
EDGE = {"left": 1, "top": 360, "width": 1, "height": 1}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Ten seconds, of which a person played the last five."""
    trajectory = record_trajectory(Teacher("hunter", load_profile()), seed=3, seconds=10.0, start_map="1-1")
    actors = np.full(len(trajectory.observations), Actor.POLICY, np.int8)
    actors[100:] = Actor.PERSON
    episode = Episode(
        info=describe(load_profile(), pilot="understudy", seed=3),
        observations=trajectory.observations.records,
        actions=trajectory.actions.records,
        actors=actors,
    )
    write_episode(episode, tmp_path / "shared.mcap")
    return tmp_path / "shared.mcap"


@pytest.mark.desktop
@pytest.mark.skipif(sys.platform == "win32", reason="it is an X display that is looked at")
def test_keys_seek_and_the_frame_shows_who_acted(desktop_environment: dict[str, str], recording: Path) -> None:
    xdotool = shutil.which("xdotool")
    if xdotool is None:
        pytest.skip("xdotool is not installed (on Debian: apt install xdotool)")

    def press(key: str) -> None:
        subprocess.run([xdotool, "key", key], env=desktop_environment, check=True, timeout=30)

    def wait_for(seen: Callable[[int, int, int], bool], what: str) -> None:
        until = time.perf_counter() + PATIENCE_S
        with mss.MSS(display=desktop_environment["DISPLAY"]) as screen:
            while time.perf_counter() < until:
                if seen(*screen.grab(EDGE).pixel(0, 0)):
                    return
                if watcher.poll() is not None:
                    pytest.fail(f"it ended with {watcher.returncode}: {watcher.communicate()[0]}")
                time.sleep(0.1)
        pytest.fail(f"{what} was not seen")

    command = [sys.executable, "-m", "understudy.cli.main", "watch", str(recording)]
    watcher = subprocess.Popen(
        command, env=desktop_environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        wait_for(lambda red, green, blue: red + green + blue > 0, "the window")
        press("space")
        press("Home")
        wait_for(lambda red, green, blue: blue > red + 50, "the understudy's blue")
        press("n")
        wait_for(lambda red, green, blue: red > blue + 50, "the person's orange")
        press("b")
        wait_for(lambda red, green, blue: blue > red + 50, "the understudy's blue again")
        press("q")
        said, _ = watcher.communicate(timeout=PATIENCE_S)
        assert watcher.returncode == 0, said
        assert "10.0 s" in said
    finally:
        if watcher.poll() is None:
            watcher.kill()
            watcher.communicate(timeout=30)
