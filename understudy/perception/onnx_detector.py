"""YOLO-style weights in ONNX, run by ONNX Runtime on one thread: the light default, for our own detector and anyone's.

A file of others is tried first, in a process of its own (model_files/onnx_trial.py); what it puts out for a blank
picture then says how its rows are to be read (model_files/output_layout.py). Names come from the file's metadata.
"""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from understudy.contract.errors import CheckpointError
from understudy.perception.detector import CONFIDENCE, DETECTION, IOU
from understudy.perception.letterbox import Letterbox, fill, grey_input, letterbox_of, to_window
from understudy.perception.model_files.class_names import class_names
from understudy.perception.model_files.model_input import input_of
from understudy.perception.model_files.onnx_trial import try_model
from understudy.perception.model_files.output_layout import find_layout, require_detector
from understudy.perception.nms import non_max_suppression

WEIGHTS = Path(__file__).parent / "models"
"""Weights that come with understudy."""
MAX_BYTES = 2 * 2**30
"""Of a file; ONNX itself holds no more in one."""


class OnnxDetector:
    """A Detector out of an ONNX file."""

    def __init__(self, path: Path, confidence: float = CONFIDENCE, iou: float = IOU, threads: int = 1) -> None:
        """Loads the weights (about 60 ms for our own; 0.4 s more for those of others, which are tried before).

        Args:
            path: of the file.
            confidence: the least score.
            iou: of two overlapping boxes of a class the weaker is dropped above this.
            threads: of ONNX Runtime; one leaves the other core to the policies.

        Raises:
            CheckpointError: if the file is missing, torn or no detector, if it does not end, or if what it puts out for
                a blank picture makes no sense.
        """
        _require_file(path)
        if path.resolve().parent != WEIGHTS.resolve():
            try_model(path)
        self._session = _open_session(path, threads)
        self._path, self._confidence, self._iou = path, confidence, iou
        self._input = input_of(self._session, path)
        self._blob = grey_input(self._input.height, self._input.width)
        metadata = self._session.get_modelmeta().custom_metadata_map
        try:
            require_detector(metadata)
            self._names = class_names(metadata.get("names"), path)
            self._output = find_layout(self._rows(), len(self._names), self._input.height, self._input.width, metadata)
        except ValueError as problem:
            raise self._misfit(problem) from problem
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
        try:
            boxes, scores, labels = self._output.read(self._rows(), self._confidence)
        except ValueError as problem:
            raise self._misfit(problem) from problem
        stay = non_max_suppression(boxes, scores, labels, self._iou)
        found = np.zeros(len(stay), DETECTION)
        found["label"], found["confidence"] = labels[stay], scores[stay]
        for column, values in zip(("x", "y", "width", "height"), to_window(boxes[stay], box).T, strict=True):
            found[column] = values
        return found

    def _place(self, frame: np.ndarray) -> Letterbox:
        if self._box is None or frame.shape != self._frame_shape:
            height, width = self._blob.shape[2:]
            self._box, self._frame_shape = letterbox_of(frame.shape[0], frame.shape[1], height, width), frame.shape
            self._blob[:] = grey_input(height, width)
        return self._box

    def _rows(self) -> Float32[np.ndarray, "..."]:
        """What the model puts out for the picture that lies in the blob."""
        try:
            return np.asarray(self._session.run(None, {self._input.name: self._input.given(self._blob)})[0], np.float32)
        except Exception as problem:  # ONNX Runtime's own errors share no base class but this
            raise CheckpointError(
                f"{self._path} is no ONNX model that can be run ({' '.join(str(problem).split())[:150]}): export it "
                "again."
            ) from problem

    def _misfit(self, problem: ValueError) -> CheckpointError:
        return CheckpointError(
            f"{self._path} is no detector that can be read: {problem}; export it as a YOLO detection model, version 5, "
            "8 or newer."
        )


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise CheckpointError(
            f"There is no detector {path}: give an .onnx file, or train one with  understudy detector train ."
        )
    if path.stat().st_size > MAX_BYTES:
        raise CheckpointError(f"{path} has {path.stat().st_size / 1e9:.1f} GB, more than any ONNX model: give another.")


def _open_session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a spinning core is one less to play with
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # ONNX Runtime's own errors share no base class but this
        raise CheckpointError(
            f"{path} is no ONNX model that can be run ({' '.join(str(problem).split())[:150]}): export it again."
        ) from problem
