"""The studio's page of learning: curves as they grow, and verbs as the command lines that they are."""

import shlex
import sys
import time
from pathlib import Path

import pytest

from tests.support.studio_client import settings_in, studio_client, taught_session
from understudy.contract.errors import FlagError
from understudy.studio.curves import CurveTail
from understudy.studio.jobs import Job, JobRunner


def test_curves_are_read_from_the_beginning_and_then_as_they_grow(tmp_path: Path) -> None:
    path = tmp_path / "numbers.jsonl"
    path.write_bytes(b'{"step": 1, "loss": 0.5}\nnonsense\n[1]\n{"step": 2, "loss": NaN, "name": "x"}\n{"step": 3, "lo')
    tail = CurveTail(path)
    assert tail.more() == [{"step": 1.0, "loss": 0.5}, {"step": 2.0, "loss": None}]
    assert tail.more() == []
    with path.open("ab") as file:
        file.write(b'ss": 0.25}\n')
    assert tail.more() == [{"step": 3.0, "loss": 0.25}]


def test_the_page_lists_the_runs_and_a_form_for_each_verb(tmp_path: Path) -> None:
    run = tmp_path / "logs" / "training" / "<b>executor"
    run.mkdir(parents=True)
    (run / "numbers.jsonl").write_bytes(b'{"step": 1}\n')
    with studio_client(tmp_path) as client:
        page = client.get("/learning").text
        assert "training/&lt;b&gt;executor" in page and "<b>executor" not in page
        assert all(f'data-verb="{verb}"' in page for verb in ("train", "finetune", "practise"))
        assert "--epoch-scale" in page and "--kl-coef" in page
        assert "Factor on the default number of epochs." in page, "the flag's help"


def test_a_form_is_the_command_line_that_one_types(tmp_path: Path) -> None:
    form = settings_in(tmp_path).forms["train"]
    places = form.fixed
    assert form.arguments({}) == ["train", *places]
    assert set(places[::2]) == {"--out", "--log-dir", "--data-dir"}
    given = {"epoch_scale": "0.5", "quick": "yes", "seed": "0", "device": "cpu"}
    assert form.arguments(given)[:6] == ["train", "--epoch-scale", "0.5", "--device", "cpu", "--quick"]
    assert form.arguments({"device": "--resume"})[:2] == ["train", "--device=--resume"], "a value is never a flag"
    for wrong in ({"output_dir": "/etc"}, {"epoch_scale": 3}, {"device": "x" * 300}):
        with pytest.raises(FlagError):
            form.arguments(wrong)


def test_a_preview_is_what_a_shell_reads_back(tmp_path: Path) -> None:
    with studio_client(tmp_path) as client:
        values = {"device": "a b; rm -r $HOME"}
        line = client.post("/learning/preview", json={"verb": "train", "values": values}).json()["line"]
        assert shlex.split(line)[:4] == ["understudy", "train", "--device", "a b; rm -r $HOME"]
        for wrong in ({"verb": "demo", "values": {}}, {"verb": "train", "values": [1]}, {"verb": "train"}):
            assert client.post("/learning/preview", json=wrong).status_code == 400


def finished(job: Job, timeout_s: float = 120.0) -> Job:
    """Waits for a command."""
    until = time.perf_counter() + timeout_s
    while job.is_running and time.perf_counter() < until:
        time.sleep(0.05)
    assert not job.is_running
    return job


def test_a_command_runs_as_the_verb_and_its_mistake_is_shown(tmp_path: Path) -> None:
    jobs = JobRunner(tmp_path)
    job = finished(jobs.start(["train", "--data-dir", str(tmp_path / "nothing")]))
    assert job.state == "ended with exit code 2" and "no recordings" in job.tail()
    with pytest.raises(FlagError, match="does not run any more"):
        jobs.stop(job.number)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Ctrl-C for another process's child")
def test_a_stop_is_a_ctrl_c_and_the_state_is_saved(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    for world in range(4):
        taught_session(recordings / f"{world}.mcap", 2400, world)
    jobs = JobRunner(tmp_path / "logs")
    words = ["train", "--data-dir", str(recordings), "--out", str(tmp_path / "models")]
    job = jobs.start([*words, "--log-dir", str(tmp_path / "logs"), "--epoch-scale", "50"])
    with pytest.raises(FlagError, match="runs already"):
        jobs.start(["train"])
    until = time.perf_counter() + 120
    while not list((tmp_path / "logs").glob("*/numbers.jsonl")) and job.is_running and time.perf_counter() < until:
        time.sleep(0.1)
    jobs.stop(job.number)
    assert finished(job).state == "stopped", job.tail()
    assert list((tmp_path / "models").rglob("last_model.pt"))


def test_closing_ends_what_was_started(tmp_path: Path) -> None:
    jobs = JobRunner(tmp_path)
    job = jobs.start(["record", "--minutes", "600", "--out", str(tmp_path / "recordings")])
    jobs.close()
    assert not job.is_running
