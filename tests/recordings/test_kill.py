import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.synthetic_episodes import made_up
from understudy.recordings.store import read_episode, repair_recording

ONE_SECOND_OF_TICKS = 20
PROCESS = Path(__file__).parents[1] / "support" / "recording_process.py"


def start(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, str(PROCESS), str(path)], stdout=subprocess.PIPE, text=True)


def kill_after(process: subprocess.Popen[str], seconds: float) -> int:
    """Kills a recording process some time after its first tick; the number of the last tick that it was told."""
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=30)
    whole_lines = rest[: rest.rfind("\n") + 1].split()
    return int(whole_lines[-1]) if whole_lines else 0


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal of POSIX")
def test_kill_9_at_any_moment_loses_less_than_one_second(tmp_path: Path) -> None:
    episode = made_up(400)
    moments = random.Random().sample([step / 100 for step in range(20, 500)], 4)
    paths = [tmp_path / f"killed_{number}.mcap" for number in range(len(moments))]
    processes = [start(path) for path in paths]
    for process, path, seconds in zip(processes, paths, sorted(moments), strict=True):
        last_told = kill_after(process, seconds)
        read = read_episode(path)
        assert len(read) > last_told - ONE_SECOND_OF_TICKS, f"killed after {seconds} s"
        assert read.observations.tobytes() == episode.observations[: len(read)].tobytes()
        assert read.actions.tobytes() == episode.actions[: len(read)].tobytes()
        assert read.losses


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal of POSIX")
def test_a_killed_recording_is_whole_after_repair(tmp_path: Path) -> None:
    path = tmp_path / "killed.mcap"
    kill_after(start(path), 1.5)
    before = read_episode(path)
    assert repair_recording(path) == before.losses
    after = read_episode(path)
    assert after.losses == ()
    assert after.observations.tobytes() == before.observations.tobytes()
    assert path.with_name("killed.mcap.torn").exists()
    assert repair_recording(path) == ()
