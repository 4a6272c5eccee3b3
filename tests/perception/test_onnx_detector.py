"""Reading anyone's YOLO export: both forms of output, names from the metadata, plain words for what is no detector."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.support.made_up_detectors import write_brightness_model, write_model
from understudy.contract.errors import CheckpointError
from understudy.perception.detector import Detector
from understudy.perception.onnx_detector import OnnxDetector

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


def test_what_no_detector_puts_out_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"puts out \(1, 9, 9\) for 2 classes") as problem:
        OnnxDetector(write_model(tmp_path / "m.onnx", np.zeros((1, 9, 9), np.float32)))
    assert str(problem.value).endswith("export it as a YOLO detection model, version 5, 8 or newer.")
    with pytest.raises(CheckpointError, match="model of the task 'pose' where one that detects was expected"):
        OnnxDetector(write_model(tmp_path / "m.onnx", rows_of((1, 1, 1, 1, 0.5, 0.5)), metadata={"task": "pose"}))


@pytest.mark.parametrize("kind", ["float32", "float16", "uint8"])
def test_pictures_are_given_in_the_type_that_the_model_takes(tmp_path: Path, kind: str) -> None:
    detector = OnnxDetector(write_brightness_model(tmp_path / "m.onnx", kind))
    for brightness in (128, 255):
        (found,) = detector.detect(np.full((128, 128, 3), brightness, np.uint8))
        assert found["confidence"] == pytest.approx(brightness / 255, abs=2e-3)


INPUTS = {
    "four pictures": ((4, 3, 64, 128), "takes 4 pictures at a time where one was expected: .* with batch=1"),
    "grey pictures": ((1, 1, 64, 128), r"takes an input of shape \[1, 1, 64, 128\] where pictures \(1, 3, height"),
    "colours last": ((1, 64, 128, 3), r"takes an input of shape \[1, 64, 128, 3\] where pictures"),
    "a million pixels each way": ((1, 3, 10**6, 10**6), "takes pictures of 1000000 x 1000000 pixels where sides of 16"),
    "one pixel": ((1, 3, 1, 1), "takes pictures of 1 x 1 pixels where sides of 16 to 4096 and at most 4 megapixels"),
    "a strip": ((1, 3, 16, 10**5), "takes pictures of 100000 x 16 pixels"),
}


@pytest.mark.parametrize(("shape", "says"), INPUTS.values(), ids=INPUTS.keys())
def test_what_cannot_be_given_to_it_is_said_when_it_is_loaded(
    tmp_path: Path, shape: tuple[int, ...], says: str
) -> None:
    with pytest.raises(CheckpointError, match=says):
        OnnxDetector(write_model(tmp_path / "m.onnx", rows_of((1, 1, 1, 1, 0.5, 0.5)), shape=shape))


@pytest.mark.parametrize(
    ("imgsz", "size"),
    [
        ("[64, 128]", (64, 128)),
        ("64", (64, 64)),
        ("[64", (640, 640)),
        ("[1e400, 3]", (640, 640)),
        ("-" * 9999, (640, 640)),
    ],
)
def test_an_input_of_any_size_takes_the_one_that_the_file_names(
    tmp_path: Path, imgsz: str, size: tuple[int, int]
) -> None:
    shape = (1, 3, "height", "width")
    rows = rows_of((64, 32, 32, 16, 0.9, 0.1))
    detector = OnnxDetector(write_model(tmp_path / "m.onnx", rows, shape=shape, metadata={"imgsz": imgsz}))
    (found,) = detector.detect(np.zeros((*size, 3), np.uint8))
    assert (found["x"], found["y"]) == pytest.approx((64 / size[1], 32 / size[0]))


def test_a_size_that_the_file_names_and_no_detector_has_is_refused(tmp_path: Path) -> None:
    rows, shape = rows_of((64, 32, 32, 16, 0.9, 0.1)), (1, 3, "height", "width")
    with pytest.raises(CheckpointError, match="takes pictures of 999999 x 999999 pixels"):
        OnnxDetector(write_model(tmp_path / "m.onnx", rows, shape=shape, metadata={"imgsz": "999999"}))


def test_boxes_of_an_end_to_end_model_are_dropped_too_where_they_overlap_more_than_the_profile_allows(
    tmp_path: Path,
) -> None:
    """nms=True drops above 0.7 within the file; the profile says 0.3."""
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, :3] = [48, 24, 80, 40, 0.9, 1], [52, 24, 84, 40, 0.8, 1], [52, 24, 84, 40, 0.7, 0]
    found = OnnxDetector(write_model(tmp_path / "m.onnx", rows, metadata={"args": "{'nms': True}"})).detect(FRAME)
    assert found["confidence"].tolist() == pytest.approx([0.9, 0.7])


def test_weights_may_not_reach_for_files_elsewhere(tmp_path: Path) -> None:
    """An ONNX file may say that its numbers lie in another file: only beside it, not anywhere on the disk."""
    (tmp_path / "secret").write_bytes(bytes(4 * 6))
    folder = tmp_path / "models"
    folder.mkdir()
    path = write_model(folder / "m.onnx", rows_of((64, 32, 32, 16, 0.9, 0.1)))
    model = onnx.load(path)
    (rows,) = (one for one in model.graph.initializer if one.name == "rows")
    rows.ClearField("raw_data")
    rows.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "../secret"), ("length", "24")):
        entry = rows.external_data.add()
        entry.key, entry.value = key, value
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CheckpointError, match="no ONNX model that can be run"):
        OnnxDetector(path)


def test_a_missing_file_and_one_that_is_no_model_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no detector"):
        OnnxDetector(tmp_path / "missing.onnx")
    (tmp_path / "x.onnx").write_bytes(b"not a model")
    with pytest.raises(CheckpointError, match="no ONNX model"):
        OnnxDetector(tmp_path / "x.onnx")


def test_each_class_may_have_a_least_score_of_its_own(tmp_path: Path) -> None:
    rows = rows_of((60, 30, 20, 20, 0.2, 0), (20, 20, 9, 9, 0, 0.4), (90, 50, 9, 9, 0, 0.6))
    detector = OnnxDetector(write_model(tmp_path / "m.onnx", rows))
    assert detector.detect(FRAME)["confidence"].tolist() == pytest.approx([0.6, 0.4])
    detector.require(np.array([0.15, 0.5], np.float32))
    assert detector.detect(FRAME)["confidence"].tolist() == pytest.approx([0.6, 0.2])
    detector.require(np.array([0.3, 0.3], np.float32))
    assert detector.detect(FRAME)["confidence"].tolist() == pytest.approx([0.6, 0.4])
