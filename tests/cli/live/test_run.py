"""`understudy run` as a person meets it: a process of its own, a real X display, a real mouse, and real kills."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.small_policies import write_brain
from understudy.contract.action import Actor
from understudy.contract.observation import TICK_S, Button
from understudy.recordings.episode import Episode
from understudy.recordings.store import find_recordings, read_episode
from understudy.runtime.process_replay import differences, find_policies, hierarchy_of, replay

PATIENCE_S = 120.0
LONGEST_ORPHAN_S = 2.0
"""A child of a player that was killed is gone after so long."""
WHOLE_SCREEN, SMALL = (1280, 720), (640, 360)


class Watcher:
    """A person beside a running understudy: acts by xdotool, sees by the recording as it grows."""

    def __init__(
        self,
        environment: dict[str, str],
        models: Path,
        folder: Path,
        size: tuple[int, int],
        *flags: str,
        under: str = "",
    ) -> None:
        binary = shutil.which("xdotool")
        if binary is None:
            pytest.skip("xdotool is not installed (on Debian: apt install xdotool)")
        self._xdotool, self._environment, self._folder = binary, environment, folder
        self.models = models
        command = [sys.executable, "-m", "understudy.cli.main", "run", "--models", str(models), "--save-recordings"]
        command += ["--out", str(folder), "--size", *map(str, size), "--map", "1-1", *flags]
        if under:
            command = [sys.executable, "-c", under, *command]
        self.game = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def do(self, *words: str | int) -> None:
        subprocess.run([self._xdotool, *map(str, words)], env=self._environment, check=True, timeout=30)

    def episode(self) -> Episode | None:
        files = sorted(self._folder.glob("*.mcap"))
        if not files or files[0].stat().st_size == 0:
            return None
        episode = read_episode(files[0])
        return episode if len(episode) else None

    def wait_for(self, seen: Callable[[Episode], bool], what: str) -> Episode:
        until = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < until:
            episode = self.episode()
            if episode is not None and seen(episode):
                return episode
            if self.game.poll() is not None:
                pytest.fail(f"the game ended with {self.game.returncode}: {self.game.communicate()[0]}")
            time.sleep(0.2)
        pytest.fail(f"{what} was not seen within {PATIENCE_S:.0f} s")

    def end(self) -> tuple[int, str, Episode]:
        """Waits for the end; gives exit code, what was said, and the recording."""
        said, _ = self.game.communicate(timeout=PATIENCE_S)
        (path,) = find_recordings(self._folder)
        return self.game.returncode, said, read_episode(path)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return write_brain(tmp_path / "models", seed=21)


@pytest.fixture
def start(desktop_environment: dict[str, str], models: Path, tmp_path: Path) -> Iterator[Callable[..., Watcher]]:
    watchers: list[Watcher] = []

    def begin(*flags: str, size: tuple[int, int] = SMALL, under: str = "") -> Watcher:
        watchers.append(Watcher(desktop_environment, models, tmp_path / "recordings", size, *flags, under=under))
        return watchers[-1]

    yield begin
    for watcher in watchers:
        if watcher.game.poll() is None:
            watcher.game.kill()
        watcher.game.communicate(timeout=30)


def acted(episode: Episode, actor: Actor) -> int:
    return int((episode.actors == actor).sum())


@pytest.mark.desktop
def test_a_real_mouse_takes_over_at_once_and_letting_go_hands_back(start: Callable[..., Watcher]) -> None:
    watcher = start("--hand-back-s", "0.6", size=WHOLE_SCREEN)
    watcher.wait_for(lambda episode: acted(episode, Actor.POLICY) > 30, "the understudy playing")
    watcher.do("mousemove", 500, 100)
    watcher.do("mousemove", 480, 120, "click", 1)
    watcher.wait_for(lambda episode: acted(episode, Actor.PERSON) > 0, "the person playing")
    watcher.wait_for(lambda episode: episode.actors[-1] == Actor.POLICY, "the understudy playing again")
    watcher.do("key", "F2")
    watcher.wait_for(lambda episode: any(event.kind == "mark" for event in episode.inputs), "the mark")
    watcher.do("key", "F3")
    code, said, episode = watcher.end()

    assert code == 0, said
    assert episode.losses == ()
    person = np.flatnonzero(episode.actors == Actor.PERSON)
    assert (np.diff(person) == 1).all(), "one takeover"
    press = next(event for event in episode.inputs if event.kind == "press")
    # before that the mouse rests where the window opened, which may have the same x
    moved_to = np.array([[500.5, 100.5], [480.5, 120.5]]) / WHOLE_SCREEN
    touch = next(event for event in episode.inputs if np.abs(moved_to - (event.x, event.y)).max(axis=1).min() < 0.003)
    began_s = float(episode.observations["time_s"][person[0]])
    assert began_s <= touch.time_s + 0.01 <= press.time_s + 5, "the tick of the touch is already the person's"
    clicks = np.flatnonzero(episode.actions["button"][person] == Button.LEFT)
    assert len(clicks) == 1
    click = episode.actions[person[clicks[0]]]
    assert click["cursor_x"] == pytest.approx(480.5 / WHOLE_SCREEN[0], abs=0.003)
    at_s = episode.observations["time_s"][person[[0, -1]]]  # not the ticks counted: a busy machine leaves some out
    lasted_s = float(at_s[1] - at_s[0]) + TICK_S
    assert 0.5 < lasted_s < PATIENCE_S
    (mark,) = [event for event in episode.inputs if event.kind == "mark"]
    assert mark.code == "wrong"
    assert "Marked: the last 5 s were wrong" in said and "in 1 takeovers" in said and "Executor at 20 Hz" in said
    hierarchy = hierarchy_of(episode, watcher.models)
    assert not differences(episode, replay(episode, hierarchy)).any(), "decided again, to the bit"


@pytest.mark.desktop
def test_in_test_mode_nothing_of_the_understudy_is_sent(start: Callable[..., Watcher]) -> None:
    code, said, episode = start("--test_mode", "--no_online_learning", "--minutes", "0.06").end()
    assert code == 0, said
    assert set(episode.actors) == {Actor.NOBODY}
    assert not episode.actions["button"].any() and not episode.actions["keys"].any()
    assert episode.timings is not None and episode.timings["decided"]["button"].any(), "it does decide"
    assert "watched" in said


@pytest.mark.desktop
def test_new_weights_come_in_while_it_plays(start: Callable[..., Watcher]) -> None:
    watcher = start()
    watcher.wait_for(lambda episode: len(episode) > 20, "the understudy playing")
    before = shutil.copytree(watcher.models, watcher.models.parent / "before")
    write_brain(watcher.models, seed=22)
    watcher.wait_for(
        lambda episode: episode.timings is not None and bool(episode.timings["swapped"].any()), "the new weights"
    )
    watcher.game.send_signal(signal.SIGTERM)
    code, said, episode = watcher.end()
    assert code == 130, said  # a signal ends it as Ctrl-C does
    assert episode.timings is not None and episode.timings["swapped"].sum() == 1
    assert "New weights: executor" in said
    decided = replay(episode, hierarchy_of(episode, before), lambda executor: find_policies(watcher.models, executor))
    assert len(decided.decided) == len(episode)
    assert not differences(episode, decided).any(), "decided again to the bit, over the swap"


@pytest.mark.desktop
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_kill_9_loses_at_most_the_last_second(start: Callable[..., Watcher]) -> None:
    watcher = start()
    watcher.wait_for(lambda episode: len(episode) > 60, "the understudy playing")
    killed_s = time.perf_counter()
    watcher.game.kill()
    watcher.game.communicate(timeout=LONGEST_ORPHAN_S)  # until the learner, which shares the pipe, is gone too
    code, _, episode = watcher.end()
    assert code == -signal.SIGKILL
    assert killed_s - (float(episode.observations["time_s"][-1]) + TICK_S) < 1.0
    assert len(episode.losses) == 1 and "less than one second" in episode.losses[0]


PARENT = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"


@pytest.mark.desktop
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_when_the_process_that_started_it_is_killed_it_stops_and_closes_its_recording(
    start: Callable[..., Watcher],
) -> None:
    # a learner would be given time to stage what it has learnt: not what is asked here
    watcher = start("--no_online_learning", under=PARENT)
    watcher.wait_for(lambda episode: len(episode) > 20, "the understudy playing")
    os.kill(watcher.game.pid, signal.SIGKILL)
    said, _ = watcher.game.communicate(timeout=PATIENCE_S)  # until the orphan, which shares the pipe, has ended too
    (path,) = find_recordings(watcher._folder)
    assert read_episode(path).losses == ()
    assert "Late ticks" in said
    last = read_episode(path)
    assert last.actors[-1] == Actor.POLICY
