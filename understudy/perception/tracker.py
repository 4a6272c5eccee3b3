"""Multi-object tracking by detection: persistent ids, velocities per second, one linear assignment a frame.

Assigns by centre distance and not by IoU: at 20 frames a second a small sprite often leaves its own box between two
frames (benchmarks/tracker.md). Linear assignment is scipy's (Crouse 2016); the state update is an alpha-beta filter
with fixed gains (`follow`, `steer`). Velocities are over ground: ego motion, which moves the whole scene, is removed.
How long an object is confirmed, reported and remembered goes by time and not by frames, so that a slow detector (8 Hz)
means the same by it as one at 20 Hz.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64
from scipy.optimize import linear_sum_assignment

from understudy.contract.observation import TICK_S, Role

STILL = (int(Role.LOOT), int(Role.PORTAL), int(Role.BASE))
"""Roles of static objects: their motion on the screen is the player's own, negated."""

KEPT_SPEED = 0.9
"""Share of its velocity that an object keeps for each tick without a sighting."""

TRACKED = np.dtype(
    [
        ("id", "i4"),
        ("kind", "i2"),
        ("role", "i2"),
        ("x", "f8"),  # window fractions
        ("y", "f8"),
        ("vx", "f8"),  # over ground, window widths and heights a second
        ("vy", "f8"),
        ("width", "f8"),
        ("height", "f8"),
        ("hits", "i4"),  # frames in which it was detected
        ("seen_s", "f8"),  # from the first frame in which it was detected to the latest
        ("missed_s", "f8"),  # since it was last detected
        ("confidence", "f4"),
        ("matched", "i4"),  # index of its sighting in this frame, -1 for none
    ],
)
"""One tracked object."""

SIGHTING = np.dtype(
    [("kind", "i2"), ("role", "i2"), ("confidence", "f4"), ("x", "f4"), ("y", "f4"), ("width", "f4"), ("height", "f4")]
)
"""One detection, mapped to a kind of the game."""


@dataclass(frozen=True, kw_only=True)
class TrackerConfig:
    """Gating, filter gains and track management of the tracker."""

    gate: float = 0.7
    """Gate: largest distance of a sighting to an object's predicted position, as a fraction of its longer side."""
    reach: float = 0.012
    """Added to the gate, window widths."""
    strange: float = 0.5
    """Extra cost of a sighting of another kind of the same role, in gates."""
    follow: float = 0.75
    """Position gain of the filter (alpha)."""
    steer: float = 0.12
    """Velocity gain of the filter (beta)."""
    least_confidence: float = 0.4
    """Smallest mean confidence of a confirmed object: most objects that stay below it are false detections
    (docs/log.md)."""
    sure: float = 0.5
    """One sighting of this confidence confirms an object; with less it needs another, `confirm_ms` later."""
    confirm_ms: float = 25.0
    """Time from an object's first sighting to the latest that confirms it: half a tick, so the next frame at 20 Hz."""
    coast_ms: float = 175.0
    """Time for which a confirmed object is still reported without a sighting: three frames at 20 Hz."""
    remember_ms: float = 625.0
    """Time for which it keeps its id without a sighting: twelve frames at 20 Hz."""


class Tracker:
    """Tracks the objects of one window. Belongs to one thread."""

    def __init__(self, aspect: float, config: TrackerConfig | None = None) -> None:
        """Args: `aspect`, height of the window over its width: distances are measured in window widths."""
        self._aspect = aspect
        self.config = config or TrackerConfig()
        self.objects = np.zeros(0, TRACKED)
        """All tracked objects, confirmed or not; records of dtype TRACKED."""
        self._next_id = 1

    def reset(self) -> None:
        """Drops all objects, as after a change of map; ids are not reused."""
        self.objects = np.zeros(0, TRACKED)

    def update(
        self,
        sightings: np.ndarray,
        elapsed_s: float,
        drift: Float64[np.ndarray, "2"],
        doubtful: Bool[np.ndarray, " N"] | None = None,
    ) -> np.ndarray:
        """Updates the objects with the detections of one frame.

        Args:
            sightings: records of dtype SIGHTING.
            elapsed_s: seconds since the previous frame.
            drift: motion of the whole scene on the screen, window widths and heights a second: the ego motion, negated.
            doubtful: sightings that may update an object but start no new one.

        Returns:
            The confirmed objects, records of dtype TRACKED.
        """
        config, objects = self.config, self.objects
        objects["x"] += (objects["vx"] + drift[0]) * elapsed_s
        objects["y"] += (objects["vy"] + drift[1]) * elapsed_s
        objects["matched"] = -1
        for which, found in self._assign(sightings):
            self._follow(which, sightings[found], found, elapsed_s)
        objects["missed_s"] = np.where(objects["matched"] >= 0, 0.0, objects["missed_s"] + elapsed_s)
        slowed = np.where(objects["matched"] >= 0, 1.0, KEPT_SPEED ** (elapsed_s / TICK_S))
        objects["vx"] *= slowed
        objects["vy"] *= slowed
        inside = (np.abs(objects["x"] - 0.5) <= 0.5) & (np.abs(objects["y"] - 0.5) <= 0.5)
        kept = (1000 * objects["missed_s"] <= config.remember_ms) & (inside | (objects["matched"] >= 0))
        taken = set(objects["matched"][objects["matched"] >= 0].tolist())
        new = [
            number
            for number in range(len(sightings))
            if number not in taken and (doubtful is None or not doubtful[number])
        ]
        self.objects = np.concatenate([objects[kept], self._new_objects(sightings, new)])
        return self.confirmed()

    def confirmed(self) -> np.ndarray:
        """Returns the confirmed objects, sighted within the last `coast_ms`; records of dtype TRACKED."""
        objects, config = self.objects, self.config
        often = (1000 * objects["seen_s"] >= config.confirm_ms) & (objects["confidence"] >= config.least_confidence)
        sure = often | (objects["confidence"] >= config.sure)
        return np.asarray(objects[sure & (1000 * objects["missed_s"] <= config.coast_ms)])

    def forget(self, number: int) -> None:
        """Drops the object of this id, which was killed or collected."""
        self.objects = self.objects[self.objects["id"] != number]

    def _assign(self, sightings: np.ndarray) -> list[tuple[int, int]]:
        """Returns the pairs (object index, sighting index) of least total cost, each used at most once."""
        objects, config = self.objects, self.config
        if not len(objects) or not len(sightings):
            return []
        dx = objects["x"][:, None] - sightings["x"][None]
        dy = (objects["y"][:, None] - sightings["y"][None]) * self._aspect
        side = np.maximum(objects["width"], objects["height"] * self._aspect)[:, None]
        gate = config.gate * side + config.reach
        cost = np.hypot(dx, dy) / gate
        allowed = (cost <= 1.0) & (objects["role"][:, None] == sightings["role"][None])
        cost = cost + config.strange * (objects["kind"][:, None] != sightings["kind"][None])
        cost = cost + 0.02 / TICK_S * objects["missed_s"][:, None]
        rows, columns = linear_sum_assignment(np.where(allowed, cost, 1e3))
        return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if allowed[row, column]]

    def _follow(self, which: int, sighting: np.void, found: int, elapsed_s: float) -> None:
        config, one = self.config, self.objects[which]
        again, since_s = one["missed_s"] > 0, float(one["missed_s"]) + elapsed_s
        for place, speed in (("x", "vx"), ("y", "vy")):
            residual = float(sighting[place] - one[place])
            one[place] += (1.0 if again else config.follow) * residual
            if one["role"] in STILL:
                continue
            early = one["hits"] < 4  # a new object's velocity is unknown: use a larger gain
            one[speed] += (0.4 if early else config.steer) * residual / max(since_s, 1e-3)
        for side in ("width", "height"):
            one[side] += 0.2 * (sighting[side] - one[side])
        if sighting["kind"] == one["kind"]:
            one["confidence"] += 0.2 * (sighting["confidence"] - one["confidence"])
        elif sighting["confidence"] > one["confidence"]:
            one["kind"], one["confidence"] = sighting["kind"], sighting["confidence"]
        else:
            one["confidence"] *= 0.9
        one["hits"] += 1
        one["seen_s"] += since_s
        one["matched"] = found

    def _new_objects(self, sightings: np.ndarray, new: list[int]) -> np.ndarray:
        objects = np.zeros(len(new), TRACKED)
        for name in ("kind", "role", "confidence", "x", "y", "width", "height"):
            objects[name] = sightings[name][new]
        objects["id"] = np.arange(self._next_id, self._next_id + len(new))
        objects["hits"], objects["matched"] = 1, new
        self._next_id += len(new)
        return objects
