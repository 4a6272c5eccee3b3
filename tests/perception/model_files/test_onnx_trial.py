"""A model is tried in a process of its own, so that one that never ends or wants everything costs a sentence."""

import time
from pathlib import Path

import numpy as np
import pytest

from tests.support.made_up_detectors import write_endless_model, write_large_model, write_model
from understudy.contract.errors import CheckpointError
from understudy.perception.model_files.onnx_trial import try_model
from understudy.perception.onnx_detector import OnnxDetector


def test_a_model_that_can_be_run_passes_without_a_word(tmp_path: Path) -> None:
    try_model(write_model(tmp_path / "m.onnx", np.zeros((1, 6, 9), np.float32)))


def test_a_loop_without_end_is_ended(tmp_path: Path) -> None:
    path, begun_s = write_endless_model(tmp_path / "m.onnx"), time.perf_counter()
    with pytest.raises(CheckpointError, match=r"m\.onnx found no end while it was loaded and shown one picture"):
        OnnxDetector(path)
    assert time.perf_counter() - begun_s < 30, "two seconds of a core, on a busy machine"


@pytest.mark.parametrize("folded", [True, False], ids=["when it is loaded", "when it is run"])
def test_a_small_file_that_wants_forty_gigabytes_is_refused(tmp_path: Path, folded: bool) -> None:
    path = write_large_model(tmp_path / "m.onnx", 100_000, folded)
    with pytest.raises(CheckpointError, match=r"m\.onnx asked for more memory than a detector needs"):
        OnnxDetector(path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x09" * 500], ids=["empty", "text", "numbers"])
def test_what_is_no_model_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="no ONNX model that can be run") as problem:
        try_model(path)
    assert "\n" not in str(problem.value) and len(str(problem.value)) < 500
