"""`understudy recordings reperceive`, from the file that --perceive later leaves to one that can be learnt from."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.recorded_pictures import needs_pyav, rendered_recording
from understudy.cli.main import main
from understudy.cli.record import record_teacher
from understudy.recordings.store import find_recordings, read_episode


@pytest.fixture
def unperceived(tmp_path: Path) -> Path:
    return rendered_recording(tmp_path / "shots" / "one.mcap", 30, perceived=False)


@needs_pyav
def test_pictures_become_observations_and_the_old_recording_stays(
    unperceived: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = unperceived.read_bytes()
    assert main(["train", "--data_dir", str(unperceived.parent)]) == 2
    assert "understudy recordings reperceive" in capsys.readouterr().err
    assert main(["doctor", str(unperceived.parent), "--json"]) == 0
    assert "hold no observations yet" in capsys.readouterr().out
    assert main(["recordings", "reperceive", str(unperceived.parent)]) == 0
    assert "30 of 30 ticks perceived" in capsys.readouterr().out
    after = read_episode(unperceived)
    assert after.info.perceived and (after.observations["tracks"]["id"] > 0).sum() > 60
    (lineage,) = after.info.reperceptions
    assert lineage.detector.startswith("darkorbit.onnx ") and lineage.num_ticks == 30
    assert [event.kind for event in after.inputs] == ["mark"]
    assert unperceived.with_name("one.mcap.before").read_bytes() == before
    assert find_recordings(unperceived.parent) == [unperceived]
    assert main(["recordings", "info", str(unperceived)]) == 0
    out = capsys.readouterr().out
    assert "again, 1 times" in out and "30, 1280 x 720, lib" in out


@needs_pyav
def test_a_second_time_notes_a_second_line_and_changes_nothing_else(unperceived: Path) -> None:
    for _ in range(2):
        assert main(["recordings", "reperceive", str(unperceived)]) == 0
    after = read_episode(unperceived)
    first = read_first_kept(unperceived, ".before.2")
    assert len(after.info.reperceptions) == 2
    assert np.array_equal(after.observations, first) or after.observations.tobytes() == first.tobytes()


def read_first_kept(path: Path, suffix: str) -> np.ndarray:
    copy = path.parent / "kept" / "copy.mcap"
    copy.parent.mkdir()
    copy.write_bytes(path.with_name(path.name + suffix).read_bytes())
    return read_episode(copy).observations


@needs_pyav
def test_a_torn_video_gives_what_is_there_and_says_so(unperceived: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = unperceived.with_name("one.video.mcap")
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    assert main(["recordings", "reperceive", str(unperceived)]) == 0
    out = capsys.readouterr().out
    assert "the video was not closed" in out and "unknown" in out
    video.write_bytes(b"nothing")
    assert main(["recordings", "reperceive", str(unperceived)]) == 1
    assert "is not a video of a recording" in capsys.readouterr().out


def test_without_pictures_one_sentence_says_what_has_some(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_teacher("hunter", 0.1, 0, tmp_path, sessions=1)
    assert main(["recordings", "reperceive", str(tmp_path)]) == 2
    assert "no pictures beside" in " ".join(capsys.readouterr().err.split())


KILLED = """
import os, signal, sys
from pathlib import Path
from dataclasses import replace
from understudy.recordings import store
path, stage = Path(sys.argv[1]), sys.argv[2]
episode = store.read_episode(path)
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if stage == "before the old one is kept":
    store.keep_under_new_name = die
else:
    store.replace_file = die
store.replace_recording(path, replace(episode, info=replace(episode.info, pilot="changed")))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal of POSIX")
@pytest.mark.parametrize("stage", ["before the old one is kept", "before the new one takes its place"])
def test_kill_9_while_a_recording_is_replaced_loses_nothing(tmp_path: Path, stage: str) -> None:
    (path,) = record_teacher("hunter", 0.1, 0, tmp_path, sessions=1)
    before = path.read_bytes()
    command = [sys.executable, "-c", KILLED, str(path), stage]
    assert subprocess.run(command, timeout=120, check=False).returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert find_recordings(tmp_path) == [path]
