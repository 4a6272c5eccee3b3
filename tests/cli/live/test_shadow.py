"""--shadow-train as a person meets it: the guide's script, a real X display, a real mouse, a killed learner."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.small_policies import write_brain
from understudy.cli.live.shadow import mend_pickles
from understudy.contract.action import Actor
from understudy.recordings.store import read_episode

PATIENCE_S = 400.0
MINIMAP_PIXELS = ((520, 265), (625, 345))
SCRIPT = "darkorbit_bot/v2/bot_controller_v2.py"


class Watcher:
    """A person in a shadow session: acts by xdotool, reads the console as it is printed."""

    def __init__(self, environment: dict[str, str], folder: Path, script: Path, *flags: str) -> None:
        binary = shutil.which("xdotool")
        if binary is None:
            pytest.skip("xdotool is not installed (on Debian: apt install xdotool)")
        self._xdotool, self._environment = binary, environment
        self.lines: list[str] = []
        self.game = subprocess.Popen(
            [sys.executable, "-u", str(script), "--shadow-train", "--size", "640", "360", "--map", "1-1", *flags],
            cwd=folder,
            env={**environment, "SDL_VIDEO_WINDOW_POS": "0,0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.game.stdout is not None
        self.lines.extend(iter(self.game.stdout.readline, ""))

    def do(self, *words: str | int) -> None:
        subprocess.run([self._xdotool, *map(str, words)], env=self._environment, check=True, timeout=30)

    def wait_for(self, pattern: str, act: Callable[[], None] = lambda: None) -> str:
        until = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < until:
            found = [line for line in list(self.lines) if re.search(pattern, line)]
            if found:
                return found[-1]
            if self.game.poll() is not None:
                break
            act()
            time.sleep(0.3)
        pytest.fail(f"{pattern!r} was not said: {''.join(self.lines)}")

    def end(self) -> int:
        code = self.game.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        assert self.game.stdout is not None
        self.game.stdout.close()
        return code


@pytest.fixture
def start(desktop_environment: dict[str, str], tmp_path: Path, project_root: Path) -> Iterator[Callable[..., Watcher]]:
    write_brain(tmp_path / "models" / "v2")
    watchers: list[Watcher] = []

    def begin(*flags: str) -> Watcher:
        watchers.append(Watcher(desktop_environment, tmp_path, project_root / SCRIPT, *flags))
        return watchers[-1]

    yield begin
    for watcher in watchers:
        if watcher.game.poll() is None:
            watcher.game.kill()
        watcher.end()


@pytest.mark.slow
@pytest.mark.desktop
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_person_plays_the_understudy_learns_and_a_killed_learner_comes_back(
    start: Callable[..., Watcher], tmp_path: Path
) -> None:
    watcher = start("--save-recordings", "--debug")
    watcher.wait_for(r"^\[SHADOW\] Shadow training mode ACTIVE$")
    watcher.wait_for(r"^\[SHADOW\] Learning rate: 1e-4 \(with warmup \+ cosine decay\)$")
    chance = np.random.default_rng(0)

    def play() -> None:
        in_space, on_minimap = ((150, 80), (500, 280)), MINIMAP_PIXELS
        low, high = on_minimap if chance.random() < 0.5 else in_space  # one who guesses is wrong about one of them
        x, y = (int(value) for value in chance.integers(low, high))
        watcher.do("mousemove", "--sync", x, y, "click", 1)

    watcher.wait_for(r"^\[SHADOW\] Buffer: \d+/5000 samples$", play)
    update = r"^\[SHADOW\] Update #\d+: loss=\d+\.\d{4}, pos_err=\d\.\d{3}, click_acc=\d+%, lr=\d\.\d\de-\d\d$"
    watcher.wait_for(update, play)
    watcher.wait_for(r"^\[SHADOW\] Bookmarks: [1-9]\d*, where it would have clicked another target$", play)
    os.kill(int(watcher.wait_for(r"the learner is process \d+").split()[-1]), signal.SIGKILL)
    watcher.wait_for(r"The learner was lost: it died .* started again", play)
    watcher.game.send_signal(signal.SIGTERM)
    assert watcher.end() == 130, watcher.lines  # a signal ends it as Ctrl-C does

    (recording,) = (tmp_path / "data" / "recordings").glob("shadow_recording_*.mcap")
    episode = read_episode(recording)
    assert episode.losses == () and len(episode) > 100
    assert (episode.actors == Actor.PERSON).all()
    presses = [event for event in episode.inputs if (event.kind, event.code) == ("press", "left")]
    clicks = int((np.diff(episode.actions["button"].astype(int), prepend=0) == 1).sum())
    assert any(event.x > 0.8 and event.y > 0.7 for event in presses), "a press on the minimap"
    assert len(presses) == clicks > 3, "what was done was the person's, and nothing else"
    assert [event.time_s for event in episode.inputs] == sorted(event.time_s for event in episode.inputs)
    marks = sum(event.kind == "mark" for event in episode.inputs)
    said = "".join(watcher.lines)
    assert f", {marks} bookmarks" in said and marks > 0
    assert len(read_episode(recording.with_suffix(".pkl"))) == len(episode)
    assert list((tmp_path / "logs" / "shadow").rglob("events.out.tfevents*"))


@pytest.mark.slow
@pytest.mark.desktop
def test_a_buffer_that_stays_empty_names_its_cause(start: Callable[..., Watcher]) -> None:
    watcher = start("--minutes", "0.25")
    watcher.wait_for(r"Buffer: 0/5000 samples after 10 s: (the game window is not in focus|neither mouse nor keyboard)")
    assert watcher.end() == 0, watcher.lines


def test_pictures_beside_a_recording_get_no_pickle(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    video = tmp_path / "shadow_recording_20260102_030405.video.mcap"
    video.write_bytes(b"pictures")
    os.utime(video, (0, 0))
    assert mend_pickles(tmp_path) == [] and not caplog.records
