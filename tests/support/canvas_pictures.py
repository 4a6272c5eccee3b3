"""Pictures of a made-up browser's window with a game in its page."""

import cv2
import numpy as np

WIDTH, HEIGHT, TOP = 1280, 720, 88
"""Of the window; and of its toolbar."""
EDGES = (234, 112, 1046, 604)
"""The game with its border: left, top, right, bottom."""


def canvas_picture(tick: int = 0, *, shift: int = 0) -> np.ndarray:
    """A toolbar, a page with a bordered canvas in it, and a ball that goes around; all below the toolbar is shifted."""
    frame = np.full((HEIGHT, WIDTH, 3), (32, 48, 64), np.uint8)
    top = TOP + 30 + shift
    cv2.rectangle(frame, (240, top), (1040, top + 480), (200, 200, 200), 6)
    cv2.rectangle(frame, (246, top + 6), (1034, top + 474), (16, 16, 16), -1)
    x, y = 640 + 200 * np.cos(tick / 9), top + 240 + 100 * np.sin(tick / 9)
    cv2.circle(frame, (int(x), int(y)), 24, (230, 50, 50), -1)
    frame[: TOP + shift] = (225, 230, 240)
    frame[50:80, 100:1000] = (250, 250, 250)
    return frame
