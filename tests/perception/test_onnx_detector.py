"""Reading anyone's YOLO export: both forms of output, names from the metadata, plain words for what is no detector."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from understudy.contract.errors import CheckpointError
from understudy.perception.detector import Detector
from understudy.perception.onnx_detector import OnnxDetector

NAMES = "{0: 'alien', 1: 'box'}"


def write_model(
    path: Path, rows: np.ndarray, names: str | None = NAMES, shape: tuple[object, ...] = (1, 3, 64, 128)
) -> Path:
    """A model that answers `rows` to every picture, whatever it shows."""
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, list(shape))
    answer = helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(rows.shape))
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["most"], keepdims=0),
        helper.make_node("Mul", ["most", "zero"], ["nothing"]),
        helper.make_node("Add", ["rows", "nothing"], ["output0"]),
    ]
    constants = [
        numpy_helper.from_array(rows.astype(np.float32), "rows"),
        numpy_helper.from_array(np.float32(0), "zero"),
    ]
    graph = helper.make_graph(nodes, "made up", [picture], [answer], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if names is not None:
        helper.set_model_props(model, {"names": names, "imgsz": "[64, 128]"})
    onnx.save(model, path)
    return path


FRAME = np.zeros((128, 128, 3), np.uint8)
"""A square picture, which lies in the middle of the input with bars at both sides."""


def rows_of(*columns: tuple[float, ...]) -> np.ndarray:
    return np.array(columns, np.float32).T[None]


def test_boxes_come_back_in_fractions_of_the_window_without_the_bars(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.onnx", rows_of((64, 32, 32, 16, 0.9, 0.1), (32, 0, 8, 8, 0.0, 0.5)))
    detector = OnnxDetector(model)
    found = detector.detect(FRAME)
    assert isinstance(detector, Detector)
    assert detector.names == ("alien", "box")
    assert found["label"].tolist() == [0, 1]
    assert (found["x"][0], found["y"][0]) == pytest.approx((0.5, 0.5))
    assert (found["width"][0], found["height"][0]) == pytest.approx((0.5, 0.25))
    assert (found["x"][1], found["y"][1]) == pytest.approx((0.0, 0.0))


def test_the_weaker_of_two_that_overlap_and_the_unsure_are_dropped(tmp_path: Path) -> None:
    rows = rows_of(
        (60, 30, 20, 20, 0.6, 0), (62, 30, 20, 20, 0.8, 0), (62, 30, 20, 20, 0, 0.7), (20, 20, 9, 9, 0.2, 0.1)
    )
    found = OnnxDetector(write_model(tmp_path / "m.onnx", rows)).detect(FRAME)
    assert found["confidence"].tolist() == pytest.approx([0.8, 0.7])
    assert found["label"].tolist() == [0, 1]


def test_the_end_to_end_form_is_read_too(tmp_path: Path) -> None:
    rows = np.array([[[48, 24, 80, 40, 0.9, 1], [0, 0, 9, 9, 0.1, 0]]], np.float32)
    found = OnnxDetector(write_model(tmp_path / "m.onnx", rows)).detect(FRAME)
    assert found["label"].tolist() == [1]
    assert (found["x"][0], found["width"][0]) == pytest.approx((0.5, 0.5))


def test_an_input_of_any_size_takes_the_one_it_was_trained_at(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.onnx", rows_of((64, 32, 32, 16, 0.9, 0.1)), shape=(1, 3, "height", "width"))
    assert OnnxDetector(model).detect(FRAME)["x"][0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("names", "says"), [(None, "what its classes are called"), ("gibberish(", "classes are called")]
)
def test_weights_without_names_are_refused(tmp_path: Path, names: str | None, says: str) -> None:
    with pytest.raises(CheckpointError, match=says):
        OnnxDetector(write_model(tmp_path / "m.onnx", rows_of((1, 1, 1, 1, 0.5, 0.5)), names))


def test_an_output_of_another_shape_is_refused_by_name(tmp_path: Path) -> None:
    detector = OnnxDetector(write_model(tmp_path / "m.onnx", np.zeros((1, 9, 9), np.float32)))
    with pytest.raises(CheckpointError, match=r"puts out \(1, 9, 9\)"):
        detector.detect(FRAME)


def test_a_missing_file_and_one_that_is_no_model_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no detector"):
        OnnxDetector(tmp_path / "missing.onnx")
    (tmp_path / "x.onnx").write_bytes(b"not a model")
    with pytest.raises(CheckpointError, match="no ONNX model"):
        OnnxDetector(tmp_path / "x.onnx")
