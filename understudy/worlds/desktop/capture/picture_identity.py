"""Checks that a window still shows the game, by its unchanging pixels, in about 0.2 ms a frame.

Points on a grid are compared with the first frame. Outside the play area (a browser's tabs and toolbar) every point
counts from the first frame on. Inside it, a point counts while the game has never changed it: in the first
seconds of play every change drops a point; later only changes of the size of one moving object drop points, and a
change of a large block, or of most points at once, means that the game is covered, shifted or gone. What an earlier
session has learnt (GameFingerprint) counts from the first frame on, against the earlier picture. For a game without
still parts only the points outside remain, or none: `summary` describes what is compared.
"""

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from understudy.worlds.desktop.capture.game_fingerprint import MOVES, RIM, STILL, TOLERANCE, UNKNOWN, GameFingerprint

STEP = 8
"""Grid spacing in pixels."""
LEARN_TICKS = 200
"""Ten seconds of play, in which the points inside the play area are found that never change."""
MIN_FRAME_POINTS = 6
"""Minimum number of changed points outside the play area for a change; Chromium's find bar changes at least 12."""
MIN_BLOCK_POINTS = 200
"""Minimum number of points, 12,800 pixels, of a connected changed block that cannot be one object of the game."""
MAX_CHANGED = 0.3
MIN_POINTS = 40
"""Minimum number of points inside the play area; fewer are not compared."""
MOSTLY_KNOWN = 0.9
"""Part of the play area that a fingerprint has to know for a session to have nothing to learn."""
FORGET_TICKS = 60
"""Ticks after which a lasting small change counts as part of the game."""
NUM_FLASHES, FLASH_TICKS = 3, 20
"""Points that changed together and back within FLASH_TICKS, NUM_FLASHES times, count as part of the game (a flash)."""

Edges = tuple[int, int, int, int]
"""Left, top, right, bottom of the play area in pixels of the window; right and bottom are exclusive."""


class PictureIdentity:
    """The unchanging points in the pictures of one window. Belongs to the control thread."""

    def __init__(self, fingerprint: GameFingerprint | None = None) -> None:
        """Args: fingerprint: of earlier sessions; used for a play area of its size."""
        self._fingerprint = fingerprint
        self._reference: np.ndarray | None = None
        self._fixed = self._outside = self._differs = self._known = np.zeros((0, 0), bool)
        self._ticks_changed = np.zeros((0, 0), np.uint16)
        self._num_learnt = 0
        self._flashes: list[np.ndarray] = []
        self._suspect_ticks = 0

    @property
    def is_learning(self) -> bool:
        """Whether the first seconds of play are not over yet."""
        return self._num_learnt < LEARN_TICKS

    @property
    def has_begun(self) -> bool:
        """Whether there was a first frame, with which what is around the play area is compared."""
        return self._reference is not None

    def check(self, pixels: UInt8[np.ndarray, "height width 3"], edges: Edges) -> str | None:
        """Compares a frame of the whole window and updates the points; returns what has changed, or None.

        A frame of another size than the first resets the comparison; the window's size is checked elsewhere. The first
        frame is compared with the fingerprint alone.
        """
        samples = pixels[STEP // 2 :: STEP, STEP // 2 :: STEP]
        if self._reference is None or self._reference.shape != samples.shape:
            self._begin(samples, edges)
        self._differs = self._fixed & ~self._same(samples)
        why = self._problem(samples)
        if why is None:
            self._learn()
        else:
            self._suspect()
        return why

    def peek(self, pixels: UInt8[np.ndarray, "height width 3"]) -> str | None:
        """As `check`, without an update: for a check between two ticks."""
        samples = pixels[STEP // 2 :: STEP, STEP // 2 :: STEP]
        if self._reference is None or self._reference.shape != samples.shape:
            return None
        before, self._differs = self._differs, self._fixed & ~self._same(samples)
        why = self._problem(samples)
        self._differs = before
        return why

    def peek_around(self, pixels: UInt8[np.ndarray, "height width 3"]) -> bool:
        """Returns whether everything around the play area is as it was, whatever the game shows."""
        samples = pixels[STEP // 2 :: STEP, STEP // 2 :: STEP]
        if self._reference is None or self._reference.shape != samples.shape:
            return False
        return int(np.count_nonzero(self._outside & ~self._same(samples))) < MIN_FRAME_POINTS

    def accept(self, pixels: UInt8[np.ndarray, "height width 3"]) -> None:
        """Accepts a frame as the game's, as confirmed by the person: points that differ inside the play area are no
        longer compared, and those that differ outside are compared with this frame from now on."""
        samples = pixels[STEP // 2 :: STEP, STEP // 2 :: STEP]
        if self._reference is None or self._reference.shape != samples.shape:
            return
        differs = ~self._same(samples)
        self._fixed &= ~(differs & ~self._outside)
        self._reference[self._outside] = samples[self._outside]
        self._fixed |= self._outside
        self._suspect_ticks = 0
        self._flashes.clear()

    def summary(self) -> str:
        """Returns what is compared, as part of a sentence."""
        outside, inside = int((self._fixed & self._outside).sum()), int((self._fixed & ~self._outside).sum())
        if not self.is_learning and inside < MIN_POINTS:
            around = f"{outside} points around the game" if outside else "nothing"
            return f"nothing inside this game's picture stands still, so {around} in the picture can be compared"
        return f"{inside} points of the picture inside the game and {outside} around it that never change"

    def _begin(self, samples: np.ndarray, edges: Edges) -> None:
        self._reference = samples.copy()
        rows, columns = (STEP // 2 + STEP * np.arange(size) for size in samples.shape[:2])
        left, top, right, bottom = edges
        inside_rows, inside_columns = (rows >= top) & (rows < bottom), (columns >= left) & (columns < right)
        self._outside = ~(inside_rows[:, None] & inside_columns[None, :])
        self._fixed = np.ones(samples.shape[:2], bool)
        self._differs = np.zeros(samples.shape[:2], bool)
        self._ticks_changed = np.zeros(samples.shape[:2], np.uint16)
        self._num_learnt = self._suspect_ticks = 0
        self._flashes.clear()
        self._known = np.zeros(samples.shape[:2], bool)
        if self._fingerprint is not None and self._fingerprint.size == (right - left, bottom - top):
            inside = np.ix_(np.flatnonzero(inside_rows), np.flatnonzero(inside_columns))
            kept = np.ix_(rows[inside_rows] - top + RIM, columns[inside_columns] - left + RIM)
            self._know(self._fingerprint, kept, inside)

    def _know(self, fingerprint: GameFingerprint, kept: tuple[np.ndarray, ...], inside: tuple[np.ndarray, ...]) -> None:
        """Takes over what is known of the points inside the play area; nothing is left to learn where that is most."""
        assert self._reference is not None
        state = fingerprint.state[kept]
        still = state == STILL
        self._reference[inside] = np.where(still[..., None], fingerprint.pixels[kept], self._reference[inside])
        self._known[inside] = still
        self._fixed[inside] &= state != MOVES
        if np.count_nonzero(still) >= MIN_POINTS and np.mean(state != UNKNOWN) >= MOSTLY_KNOWN:
            self._num_learnt = LEARN_TICKS

    def _same(self, samples: np.ndarray) -> Bool[np.ndarray, "rows columns"]:
        assert self._reference is not None
        limit = (TOLERANCE, TOLERANCE, TOLERANCE)
        return cv2.inRange(cv2.absdiff(np.ascontiguousarray(samples), self._reference), (0, 0, 0), limit) > 0

    def _problem(self, samples: np.ndarray) -> str | None:
        inside = self._differs & ~self._outside
        num_inside, num_outside = int(inside.sum()), int((self._differs & self._outside).sum())
        around = num_outside >= MIN_FRAME_POINTS
        counted = ~self._outside & (self._known if self.is_learning else self._fixed)
        block = self._block(inside & counted, int(np.count_nonzero(self._fixed & counted)))
        if not around and block is None:
            return None
        if self._is_darker(samples):
            return "a dialog or message lies over the game (all of its window is darkened)"
        if block is None:
            return "the window around the game has changed (address bar, find bar, another tab, a message)"
        total = np.count_nonzero(self._fixed & ~self._outside)
        if num_inside > 0.6 * total:
            return "the window shows something else than the game (another page or tab, a reload, zoom or full screen)"
        left, top, width, height = block
        return (
            f"something covers or has shifted {width} x {height} pixels of the game, {left} from the left and {top} "
            "from the top of its window (scrolling, zoom, a bar, a message, developer tools)"
        )

    def _block(self, inside: np.ndarray, total: int) -> tuple[int, int, int, int] | None:
        """Returns the bounding box, in pixels, of a change too large for one object of the game, of `total` points that
        are compared; None for none."""
        num_inside = np.count_nonzero(inside)
        if num_inside < MIN_POINTS or total < MIN_POINTS:
            return None
        _, _, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
        largest = stats[1:][stats[1:, cv2.CC_STAT_AREA].argmax()]
        if largest[cv2.CC_STAT_AREA] < MIN_BLOCK_POINTS and num_inside <= MAX_CHANGED * total:
            return None
        left, top, width, height = (int(STEP * side) for side in largest[:4])
        return left, top, width, height

    def _is_darker(self, samples: np.ndarray) -> bool:
        """Whether more than half of the compared points are darker by one factor, as behind a browser's dialog."""
        assert self._reference is not None
        before = self._reference[self._fixed].astype(np.float32).sum(axis=1)
        now = samples[self._fixed].astype(np.float32).sum(axis=1)
        light = before > 4 * TOLERANCE
        if np.count_nonzero(light) < MIN_POINTS:
            return False
        ratio = now[light] / before[light]
        middle = float(np.median(ratio))
        return middle < 0.92 and float(np.mean(np.abs(ratio - middle) < 0.1)) > 0.5

    def _suspect(self) -> None:
        if self._suspect_ticks == 0:
            self._flashes = [*self._flashes, self._differs & ~self._outside][-NUM_FLASHES:]
        self._suspect_ticks += 1
        self._ticks_changed[:] = 0  # the game has not changed the points that are covered now
        if self._suspect_ticks > FLASH_TICKS or np.count_nonzero(self._differs & self._outside) >= MIN_FRAME_POINTS:
            self._flashes.clear()

    def _learn(self) -> None:
        if self._suspect_ticks and len(self._flashes) == NUM_FLASHES:
            self._fixed &= ~np.logical_and.reduce(self._flashes)
            self._flashes.clear()
        self._suspect_ticks = 0
        differs = self._differs
        if self.is_learning:
            self._num_learnt += 1
            self._fixed &= ~(differs & ~self._outside & ~self._known)
            differs = differs & self._known
        came_back = (self._ticks_changed > 0) & ~differs & ~self._outside
        self._ticks_changed[differs] += 1
        self._ticks_changed[~differs] = 0
        self._fixed &= ~(came_back | (self._ticks_changed > FORGET_TICKS))
