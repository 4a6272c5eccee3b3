"""Detector of YOLO-style weights in ONNX, run by ONNX Runtime on one thread; the default, for our and others' weights.

Third-party files are first tested in a separate process (model_files/onnx_trial.py); their output for a blank image
determines its layout (model_files/output_layout.py). Class names come from the file's metadata.
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
"""Limit of a file's size, which is ONNX's own."""


class OnnxDetector:
    """A Detector from an ONNX file."""

    def __init__(self, path: Path, confidence: float = CONFIDENCE, iou: float = IOU, threads: int = 1) -> None:
        """Loads the weights (about 60 ms for ours; 0.4 s more for third-party ones, which are tested first).

        Args:
            path: of the file.
            confidence: threshold of the score.
            iou: threshold of non-maximum suppression.
            threads: of ONNX Runtime; one leaves the other core to the policies.

        Raises:
            CheckpointError: if the file is missing, torn or no detector, does not terminate, or has implausible output
                for a blank image.
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
        """Class names, as in the file."""
        return self._names

    def detect(self, frame: UInt8[np.ndarray, "height width 3"]) -> np.ndarray:
        """Detects objects in an RGB frame: records of dtype DETECTION, most confident first."""
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
        """Runs the model on the image in the blob; returns its raw output."""
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
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # spinning takes a core from the policies
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # ONNX Runtime's own errors share no base class but this
        raise CheckpointError(
            f"{path} is no ONNX model that can be run ({' '.join(str(problem).split())[:150]}): export it again."
        ) from problem
