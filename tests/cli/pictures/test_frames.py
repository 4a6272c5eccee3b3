"""`understudy detector frames`, and that `understudy detector train` reads what it wrote."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from tests.support.json_results import json_of
from tests.support.recorded_pictures import needs_pyav, rendered_recording
from understudy.cli.main import main
from understudy.cli.record import record_teacher
from understudy.learning.detector.yolo_dataset import read_labelled
from understudy.worlds.catalog import load_profile


@needs_pyav
def test_different_pictures_are_written_where_the_trainer_reads_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = rendered_recording(tmp_path / "shots" / "one.mcap", 60, skipped=0)
    out = tmp_path / "frames"
    arguments = ["detector", "frames", str(recording), "--count", "8", "--out", str(out)]
    found = json_of(capsys, "detector frames", *arguments[2:])
    assert (found["num_chosen"], found["num_pictures"], found["problems"]) == (8, 60, [])
    assert found["recording"] == str(recording) and found["images"] == str(out / "images")
    (first, *_) = written = sorted((out / "images").iterdir())
    assert len(written) == 8
    for path in written:
        (out / "labels" / f"{path.stem}.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    pictures, names = read_labelled(out / "images", out / "labels", 360, 640)
    assert len(pictures) == 8 and names == tuple(kind.name for kind in load_profile().kinds)
    pairs = itertools.pairwise(pictures)
    assert min(np.abs(one.picture.astype(int) - two.picture).mean() for one, two in pairs) > 0
    assert main(arguments) == 2 and first.exists()
    assert "holds pictures already" in capsys.readouterr().err


def test_a_recording_without_pictures_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = record_teacher("hunter", 0.1, 0, tmp_path, sessions=1)
    assert main(["detector", "frames", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "has no pictures" in capsys.readouterr().err
