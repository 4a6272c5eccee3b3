"""Finds a game's play area in a picture of its window by its fingerprint, wherever a bar or a theme has moved it.

A coarse search (a quarter of the resolution, masked squared differences) gives candidates; at each the fingerprint's
points on edges, where two neighbouring pixels differ, are compared to the pixel. The place has to be unambiguous: a
few pixels beside it clearly fewer points match. Size and zoom have to be the fingerprint's.
"""

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from understudy.worlds.desktop.capture.game_fingerprint import RIM, TOLERANCE, Edges, GameFingerprint

SHRINK = 4
NUM_CANDIDATES, REACH = 12, 5
"""Candidates of the coarse search, and pixels around each that are compared."""
NUM_POINTS, NUM_TRIED = 2000, 200
"""Points on edges that are compared at the best places, and at all of them."""
MIN_POINTS = 100
"""Fewer points on edges do not say where a game is."""
MIN_EDGE = 30
"""Difference of a channel from which two neighbouring pixels are an edge."""
MIN_MATCHED = 0.8
"""Part of the points that has to match where the game is."""
MIN_LEAD = 0.1
"""By which more points have to match there than at any other place, more than NEAR pixels away."""
NEAR = 2


def locate_play_area(fingerprint: GameFingerprint, window: UInt8[np.ndarray, "height width 3"]) -> Edges | None:
    """Returns where the play area is in a picture of the window; None if it is not there as a whole, or not clearly at
    one place. Takes about 0.1 s for a window of 1280 x 720."""
    width, height = fingerprint.size
    if window.shape[0] < height or window.shape[1] < width:
        return None
    points = edge_points(fingerprint)
    if min(map(len, points)) < MIN_POINTS:
        return None
    padded = cv2.copyMakeBorder(window, RIM, RIM, RIM, RIM, cv2.BORDER_CONSTANT)
    largest = padded.shape[0] - height - 2 * RIM, padded.shape[1] - width - 2 * RIM
    shifts = _nearby(_coarse(fingerprint, padded), largest)
    if not len(shifts):
        return None
    scores = _matched(fingerprint, padded, [each[:NUM_TRIED] for each in points], shifts)
    best = shifts[np.argsort(-scores)[:3]]
    exact = _matched(fingerprint, padded, points, best)
    top, left = map(int, best[exact.argmax()])
    far = np.abs(shifts - (top, left)).max(axis=1) > NEAR
    if exact.max() < MIN_MATCHED or (far.any() and scores[far].max() > exact.max() - MIN_LEAD):
        return None
    return left, top, left + width, top + height


def edge_points(fingerprint: GameFingerprint) -> list[Int[np.ndarray, "_ 2"]]:
    """Returns rows and columns of still pixels that differ from the still pixel on their right, and of those that
    differ from the one below, at most NUM_POINTS each in random order."""
    pixels, still = fingerprint.pixels.astype(np.int16), fingerprint.still
    across = (np.abs(np.diff(pixels, axis=1)).max(axis=2) > MIN_EDGE) & still[:, 1:] & still[:, :-1]
    down = (np.abs(np.diff(pixels, axis=0)).max(axis=2) > MIN_EDGE) & still[1:] & still[:-1]
    right, below = np.argwhere(across), np.argwhere(down)
    sides = [np.concatenate([right, right + np.array([0, 1])]), np.concatenate([below, below + np.array([1, 0])])]
    return [np.random.default_rng(0).permutation(points)[:NUM_POINTS] for points in sides]


def _coarse(fingerprint: GameFingerprint, padded: np.ndarray) -> Int[np.ndarray, "_ 2"]:
    """Returns the most likely places of the fingerprint's upper left corner, rows and columns."""

    def shrunk(picture: np.ndarray) -> np.ndarray:
        return cv2.resize(picture, None, fx=1 / SHRINK, fy=1 / SHRINK, interpolation=cv2.INTER_AREA)

    template, image = shrunk(fingerprint.pixels), shrunk(padded)
    template = template[: image.shape[0], : image.shape[1]]
    mask = (shrunk(fingerprint.still.astype(np.float32)) > 0.9).astype(np.float32)[: image.shape[0], : image.shape[1]]
    if not mask.any():
        return np.zeros((1, 2), int)
    costs = cv2.matchTemplate(
        image.astype(np.float32), template.astype(np.float32), cv2.TM_SQDIFF, mask=np.dstack([mask] * 3)
    )
    found = []
    for _ in range(NUM_CANDIDATES):
        row, column = np.unravel_index(int(np.argmin(costs)), costs.shape)
        if not np.isfinite(costs[row, column]):
            break
        found.append((SHRINK * int(row), SHRINK * int(column)))
        costs[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = np.inf
    return np.array(found, int).reshape(-1, 2)


def _nearby(places: Int[np.ndarray, "_ 2"], largest: tuple[int, int]) -> Int[np.ndarray, "S 2"]:
    """Returns all places within REACH of some, and possible."""
    offsets = np.stack(np.meshgrid(*[np.arange(-REACH, REACH + 1)] * 2, indexing="ij"), axis=-1).reshape(1, -1, 2)
    near = np.unique((places[:, None] + offsets).reshape(-1, 2), axis=0)
    return near[(near >= 0).all(axis=1) & (near <= largest).all(axis=1)]


def _matched(
    fingerprint: GameFingerprint,
    padded: np.ndarray,
    points: list[Int[np.ndarray, "_ 2"]],
    shifts: Int[np.ndarray, "S 2"],
) -> Float[np.ndarray, " S"]:
    """Returns for each place which part of the points looks as in the fingerprint, of the worse of the two sorts:
    across a game's place is told by edges from top to bottom alone."""
    scores = np.ones(len(shifts))
    for rows, columns in (each.T for each in points):
        wanted = fingerprint.pixels[rows, columns].astype(np.int16)
        for number, (down, right) in enumerate(shifts):
            differs = np.abs(padded[rows + down, columns + right] - wanted).max(axis=1) > TOLERANCE
            scores[number] = min(scores[number], 1 - differs.mean())
    return scores
