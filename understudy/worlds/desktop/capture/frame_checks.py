"""Detects black frames and frames identical to the previous one."""

from dataclasses import dataclass

import numpy as np

from understudy.worlds.desktop.capture.screen_capture import Frame

BLACKEST = 6
"""A frame is black when no channel of a sampled pixel exceeds this value, of 255."""
STEP = 7
"""Sampling stride in both axes: 2 % of the pixels in 0.1 ms; odd, so that it does not alias with even patterns."""


@dataclass
class FrameCounts:
    """Counts over one session."""

    num_frames: int = 0
    num_black: int = 0
    num_doubled: int = 0
    """Frames identical to the previous one."""
    oldest_s: float = 0.0
    """Largest age of a frame when it was checked."""


class FrameChecker:
    """Checks each frame of one session. Belongs to the control thread."""

    def __init__(self) -> None:
        self.counts = FrameCounts()
        self.changed_s: float | None = None
        """Time of the last frame that differed from the previous one; None before the first."""
        self._before: np.ndarray | None = None

    def check(self, frame: Frame, now_s: float) -> bool:
        """Updates the counts with a frame; returns whether it is black."""
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
