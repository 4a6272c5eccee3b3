"""Whatever writes a file: it writes through no symbolic link that somebody laid, and leaves nothing beside it."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.synthetic_rollouts import made_up_verdict
from understudy.cli.show.images import write_picture
from understudy.cli.show.output_file import write_output
from understudy.contract.errors import CheckpointError
from understudy.evaluation.report.report import Report, write_report
from understudy.evaluation.report.results_csv import write_ledger
from understudy.learning.detector.network import DetectorConfig, DetectorNetwork
from understudy.learning.detector.onnx_export import export_onnx
from understudy.learning.registry.audit_log import append_audit_entry
from understudy.learning.training.metric_logger import MetricLogger
from understudy.policies.checkpoint import Checkpoint, CheckpointMeta, save_checkpoint
from understudy.practice.plot import draw_practice
from understudy.viewer.video_writer import write_video

PICTURE = np.zeros((32, 32, 3), np.uint8)


def checkpoint(path: Path) -> None:
    save_checkpoint(path, Checkpoint(meta=CheckpointMeta(policy="executor", encoding="x"), weights={}))


def detector(path: Path) -> None:
    torch.manual_seed(0)
    export_onnx(DetectorNetwork(DetectorConfig(names=("a",))), path, 64, 64, {})


def journal(path: Path) -> None:
    with MetricLogger(path.parent) as numbers:
        numbers.log(1, {"loss": 1.0})


WRITERS: dict[str, Callable[[Path], object]] = {
    "best_model.pt": checkpoint,
    "report.html": lambda path: write_report(Report(title="x", verdict=made_up_verdict()), path),
    "worlds.csv": lambda path: write_ledger({}, path),
    "practice.png": lambda path: draw_practice([], path),
    "detector.onnx": detector,
    "short.webm": lambda path: write_video(path, [PICTURE] * 2, 10),
    "picture.png": lambda path: write_picture(path, PICTURE),
    "page.html": lambda path: write_output(path, b"page"),
}
"""The name of a file -> what writes it, in the place of what was there."""
APPENDERS: dict[str, Callable[[Path], object]] = {
    "numbers.jsonl": journal,
    "audit.jsonl": lambda path: append_audit_entry(path.parents[1], {"action": "refuse"}),
}
"""The name of a file -> what appends to it; a link there is refused."""
GUESSABLE = (".{name}.{pid}.tmp", ".{name}.tmp", "{stem}.part", "{name}.part", "{name}.tmp", "{stem}.tmp")
"""Temporary names that somebody could guess, and lay a link under."""
ROOMS = ("cli", "evaluation", "learning", "policies", "practice", "viewer")
DIRECT = {
    "output_file.py": "a device has no other way",
    "output_paths.py": "tries whether it could write, and writes nothing",
    "video_writer.py": "opens the null device",
}
"""Files that may write directly, and why."""


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text("precious")
    return path


@pytest.mark.parametrize("name", WRITERS)
def test_a_link_in_the_place_of_a_file_is_replaced_and_none_is_followed(
    name: str, tmp_path: Path, victim: Path
) -> None:
    path = tmp_path / "folder" / name
    path.parent.mkdir()
    laid = {each.format(name=name, stem=path.stem, pid=os.getpid()) for each in GUESSABLE} | {name}
    for each in laid:
        (path.parent / each).symlink_to(victim)
    WRITERS[name](path)
    assert victim.read_text() == "precious"
    assert not path.is_symlink() and path.stat().st_size > 0
    assert {each.name for each in path.parent.iterdir()} == laid, "nothing is left beside it"


@pytest.mark.parametrize("name", APPENDERS)
def test_nothing_is_appended_through_a_link(
    name: str, tmp_path: Path, victim: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "models" / "history" / name
    path.parent.mkdir(parents=True)
    path.symlink_to(victim)
    said = ""
    try:
        APPENDERS[name](path)
    except CheckpointError as problem:
        said = str(problem)
    assert "cannot be written" in said or "end here" in caplog.text, "it is said, also where the work goes on"
    assert victim.read_text() == "precious"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_is_written_to_and_not_replaced() -> None:
    write_output(Path(os.devnull), b"x")
    with pytest.raises(OSError, match="No space"):
        write_output(Path("/dev/full"), b"x")
    assert Path(os.devnull).is_char_device() and Path("/dev/full").is_char_device()


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_opens_a_file_to_write_by_itself(room: str, project_root: Path) -> None:
    opens = re.compile(r"\.write_text\(|\.write_bytes\(|open\((\s*[^()]*,)?\s*\"[rb]*[wax+]|shutil\.copy|\.imwrite\(")
    found = {
        path.name
        for path in (project_root / "understudy" / room).rglob("*.py")
        if opens.search(path.read_text(encoding="utf-8"))
    }
    assert found <= set(DIRECT)
