"""Input specification of a detector's ONNX file: one image of a supported size and dtype."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.errors import CheckpointError

USUAL_SIDE = 640
"""Default size, pixels, of an input of variable size without a stated training size."""
MIN_SIDE, MAX_SIDE, MAX_PIXELS = 16, 4096, 2048 * 2048
KINDS = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}
"""Supported dtypes: floats from 0 to 1, or integers from 0 to 255."""


@dataclass(frozen=True)
class ModelInput:
    """The one input of a model."""

    name: str
    height: int
    """Pixels."""
    width: int
    kind: str
    """Name of a numpy type, one of KINDS."""

    def given(self, blob: np.ndarray) -> np.ndarray:
        """Returns an image in the model's dtype; shares memory if it is the same.

        Args:
            blob: values from 0 to 1, float32 of shape (1, 3, height, width).
        """
        if self.kind == "uint8":
            return np.asarray(np.rint(blob * np.float32(255)), np.uint8)
        return np.asarray(blob, np.dtype(self.kind))


def input_of(session: Any, path: Path) -> ModelInput:
    """Returns the input specification of an ONNX Runtime session.

    Raises:
        CheckpointError: if it is not one image of three channels, or of an implausible size.
    """
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise CheckpointError(f"{path} has {len(inputs)} inputs where one picture was expected: {_EXPORT}.")
    (one,) = inputs
    shape = list(one.shape)
    if len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3):
        raise CheckpointError(
            f"{path} takes an input of shape {shape} where pictures (1, 3, height, width) were expected: {_EXPORT}."
        )
    if isinstance(shape[0], int) and shape[0] != 1:
        raise CheckpointError(
            f"{path} takes {shape[0]} pictures at a time where one was expected: {_EXPORT} with batch=1."
        )
    if one.type not in KINDS:
        raise CheckpointError(f"{path} takes {one.type} where {', '.join(KINDS)} were expected: {_EXPORT}.")
    height, width = _size(shape, session.get_modelmeta().custom_metadata_map.get("imgsz"))
    if min(height, width) < MIN_SIDE or max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
        raise CheckpointError(
            f"{path} takes pictures of {width} x {height} pixels where sides of {MIN_SIDE} to {MAX_SIDE} and at "
            f"most {MAX_PIXELS / 1e6:.0f} megapixels were expected: {_EXPORT} with imgsz=640."
        )
    return ModelInput(one.name, height, width, KINDS[one.type])


_EXPORT = "export it again as a YOLO detection model"


def _size(shape: list[Any], stated: str | None) -> tuple[int, int]:
    """Returns height and width: the fixed size, else the training size stated in the file."""
    height, width = _stated_size(stated)
    return (shape[2] if isinstance(shape[2], int) else height), (shape[3] if isinstance(shape[3], int) else width)


def _stated_size(stated: str | None) -> tuple[int, int]:
    try:
        size = ast.literal_eval((stated or "")[:100])
        height, width = (size, size) if isinstance(size, int) else size
        return int(height), int(width)
    except (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError):
        return USUAL_SIDE, USUAL_SIDE
