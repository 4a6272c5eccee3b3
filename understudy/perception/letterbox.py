"""Letterboxing: scales a frame into a detector's fixed input with its aspect kept, and pads the rest with grey."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

GREY = 114
"""Padding value of YOLO, on which its weights were trained."""


@dataclass(frozen=True)
class Letterbox:
    """Placement of a scaled frame inside a detector's input, pixels."""

    height: int
    """Height of the scaled frame inside the input."""
    width: int
    top: int
    left: int
    input_height: int
    input_width: int


def letterbox_of(height: int, width: int, input_height: int, input_width: int) -> Letterbox:
    """Returns the placement of a frame of height x width pixels, centred."""
    scale = min(input_height / height, input_width / width)
    fits_height, fits_width = max(1, round(height * scale)), max(1, round(width * scale))
    return Letterbox(
        fits_height,
        fits_width,
        (input_height - fits_height) // 2,
        (input_width - fits_width) // 2,
        input_height,
        input_width,
    )


def fill(
    frame: UInt8[np.ndarray, "height width 3"],
    box: Letterbox,
    blob: Float32[np.ndarray, "1 3 input_height input_width"],
) -> None:
    """Writes a frame into a detector's input, values 0 to 1, channels first; the padding must be grey already."""
    if frame.shape[:2] != (box.height, box.width):
        shrinks = box.height < frame.shape[0]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        frame = np.asarray(cv2.resize(frame, (box.width, box.height), interpolation=how), np.uint8)
    inner = blob[0, :, box.top : box.top + box.height, box.left : box.left + box.width]
    for channel, plane in enumerate(cv2.split(frame)):
        np.multiply(plane, np.float32(1 / 255), out=inner[channel], dtype=np.float32)


def grey_input(height: int, width: int) -> Float32[np.ndarray, "1 3 height width"]:
    """Returns a detector's input filled with the padding grey."""
    return np.full((1, 3, height, width), np.float32(GREY / 255), np.float32)


def to_window(boxes: Float32[np.ndarray, "M 4"], box: Letterbox) -> Float32[np.ndarray, "M 4"]:
    """Converts boxes (centre x, centre y, width, height) from pixels of the input to window fractions."""
    shift = np.array([box.left, box.top, 0, 0], np.float32)
    scale = np.array([box.width, box.height, box.width, box.height], np.float32)
    return np.asarray((boxes - shift) / scale, np.float32)
