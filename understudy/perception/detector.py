"""The object detector protocol and its output dtype, independent of who trained the weights."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

CONFIDENCE = 0.3
"""Detections below this score are dropped (the guide's setting)."""
IOU = 0.3
"""IoU threshold of non-maximum suppression: of two boxes of one class that overlap by more, the less confident is
dropped (the guide's setting)."""

DETECTION = np.dtype(
    [
        ("label", "i2"),  # index into the detector's names
        ("confidence", "f4"),
        ("x", "f4"),  # centre of the box, window fractions
        ("y", "f4"),
        ("width", "f4"),  # window fractions
        ("height", "f4"),
    ],
)
"""One detected object, 22 bytes."""


@runtime_checkable
class Detector(Protocol):
    """Detects objects in one frame at a time. Belongs to one thread."""

    @property
    def names(self) -> tuple[str, ...]:
        """Class names of the weights; a detection's label is an index into these."""
        ...

    def detect(self, frame: UInt8[np.ndarray, "height width 3"]) -> np.ndarray:
        """Returns the detections in an RGB frame: records of dtype DETECTION, most confident first."""
        ...


class NullDetector:
    """A Detector without detections: reads the panels alone where there are no weights yet."""

    @property
    def names(self) -> tuple[str, ...]:
        """No classes."""
        return ()

    def detect(self, frame: UInt8[np.ndarray, "height width 3"]) -> np.ndarray:
        """Returns no detections, shape (0,)."""
        return np.zeros(0, DETECTION)
