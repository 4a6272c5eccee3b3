"""Reads screenshots and writes annotated pictures, for commands on one picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

GREEN = (90, 255, 120)


def read_picture(path: Path) -> "np.ndarray":
    """Reads a picture as RGB, shape (height, width, 3).

    Raises:
        FlagError: if the file is missing or not a picture.
    """
    import cv2
    import numpy as np

    from understudy.contract.errors import FlagError

    picture = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if picture is None:
        raise FlagError(f"{path} is no picture that can be read: give a .png or .jpg screenshot of the whole window.")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def write_picture(path: Path, picture: "np.ndarray") -> None:
    """Writes an RGB picture in the format of the path's suffix.

    Raises:
        FlagError: if it cannot be written there.
    """
    import cv2

    from understudy.cli.show.output_file import write_output
    from understudy.contract.errors import FlagError

    try:
        done, content = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if done:
            write_output(path, content.tobytes())
    except (cv2.error, OSError):
        done = False
    if not done:
        raise FlagError(f"{path} could not be written: give a path that ends in .png or .jpg in a folder that can be.")


def draw_boxes(frame: "np.ndarray", boxes: "np.ndarray", labels: Sequence[str]) -> "np.ndarray":
    """Returns a copy with boxes and their labels; `boxes` are records with x, y, width, height in window fractions."""
    picture = frame.copy()
    for box, label in zip(boxes, labels, strict=True):
        left, top = box["x"] - box["width"] / 2, box["y"] - box["height"] / 2
        draw_area(picture, float(left), float(top), float(box["width"]), float(box["height"]), label, GREEN)
    return picture


def draw_area(
    picture: "np.ndarray",
    left: float,
    top: float,
    width: float,
    height: float,
    label: str,
    colour: tuple[int, int, int],
) -> None:
    """Draws one rectangle, given in window fractions, and its label into the picture, in place."""
    import cv2

    tall, wide = picture.shape[:2]
    low, high = (round(left * wide), round(top * tall)), (round((left + width) * wide), round((top + height) * tall))
    cv2.rectangle(picture, low, high, colour, 1)
    place = (max(2, low[0]), low[1] - 4 if low[1] > 16 else high[1] + 13)
    cv2.putText(picture, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(picture, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
