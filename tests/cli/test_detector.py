"""understudy detector: what it finds in a screenshot, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.json_results import json_of
from understudy.cli.main import main
from understudy.cli.show.images import read_picture, write_picture


@pytest.fixture
def screenshot(tmp_path: Path) -> Path:
    """One moment of the embedded game with an alien and a box."""
    from understudy.learning.detector.synthetic_scenes import random_scenes
    from understudy.worlds.catalog import load_profile

    scene = next(random_scenes(load_profile(), 1, 11, 720))
    write_picture(tmp_path / "shot.png", scene.picture)
    return tmp_path / "shot.png"


def test_looking_lists_objects_and_draws_them(
    screenshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "seen.png"
    assert main(["detector", "look", str(screenshot), "--out", str(out)]) == 0
    assert "ms of CPU" in capsys.readouterr().out
    assert read_picture(out).shape == read_picture(screenshot).shape
    assert (read_picture(out) != read_picture(screenshot)).any()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "--images", "somewhere"], "belong together"),
        (["train", "--pictures", "3"], "--pictures must be"),
        (["train", "--lr", "0"], "--lr 0 was given"),
        (["convert", "missing.pt"], "There are no weights"),
        (["look", "missing.png"], "no picture"),
        (["look", "missing.png", "--device", "gpu"], "invalid choice"),
    ],
)
def test_a_mistake_is_one_sentence(
    working_folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["detector", *arguments]) == 2
    assert says in " ".join(capsys.readouterr().err.split())


def test_a_device_that_is_not_there_names_the_extra(screenshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import onnxruntime

    if "OpenVINOExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has OpenVINO")
    assert main(["detector", "look", str(screenshot), "--device", "openvino"]) == 2
    assert "understudy[openvino]" in "".join(capsys.readouterr().err.split("\n"))
    assert main(["detector", "look", str(screenshot), "--device", "cpu"]) == 0
    assert "runs on cpu" in capsys.readouterr().out


def test_weights_of_another_kind_of_file_are_refused(
    screenshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "weights.h5").write_bytes(b"x")
    assert main(["detector", "look", str(screenshot), "--model", str(tmp_path / "weights.h5")]) == 2
    assert "no detector" in capsys.readouterr().err


def test_a_conversion_names_both_files(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("best.pt").write_bytes(b"weights")
    Path("best.onnx").write_bytes(b"converted already")
    assert json_of(capsys, "detector convert", "best.pt") == {"weights": "best.pt", "detector": "best.onnx"}


@pytest.mark.slow
def test_a_short_training_writes_a_detector_that_can_be_opened(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--pictures", "24", "--held_out", "15", "--epochs", "1", "--batch_size", "8", "--out", "d.onnx"]
    found = json_of(capsys, "detector train", *arguments)
    assert (found["detector"], found["num_held_out"], found["finished"]) == ("d.onnx", 15, True)
    assert "lordakia" in [one["name"] for one in found["classes"]] and Path(found["checkpoint"]).is_file()
    from understudy.perception.onnx_detector import OnnxDetector

    assert "lordakia" in OnnxDetector(Path("d.onnx")).names
    assert OnnxDetector(Path("d.onnx")).game.name == "darkorbit"
    assert OnnxDetector(Path("d.onnx")).detect(np.zeros((720, 1280, 3), np.uint8)) is not None
