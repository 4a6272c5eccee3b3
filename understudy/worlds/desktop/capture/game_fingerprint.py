"""The fingerprint of a game: a picture of its play area that says which pixels never change. Kept between sessions.

It lies beside the profile as NAME.fingerprint.png. Its opacity says what is known of a pixel: opaque, it never changes
in this game; half, it does; transparent, nobody knows. A rim outside the play area belongs to it, by which a plain game
is found in its page. `profile new` writes the border alone, because one screenshot does not show what moves; recording
and play learn the rest (FingerprintLearner).
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from understudy.contract.errors import WorldError
from understudy.contract.safe_files import replace_bytes

STILL, MOVES, UNKNOWN = 255, 128, 0
RIM = 8
"""Pixels around the play area that belong to the fingerprint; unknown where the window ends before."""
BAND = 8
"""Pixels inside the play area's edge that one screenshot is taken for still in: a game's border, not its things."""
TOLERANCE = 24
"""Largest difference of a channel, of 255, that is not a change; captured pixels have no noise."""
MIN_LOOKS = 15
"""Pictures, one a second, from which a fingerprint is learnt."""
MAX_CHANGES = 0.02
"""Largest part of the pictures in which a still pixel may look different: a dialog of the browser, a flash."""
MIN_KEPT = 0.5
"""A new session replaces a fingerprint of which less than this part is still there; else it narrows it."""
MAX_SIDE = 8192

Edges = tuple[int, int, int, int]
"""Left, top, right, bottom of the play area in pixels of the window; right and bottom are exclusive."""


@dataclass(frozen=True)
class GameFingerprint:
    """What never changes in one game's play area of one size."""

    pixels: UInt8[np.ndarray, "height width 3"]
    """The play area with its rim, RGB."""
    state: UInt8[np.ndarray, "height width"]
    """STILL, MOVES or UNKNOWN."""

    @property
    def still(self) -> Bool[np.ndarray, "height width"]:
        """The pixels that never change."""
        return np.asarray(self.state == STILL)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the play area, without the rim."""
        height, width = self.state.shape
        return width - 2 * RIM, height - 2 * RIM

    def matched(self, window: UInt8[np.ndarray, "height width 3"], edges: Edges) -> float:
        """Returns which part of the still pixels inside the play area looks so in a picture of the window; 1 if none
        is known, 0 for a play area of another size."""
        if (edges[2] - edges[0], edges[3] - edges[1]) != self.size:
            return 0.0
        inside = (slice(RIM, -RIM), slice(RIM, -RIM))
        still = self.still[inside]
        if not still.any():
            return 1.0
        same = looks_alike(with_rim(window, edges)[inside], self.pixels[inside])
        return float(same[still].mean())

    def save(self, path: Path) -> None:
        """Writes the file completely or not at all.

        Raises:
            OSError: if it cannot be written there.
        """
        picture = np.dstack([self.pixels[:, :, ::-1], self.state])
        done, content = cv2.imencode(".png", picture)
        assert done
        replace_bytes(path, content.tobytes())


def fingerprint_path(profile: str) -> Path | None:
    """Returns the file that belongs to a profile's file; None for a profile that comes with understudy."""
    return Path(profile).with_suffix(".fingerprint.png") if profile.endswith(".toml") else None


def load_fingerprint(path: Path | None) -> GameFingerprint | None:
    """Reads a fingerprint; None where there is no file.

    Raises:
        WorldError: if the file is no fingerprint.
    """
    if path is None or not path.exists():
        return None
    refusal = WorldError(f"{path} is no fingerprint of a game: delete it; recording and play make a new one")
    try:
        content = path.read_bytes()
        width, height = struct.unpack(">II", content[16:24])  # before a small file is unpacked to a huge picture
    except (OSError, struct.error):
        raise refusal from None
    if not (2 * RIM < width <= MAX_SIDE and 2 * RIM < height <= MAX_SIDE):
        raise refusal
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4 or picture.dtype != np.uint8:
        raise refusal
    return GameFingerprint(np.ascontiguousarray(picture[:, :, 2::-1]), np.ascontiguousarray(picture[:, :, 3]))


def border_fingerprint(window: UInt8[np.ndarray, "height width 3"], edges: Edges) -> GameFingerprint:
    """Returns the fingerprint that one screenshot gives: the play area's border."""
    pixels, state = with_rim(window, edges), _in_window(window, edges)
    state[RIM + BAND : -RIM - BAND, RIM + BAND : -RIM - BAND] = UNKNOWN
    return GameFingerprint(pixels, state)


def with_rim(window: UInt8[np.ndarray, "height width 3"], edges: Edges) -> UInt8[np.ndarray, "rows columns 3"]:
    """Cuts the play area with its rim out of a picture of the window; black where the window has ended."""
    left, top, right, bottom = edges
    padded = cv2.copyMakeBorder(window, RIM, RIM, RIM, RIM, cv2.BORDER_CONSTANT)
    return np.ascontiguousarray(padded[top : bottom + 2 * RIM, left : right + 2 * RIM])


def looks_alike(
    one: UInt8[np.ndarray, "height width 3"], other: UInt8[np.ndarray, "height width 3"]
) -> Bool[np.ndarray, "height width"]:
    """Returns where two pictures look alike."""
    limit = (TOLERANCE, TOLERANCE, TOLERANCE)
    return cv2.inRange(cv2.absdiff(np.ascontiguousarray(one), other), (0, 0, 0), limit) > 0


def _in_window(window: np.ndarray, edges: Edges) -> UInt8[np.ndarray, "rows columns"]:
    """STILL inside the window, UNKNOWN in the part of the rim beyond it."""
    inside = np.full(window.shape[:2], STILL, np.uint8)
    padded = cv2.copyMakeBorder(inside, RIM, RIM, RIM, RIM, cv2.BORDER_CONSTANT, value=UNKNOWN)
    left, top, right, bottom = edges
    return np.ascontiguousarray(padded[top : bottom + 2 * RIM, left : right + 2 * RIM])


class FingerprintLearner:
    """Learns in one session what never changes. Belongs to the control thread; a look takes 1 to 3 ms."""

    def __init__(self) -> None:
        self._first: np.ndarray | None = None
        self._num_alike = np.zeros((0, 0), np.uint16)
        self._in_window = np.zeros((0, 0), np.uint8)
        self._num_looks = 0

    def look(self, window: UInt8[np.ndarray, "height width 3"], edges: Edges) -> None:
        """Takes in a picture of the window in which the game was seen; of another size, it begins again."""
        cut = with_rim(window, edges)
        if self._first is None or self._first.shape != cut.shape:
            self._first, self._in_window = cut, _in_window(window, edges)
            self._num_alike, self._num_looks = np.zeros(cut.shape[:2], np.uint16), 0
        self._num_looks += 1
        self._num_alike += looks_alike(cut, self._first)

    def fingerprint(self, kept: GameFingerprint | None) -> GameFingerprint | None:
        """Returns what the session has shown, together with the fingerprint of earlier ones; None if it was too short,
        or nothing in it moved."""
        if self._first is None or self._num_looks < MIN_LOOKS:
            return None
        num_changes = self._num_looks - self._num_alike
        if not num_changes.any():
            return None
        limit = int(MAX_CHANGES * self._num_looks)
        state = np.where(num_changes <= limit, STILL, MOVES).astype(np.uint8)
        state[self._in_window == UNKNOWN] = UNKNOWN
        learnt = GameFingerprint(self._first, state)
        return learnt if kept is None else _narrowed(kept, learnt)


def _narrowed(kept: GameFingerprint, learnt: GameFingerprint) -> GameFingerprint:
    if kept.state.shape != learnt.state.shape:
        return learnt
    changed = kept.still & ((learnt.state == MOVES) | ~looks_alike(kept.pixels, learnt.pixels))
    if changed.sum() > (1 - MIN_KEPT) * kept.still.sum():
        return learnt
    pixels, state = kept.pixels.copy(), kept.state.copy()
    new = state == UNKNOWN
    pixels[new], state[new] = learnt.pixels[new], learnt.state[new]
    state[changed] = MOVES
    return GameFingerprint(pixels, state)
