"""YOLO-style weights in ONNX, run by ONNX Runtime on one thread: the light default, for our own detector and anyone's.

Read are the usual exports: output (1, 4 + classes, N), of which overlapping boxes are dropped here, and the newer
end-to-end form (1, N, 6), which has none. Names come from the file's metadata.
"""

import ast
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from understudy.contract.errors import CheckpointError
from understudy.perception.detector import CONFIDENCE, DETECTION, IOU
from understudy.perception.letterbox import Letterbox, fill, grey_input, letterbox_of, to_window
from understudy.perception.nms import candidates, non_max_suppression

USUAL_SIDE = 640
"""Pixels of an input that may have any size and says nothing of the one it was trained at."""


class OnnxDetector:
    """A Detector out of an ONNX file."""

    def __init__(self, path: Path, confidence: float = CONFIDENCE, iou: float = IOU, threads: int = 1) -> None:
        """Loads the weights (about 50 ms for our own).

        Args:
            path: of the file.
            confidence: the least score.
            iou: of two overlapping boxes of a class the weaker is dropped above this.
            threads: of ONNX Runtime; one leaves the other core to the policies.

        Raises:
            CheckpointError: if the file is missing, torn or no detector.
        """
        import onnxruntime

        if not path.is_file():
            raise CheckpointError(
                f"There is no detector {path}: give an .onnx file, or train one with  understudy detector train ."
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry(
            "session.intra_op.allow_spinning", "0"
        )  # a spinning core is one less to play with
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as problem:  # ONNX Runtime's own errors share no base class but this
            raise CheckpointError(
                f"{path} is no ONNX model that can be run ({str(problem)[:100]}): export it again."
            ) from problem
        metadata = self._session.get_modelmeta().custom_metadata_map
        self._names = _names(metadata.get("names"), path)
        self._input, shape = self._session.get_inputs()[0].name, self._session.get_inputs()[0].shape
        self._type = np.float16 if "float16" in self._session.get_inputs()[0].type else np.float32
        self._blob = grey_input(*_input_size(shape, metadata.get("imgsz"), path))
        self._confidence, self._iou, self._path = confidence, iou, path
        self._box: Letterbox | None = None
        self._frame_shape: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, as the file has them."""
        return self._names

    def detect(self, frame: UInt8[np.ndarray, "height width 3"]) -> np.ndarray:
        """What is in an RGB picture: records of dtype DETECTION, most confident first."""
        box = self._place(frame)
        fill(frame, box, self._blob)
        blob = self._blob if self._type == np.float32 else self._blob.astype(self._type)
        rows = np.asarray(self._session.run(None, {self._input: blob})[0], np.float32)
        boxes, scores, labels = self._read(rows)
        found = np.zeros(len(boxes), DETECTION)
        found["label"], found["confidence"] = labels, scores
        for column, values in zip(("x", "y", "width", "height"), to_window(boxes, box).T, strict=True):
            found[column] = values
        return found

    def _place(self, frame: np.ndarray) -> Letterbox:
        if self._box is None or frame.shape != self._frame_shape:
            height, width = self._blob.shape[2:]
            self._box, self._frame_shape = letterbox_of(frame.shape[0], frame.shape[1], height, width), frame.shape
            self._blob[:] = grey_input(height, width)
        return self._box

    def _read(self, rows: Float32[np.ndarray, "1 rows columns"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Boxes as centre and size in pixels of the input, scores and labels."""
        if rows.ndim == 3 and rows.shape[1] == 4 + len(self._names):
            boxes, scores, labels = candidates(rows[0], self._confidence)
            stay = non_max_suppression(boxes, scores, labels, self._iou)
            return boxes[stay], scores[stay], labels[stay]
        if rows.ndim == 3 and rows.shape[2] == 6:
            return _read_end_to_end(rows[0], self._confidence)
        raise CheckpointError(
            f"{self._path} puts out {rows.shape} for {len(self._names)} classes, where (1, {4 + len(self._names)}, N) "
            "or (1, N, 6) was expected: export it as a YOLO detection model, version 8 or newer."
        )


def _read_end_to_end(rows: Float32[np.ndarray, "N 6"], confidence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of two corners, score and class, best first."""
    rows = rows[rows[:, 4] >= confidence]
    boxes = np.concatenate([(rows[:, :2] + rows[:, 2:4]) / 2, rows[:, 2:4] - rows[:, :2]], axis=1)
    return boxes, rows[:, 4], rows[:, 5].astype(np.int64)


def _names(text: str | None, path: Path) -> tuple[str, ...]:
    try:
        names = ast.literal_eval(text or "")  # a dict as Python writes it: the convention of YOLO's exports
        listed = [str(names[number]) for number in range(len(names))]
    except (ValueError, SyntaxError, KeyError, TypeError) as problem:
        raise CheckpointError(
            f"{path} does not say what its classes are called: it needs the metadata entry `names` of YOLO's exports."
        ) from problem
    return tuple(listed)


def _input_size(shape: list[object], stated: str | None, path: Path) -> tuple[int, int]:
    """Height and width of the input in pixels."""
    if len(shape) != 4 or shape[1] != 3:
        raise CheckpointError(
            f"{path} takes an input of shape {shape} where pictures (1, 3, height, width) were expected."
        )
    if isinstance(shape[2], int) and isinstance(shape[3], int):
        return shape[2], shape[3]
    try:
        height, width = ast.literal_eval(stated or "")
        return int(height), int(width)
    except (ValueError, SyntaxError, TypeError):
        return USUAL_SIDE, USUAL_SIDE
