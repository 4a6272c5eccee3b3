"""Notices pictures that show nothing: black ones, and ones that are the same as the one before."""

from dataclasses import dataclass

import numpy as np

from understudy.worlds.desktop.capture.screen_capture import Frame

BLACKEST = 6
"""No channel of any looked-at pixel of a black picture is brighter than this, of 255."""
STEP = 7
"""Every so many pixels across and down are looked at: 2 % of them, in 0.1 ms; odd, so that no even pattern hides."""


@dataclass
class FrameCounts:
    """What came in so far."""

    num_frames: int = 0
    num_black: int = 0
    num_doubled: int = 0
    """Pictures that equal the one before them."""
    oldest_s: float = 0.0
    """The greatest age of a picture when it was looked at."""


class FrameWatch:
    """Looks at each picture of one session. Belongs to the thread that plays."""

    def __init__(self) -> None:
        self.counts = FrameCounts()
        self.changed_s: float | None = None
        """When a picture last differed from the one before; None before the first."""
        self._before: np.ndarray | None = None

    def look(self, frame: Frame, now_s: float) -> bool:
        """Takes note of a picture; says whether it is black."""
        sample = frame.pixels[::STEP, ::STEP]
        is_black = bool(sample.max() <= BLACKEST)
        is_doubled = self._before is not None and bool(np.array_equal(sample, self._before))
        self._before = sample.copy()
        self.counts.num_frames += 1
        self.counts.num_black += is_black
        self.counts.num_doubled += is_doubled
        self.counts.oldest_s = max(self.counts.oldest_s, now_s - frame.time_s)
        if not is_doubled:
            self.changed_s = frame.time_s
        return is_black
