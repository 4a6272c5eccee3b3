"""What finds objects in a picture: one protocol, whoever trained the weights."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

CONFIDENCE = 0.3
"""Detections below this score are dropped (the guide's setting)."""
IOU = 0.3
"""Of two detections of one class that overlap by more, the weaker is dropped (the guide's setting)."""

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
"""One thing found in a picture, 22 bytes."""


@runtime_checkable
class Detector(Protocol):
    """Finds objects in one picture at a time. Belongs to one thread."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, as the weights know them; a detection's label is an index into these."""
        ...

    def detect(self, frame: UInt8[np.ndarray, "height width 3"]) -> np.ndarray:
        """What is in an RGB picture: records of dtype DETECTION, most confident first."""
        ...


class NullDetector:
    """A Detector that finds nothing: for reading the panels alone, where there are no weights yet."""

    @property
    def names(self) -> tuple[str, ...]:
        """None."""
        return ()

    def detect(self, frame: UInt8[np.ndarray, "height width 3"]) -> np.ndarray:
        """Nothing, shape (0,)."""
        return np.zeros(0, DETECTION)
