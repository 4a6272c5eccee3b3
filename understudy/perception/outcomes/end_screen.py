"""Recognises the screen that a game shows when it is over, by the mean colours of its cells."""

import cv2
import numpy as np
from jaxtyping import UInt8

from understudy.contract.errors import FlagError
from understudy.contract.screen_layout import END_SCREEN_SHAPE, Area, EndScreen
from understudy.perception.screen_regions import Scale

TOLERANCE = 28
"""Largest difference of a channel, of 255, between a cell and what the profile holds."""
MIN_ALIKE = 0.8
"""Part of the cells that has to be alike: the number of points in it may be another."""
MAX_ALIKE_IN_PLAY = 0.5
"""Part of the cells that may be alike while the game is played."""


def cells_of(part: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "_ _ 3"]:
    """Returns the mean colours of a part of a frame in END_SCREEN_SHAPE cells."""
    rows, columns = END_SCREEN_SHAPE
    return np.asarray(cv2.resize(np.ascontiguousarray(part), (columns, rows), interpolation=cv2.INTER_AREA))


class EndScreenReader:
    """Recognises one game's end screen."""

    def __init__(self, screen: EndScreen) -> None:
        self.screen = screen
        self._cells = np.frombuffer(bytes.fromhex(screen.cells), np.uint8).reshape(*END_SCREEN_SHAPE, 3)

    def alike(self, frame: UInt8[np.ndarray, "height width 3"]) -> float:
        """Returns which part of the cells looks as in the end screen."""
        left, top, right, bottom = Scale(frame.shape[1], frame.shape[0], frame.shape[0]).edges(self.screen.area)
        differs = np.abs(cells_of(frame[top:bottom, left:right]).astype(np.int16) - self._cells).max(axis=2)
        return float((differs <= TOLERANCE).mean())

    def is_shown(self, frame: UInt8[np.ndarray, "height width 3"]) -> bool:
        """Returns whether the game is over in a frame of its play area."""
        return self.alike(frame) >= MIN_ALIKE


def end_screen_of(over: np.ndarray, playing: np.ndarray, area: Area, restart: tuple[float, float] | None) -> EndScreen:
    """Measures an end screen in a screenshot of it.

    Args:
        over: the play area when the game is over.
        playing: the play area while it is played.
        area: of the panel, window fractions.
        restart: where a click begins a new game, window fractions; None for nowhere.

    Raises:
        FlagError: if the area looks alike in both.
    """
    left, top, right, bottom = Scale(over.shape[1], over.shape[0], over.shape[0]).edges(area)
    screen = EndScreen(area=area, cells=cells_of(over[top:bottom, left:right]).tobytes().hex(), restart=restart)
    alike = EndScreenReader(screen).alike(playing)
    if alike > MAX_ALIKE_IN_PLAY:
        raise FlagError(
            f"{alike:.0%} of this area looks alike while the game is played and when it is over: draw it around "
            "the panel or the words that are there only at the end."
        )
    return screen
