"""The detector is opened: by the name of its file, however it is written."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.made_up_detectors import write_model
from understudy.contract.errors import CheckpointError
from understudy.perception.detector_loader import open_detector
from understudy.worlds.catalog import load_profile

PROFILE = load_profile("darkorbit")


def test_capitals_in_the_name_make_no_difference(tmp_path: Path) -> None:
    rows = np.zeros((1, 6, 9), np.float32)
    assert open_detector(write_model(tmp_path / "BEST.ONNX", rows), PROFILE).names == ("alien", "box")
    (tmp_path / "BEST.PT").write_bytes(b"text")
    with pytest.raises(CheckpointError, match="no weights file as torch writes it"):
        open_detector(tmp_path / "BEST.PT", PROFILE)


def test_another_file_is_no_detector(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is no detector: give an \.onnx file"):
        open_detector(tmp_path / "best.tflite", PROFILE)


def test_the_game_brings_its_own() -> None:
    assert set(open_detector(None, PROFILE).names) == {kind.name for kind in PROFILE.kinds}
