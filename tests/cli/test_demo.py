"""The demo makes room for itself without touching what it did not make, and goes on where it was stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.json_results import json_of
from understudy.cli.demo import STAGES, Demo, DemoState, begin, effort_of, make_room
from understudy.cli.main import main
from understudy.contract.errors import FlagError
from understudy.contract.serialization import to_json


def fill(folder: Path) -> Path:
    dear = folder / "recordings" / "mine.mcap"
    dear.parent.mkdir(parents=True)
    dear.write_text("an hour of my life")
    return dear


def test_a_folder_that_no_demo_filled_is_left_alone(tmp_path: Path) -> None:
    dear = fill(tmp_path)
    with pytest.raises(FlagError, match="was not made by a demo"):
        make_room(tmp_path)
    assert dear.exists()


def test_what_an_earlier_demo_left_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    make_room(tmp_path / "demo")
    old = fill(tmp_path / "demo")
    kept = tmp_path / "demo" / "notes.txt"
    kept.write_text("mine")
    make_room(tmp_path / "demo")
    assert not old.exists() and kept.exists()


def test_quick_takes_ten_minutes_of_play_at_most() -> None:
    assert effort_of(Demo(quick=True)).minutes == 10
    assert effort_of(Demo(quick=True, minutes=4.0)).minutes == 4
    assert effort_of(Demo(minutes=90.0)).minutes == 90


def test_there_is_nothing_to_resume_where_no_demo_was_begun(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--resume"]) == 2
    assert capsys.readouterr().err == (
        "--resume was given, but there is no demo in demo to go on with: leave it out.\n"
    )
    assert list(working_folder.iterdir()) == []


def test_a_demo_is_resumed_with_its_own_settings_only(tmp_path: Path) -> None:
    begin(Demo(out=tmp_path, minutes=30.0, quick=True))
    assert begin(Demo(out=tmp_path, minutes=30.0, quick=True, resume=True)).finished == ()
    with pytest.raises(FlagError, match=r"--minutes 20\.0 was given, but the demo .* was begun with 30\.0"):
        begin(Demo(out=tmp_path, minutes=20.0, quick=True, resume=True))
    with pytest.raises(FlagError, match="--quick False was given"):
        begin(Demo(out=tmp_path, minutes=30.0, resume=True))


def test_a_finished_demo_is_not_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = DemoState(minutes=60.0, teacher="hunter", seed=0, quick=False, finished=STAGES)
    (tmp_path / "demo.json").write_text(to_json(state), encoding="utf-8")
    assert main(["demo", "--resume", "--out", str(tmp_path)]) == 0
    assert "This demo has finished" in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_a_demo_that_is_stopped_in_each_stage_goes_on_where_it_was(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = working_folder / "demo"
    stop_when(folder, lambda: (folder / "recordings").exists(), [])
    assert not (folder / "models").exists()
    stop_when(folder, (folder / "models" / "tactician" / "held_out" / "last_model.pt").exists, ["--resume"])
    recorded = times_of(folder / "recordings")
    strategist = times_of(folder / "models" / "strategist")
    said = stop_when(folder, lambda: '"train"' in (folder / "demo.json").read_text(encoding="utf-8"), ["--resume"])
    assert "1 of 3" not in said and "2 of 3" in said
    assert times_of(folder / "recordings") == recorded, "nothing is recorded again"
    assert times_of(folder / "models" / "strategist")["best_model.pt"] == strategist["best_model.pt"]
    finished = demo(["--resume"]).communicate(timeout=900)[0]
    assert "2 of 3" not in finished and "3 of 3" in finished
    assert (folder / "report.html").exists() and (folder / "video.webm").exists()
    found = json_of(capsys, "demo", "--quick", "--minutes", "4", "--resume")
    assert found["finished"] == list(STAGES) and Path(found["report"]).is_file() and Path(found["video"]).is_file()
    assert found["comparison"]["rows"][0]["name"] == "understudy"


def demo(flags: list[str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "understudy", "demo", "--quick", "--minutes", "4", *flags]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def stop_when(folder: Path, is_reached: Callable[[], bool], flags: list[str]) -> str:
    """Runs the demo until something is there, sends Ctrl-C, and gives what it said."""
    running = demo(flags)
    until = time.perf_counter() + 600
    while not is_reached():
        assert running.poll() is None, running.communicate()[0]
        assert time.perf_counter() < until
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGINT)
    said = running.communicate(timeout=300)[0]
    assert running.returncode == 130, said
    assert "The same command with --resume goes on from here." in " ".join(said.split())
    assert (folder / "demo.json").exists()
    return said


def times_of(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
