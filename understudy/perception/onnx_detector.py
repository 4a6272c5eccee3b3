"""Detector of YOLO-style weights in ONNX, run by ONNX Runtime on the device of `--device`; our own or third-party ones.

Third-party files are first tested in a separate process (model_files/onnx_trial.py); their output for a blank image
determines its layout (model_files/output_layout.py). Class names come from the file's metadata.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from understudy.contract.errors import CheckpointError, FlagError
from understudy.perception.detector import CONFIDENCE, DETECTION, IOU
from understudy.perception.letterbox import Letterbox, fill, grey_input, letterbox_of, to_window
from understudy.perception.model_files.class_names import class_names
from understudy.perception.model_files.execution_provider import (
    Device,
    Provider,
    open_session,
    providers_of,
    unusable,
    usual_threads,
)
from understudy.perception.model_files.game_note import game_of
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

    def __init__(
        self,
        path: Path,
        confidence: float = CONFIDENCE,
        iou: float = IOU,
        threads: int | None = None,
        device: Device = "auto",
    ) -> None:
        """Loads the weights (about 60 ms for ours; 0.4 s more for third-party ones, which are tested first).

        Args:
            path: of the file.
            confidence: threshold of the score.
            iou: threshold of non-maximum suppression.
            threads: of ONNX Runtime on the CPU; None for half of the cores.
            device: on which it runs; `auto` takes the best that works.

        Raises:
            FlagError: if the device is not installed or cannot run these weights.
            CheckpointError: if the file is missing, torn or no detector, does not terminate, or has implausible output
                for a blank image.
        """
        _require_file(path)
        if path.resolve().parent != WEIGHTS.resolve():
            try_model(path)
        self._path, self._iou = path, iou
        self._confidence = self._floor = confidence
        self._confidences: Float32[np.ndarray, " labels"] | None = None
        self._threads = usual_threads() if threads is None else threads
        self.runs_on = self._open_on_one_of(device)
        """One sentence: the device, and why not a better one."""
        self._box: Letterbox | None = None
        self._frame_shape: tuple[int, ...] = ()

    def _open_on_one_of(self, device: Device) -> str:
        """Opens the weights on the first device that can run them; returns one sentence about it."""
        import onnxruntime

        failed: list[str] = []
        for provider in providers_of(device, onnxruntime.get_available_providers()):
            try:
                self._open(provider)
            except CheckpointError as problem:
                if provider.device == "cpu":
                    raise
                if device != "auto":
                    raise FlagError(f"--device {device} does not work: {problem} Give --device cpu.") from problem
                failed.append(f"; {provider.device} does not work ({problem})")
                continue
            threads = f", {self._threads} thread{'s' * (self._threads > 1)}" if provider.device == "cpu" else ""
            return f"The detector runs on {provider.device}{threads}{''.join(failed)}."
        raise AssertionError("every ONNX Runtime has the CPU")

    def _open(self, provider: Provider) -> None:
        """Opens a session, and determines the output layout from a blank image.

        Raises:
            CheckpointError: if it cannot be run or is no detector.
        """
        self._session = open_session(self._path, provider, self._threads)
        self._input = input_of(self._session, self._path)
        self._blob = grey_input(self._input.height, self._input.width)
        metadata = self._session.get_modelmeta().custom_metadata_map
        try:
            require_detector(metadata)
            self._names = class_names(metadata.get("names"), self._path)
            self.game = game_of(metadata)
            """The game that it was trained for; empty where the file does not say."""
            self._output = find_layout(self._rows(), len(self._names), self._input.height, self._input.width, metadata)
        except ValueError as problem:
            raise self._misfit(problem) from problem

    @property
    def names(self) -> tuple[str, ...]:
        """Class names, as in the file."""
        return self._names

    def require(self, confidences: Float32[np.ndarray, " labels"]) -> None:
        """Sets a confidence threshold for each class, in place of one for all."""
        same = len(confidences) == 0 or bool((confidences == np.float32(self._confidence)).all())
        self._confidences = None if same else confidences
        self._floor = self._confidence if same else float(confidences.min())

    def detect(self, frame: UInt8[np.ndarray, "height width 3"]) -> np.ndarray:
        """Detects objects in an RGB frame: records of dtype DETECTION, most confident first."""
        box = self._place(frame)
        fill(frame, box, self._blob)
        try:
            boxes, scores, labels = self._output.read(self._rows(), self._floor)
        except ValueError as problem:
            raise self._misfit(problem) from problem
        if self._confidences is not None:
            sure = scores >= self._confidences[labels]
            boxes, scores, labels = boxes[sure], scores[sure], labels[sure]
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
            raise unusable(self._path, problem) from problem

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
