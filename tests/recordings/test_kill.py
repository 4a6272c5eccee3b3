import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.synthetic_episodes import made_up
from understudy.contract.errors import BeingWrittenError
from understudy.recordings.store import (
    find_recordings,
    is_being_written,
    read_episode,
    repair_recording,
    write_episode,
)

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


KILLED_IN_REPAIR = """
import os, signal, sys
from pathlib import Path
from understudy.recordings import store
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def write_half_and_die(episode, path):
    path.write_bytes(b"half")
    die()
stage = sys.argv[2]
if stage == "while the new file is written":
    store._WRITERS[".mcap"] = write_half_and_die
elif stage == "before the old one is kept":
    store.keep_under_new_name = die
else:
    store.replace_file = die
    store._WRITERS[".mcap"] = lambda episode, path: path.write_bytes(Path(sys.argv[3]).read_bytes())
store.repair_recording(Path(sys.argv[1]))
"""
STAGES = ["while the new file is written", "before the old one is kept", "before the new one takes its place"]


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal of POSIX")
@pytest.mark.parametrize("stage", STAGES)
def test_kill_9_during_a_repair_loses_nothing(tmp_path: Path, stage: str) -> None:
    path, new = tmp_path / "torn.mcap", tmp_path / "new"
    write_episode(made_up(120), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    before = read_episode(path)
    write_episode(replace(before, losses=()), tmp_path / "new.mcap")
    (tmp_path / "new.mcap").rename(new)
    command = [sys.executable, "-c", KILLED_IN_REPAIR, str(path), stage, str(new)]
    assert subprocess.run(command, timeout=120, check=False).returncode == -signal.SIGKILL
    assert read_episode(path).observations.tobytes() == before.observations.tobytes()
    assert find_recordings(tmp_path) == [path]
    assert repair_recording(path)
    after = read_episode(path)
    assert after.losses == ()
    assert after.observations.tobytes() == before.observations.tobytes()


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal of POSIX")
def test_what_is_recorded_is_locked_until_its_process_dies(tmp_path: Path) -> None:
    path = tmp_path / "killed.mcap"
    process = start(path)
    assert process.stdout is not None
    process.stdout.readline()
    assert is_being_written(path)
    with pytest.raises(BeingWrittenError):
        repair_recording(path)
    process.kill()
    process.communicate(timeout=30)
    assert not is_being_written(path)
