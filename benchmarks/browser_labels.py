"""Labels of recorded pictures for browser_game.py: where the page said that its things were when each was drawn.

A picture shows what was drawn some milliseconds before it was taken, and how many differs. So of what the page wrote
down shortly before, the moment is taken whose boxes cover most of what is not background in the picture.
"""

from pathlib import Path

import cv2
import numpy as np
from browser_page import Thing

BEFORE_S, AFTER_S = 0.2, 0.02
"""How long before and after a picture's time the page may have drawn it."""
FOREGROUND = 60
"""Sum of the channels' differences from which a pixel is not background."""
LEAST_VISIBLE = 0.3
"""Things of which less lies inside the picture are not labelled."""


def write_labels(
    images: Path, labels: Path, times_s: dict[str, float], truth: list[tuple[float, list[Thing]]], kinds: list[str]
) -> int:
    """Writes a label file in YOLO's form for each picture, and deletes pictures that the page knows nothing of.

    Args:
        images: folder of the pictures, each of the page.
        labels: folder of the label files.
        times_s: when each picture was taken, by its file's name.
        truth: when the page drew which things where, on the same clock, in order.
        kinds: names of the classes in the order of their numbers.

    Returns:
        Number of labelled pictures.
    """
    paths = sorted(images.glob("*.png"))
    pictures = {path: np.asarray(cv2.imread(str(path)), np.uint8) for path in paths}
    background = np.median(np.stack([each[::2, ::2] for each in pictures.values()]), axis=0).astype(np.int16)
    drawn_s = np.array([time_s for time_s, _ in truth])
    labelled = 0
    for path, picture in pictures.items():
        time_s = times_s[path.name]
        first, last = np.searchsorted(drawn_s, [time_s - BEFORE_S, time_s + AFTER_S])
        if first == last:
            path.unlink()
            continue
        differs = np.abs(picture[::2, ::2].astype(np.int16) - background).sum(axis=2) > FOREGROUND
        covered = cv2.integral(differs.astype(np.uint8))
        best = max(truth[first:last], key=lambda moment: _fit(covered, moment[1]))
        height, width = picture.shape[:2]
        lines = [line for thing in best[1] if (line := _line(thing, kinds, width, height))]
        (labels / f"{path.stem}.txt").write_text("\n".join(lines), encoding="utf-8")
        labelled += 1
    return labelled


def _fit(covered: np.ndarray, things: list[Thing]) -> float:
    """How many foreground pixels lie in the boxes, on the halved picture."""
    height, width = covered.shape
    total = 0.0
    for _, left, top, wide, high in things:
        x0, x1 = (int(np.clip(round(x / 2), 0, width - 1)) for x in (left, left + wide))
        y0, y1 = (int(np.clip(round(y / 2), 0, height - 1)) for y in (top, top + high))
        total += float(covered[y1, x1]) - covered[y0, x1] - covered[y1, x0] + covered[y0, x0]
    return total


def _line(thing: Thing, kinds: list[str], width: int, height: int) -> str:
    """A label's line; empty when the thing is hardly in the picture."""
    kind, left, top, wide, high = thing
    seen_x, seen_y = min(left + wide, width) - max(left, 0), min(top + high, height) - max(top, 0)
    if min(seen_x, seen_y) <= 0 or seen_x * seen_y < LEAST_VISIBLE * wide * high:
        return ""
    middle = ((left + wide / 2) / width, (top + high / 2) / height)
    return f"{kinds.index(kind)} {middle[0]:.5f} {middle[1]:.5f} {wide / width:.5f} {high / height:.5f}"
