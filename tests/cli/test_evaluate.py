import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.child_processes import descendants, is_running, processor_seconds
from understudy.cli.evaluate import Evaluate, evaluate
from understudy.cli.main import run_command
from understudy.contract.errors import FlagError
from understudy.contract.serialization import from_json
from understudy.evaluation.comparison.comparison_result import ComparisonResult


def test_teacher_and_baselines_are_judged_and_everything_is_written(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--models", "--worlds", "8", "--seconds", "20", "--processes", "1", "--out", "judged"]
    assert run_command("understudy.cli.evaluate", "Evaluate", flags, "understudy evaluate") == 0
    said = capsys.readouterr().out
    for words in ("hunter", "do nothing", "random", "click random object", "judged/report.html"):
        assert words in said
    verdict = from_json(ComparisonResult, (working_folder / "judged/verdict.json").read_text(encoding="utf-8"))
    assert verdict.rows[0].name == "hunter"
    assert (verdict.purpose, verdict.num_worlds) == ("HOLDOUT", 8)
    with (working_folder / "judged/worlds.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 8 * len(verdict.rows)
    assert "<!doctype html>" in (working_folder / "judged/report.html").read_text(encoding="utf-8")


def test_more_seeds_than_there_are_is_one_sentence() -> None:
    with pytest.raises(FlagError, match=r"^--offset 4294967200 was given: expected 0 to 4294967168\.$"):
        evaluate(Evaluate(models=(), offset=4_294_967_200, worlds=128))


def test_an_unknown_teacher_is_refused() -> None:
    with pytest.raises(FlagError, match="nobody"):
        evaluate(Evaluate(models=(), teacher="nobody", worlds=4))


NUM_TRIES, WORKING_S = 3, 5.0


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by /proc")
@pytest.mark.parametrize("worked_s", [0.0, WORKING_S], ids=["workers start", "workers play"])
def test_ctrl_c_ends_evaluation_and_its_workers_within_two_seconds(working_folder: Path, worked_s: float) -> None:
    """Two seconds of a machine of its own: where n programs share a processor, n times as long."""
    assert any(seconds_to_stop(worked_s) < 2.0 * sharing() for _ in range(NUM_TRIES))


def sharing() -> float:
    """Programs that want a processor, for each one that there is; at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def seconds_to_stop(worked_s: float) -> float:
    """Sends Ctrl-C, as a terminal does, to an evaluation whose two workers have used so much processor time each."""
    flags = ["--models", "--worlds", "1024", "--seconds", "3600", "--processes", "2"]
    command = [sys.executable, "-m", "understudy.cli.main", "evaluate", *flags]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        workers: list[int] = []
        while sum(processor_seconds(pid) >= max(worked_s, 0.05) for pid in workers) < 2:
            assert running.poll() is None, running.communicate()[0]
            time.sleep(0.02)
            workers = descendants(running.pid)
        began_s = time.perf_counter()
        os.killpg(running.pid, signal.SIGINT)
        said = running.communicate(timeout=300)[0]
        ended_s = time.perf_counter() - began_s
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    assert running.returncode == 130
    assert said.strip().endswith("Stopped.") and "Traceback" not in said
    until = time.perf_counter() + 60
    while any(map(is_running, workers)):  # multiprocessing's own tracker ends when it notices that its parent has
        assert time.perf_counter() < until, "a child is left"
        time.sleep(0.02)
    return ended_s
