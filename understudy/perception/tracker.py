"""Which detection is which object: ids that last, and velocities in true seconds.

Assignment by centre distance and not by overlap: at 20 pictures a second a small sprite often leaves its own box
between two (benchmarks/tracker.md). An object's velocity is kept over ground; the player's own motion, which moves
everything on the screen at once, is taken out first.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64
from scipy.optimize import linear_sum_assignment

from understudy.contract.observation import Role

STILL = (int(Role.LOOT), int(Role.PORTAL), int(Role.BASE))
"""Roles of things that never move over ground: their motion on the screen is the player's own."""

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
        ("hits", "i4"),  # pictures it was found in
        ("missed", "i4"),  # pictures since it was last found
        ("confidence", "f4"),
        ("matched", "i4"),  # index of the detection of this picture, -1 for none
    ],
)
"""One object as the tracker knows it."""

SIGHTING = np.dtype(
    [("kind", "i2"), ("role", "i2"), ("confidence", "f4"), ("x", "f4"), ("y", "f4"), ("width", "f4"), ("height", "f4")]
)
"""One detection as one of the game's kinds."""


@dataclass(frozen=True, kw_only=True)
class TrackerConfig:
    """How the tracker follows."""

    gate: float = 0.7
    """A detection farther from where an object should be than this part of its larger side (and `reach`) is another."""
    reach: float = 0.012
    """Window widths that are allowed on top."""
    strange: float = 0.5
    """What an object of another kind of the same role costs more, as part of the gate."""
    follow: float = 0.75
    """How much of a surprise in place is believed at once."""
    steer: float = 0.12
    """How much of it is taken for a change of velocity."""
    least_confidence: float = 0.4
    """An object is told of while its detections are this sure on average. Of what an eye sees for longer and is never
    surer of, most is nothing (docs/log.md)."""
    sure: float = 0.5
    """One detection of this confidence makes an object; weaker ones need `least_hits`."""
    least_hits: int = 2
    coast: int = 3
    """An object that is not found is still told of for this many pictures."""
    remember: int = 12
    """And is known again if it comes back within this many."""


class Tracker:
    """Follows the objects of one window. Belongs to one thread."""

    def __init__(self, aspect: float, config: TrackerConfig | None = None) -> None:
        """Args: `aspect`, height of the window over its width: distances are measured in window widths."""
        self._aspect = aspect
        self.config = config or TrackerConfig()
        self.objects = np.zeros(0, TRACKED)
        """All that is followed, told of or not."""
        self._next_id = 1

    def reset(self) -> None:
        """Another map: nothing that was followed is there any more; ids go on counting."""
        self.objects = np.zeros(0, TRACKED)

    def update(
        self,
        sightings: np.ndarray,
        elapsed_s: float,
        drift: Float64[np.ndarray, "2"],
        doubtful: Bool[np.ndarray, " N"] | None = None,
    ) -> np.ndarray:
        """Takes the detections of one picture in.

        Args:
            sightings: records of dtype SIGHTING.
            elapsed_s: true seconds since the picture before.
            drift: how the whole scene moves on the screen, window widths and heights a second: the player's own
                velocity, negated.
            doubtful: sightings that may confirm an object, but make no new one.

        Returns:
            Records of dtype TRACKED of the objects worth telling of.
        """
        config, objects = self.config, self.objects
        objects["x"] += (objects["vx"] + drift[0]) * elapsed_s
        objects["y"] += (objects["vy"] + drift[1]) * elapsed_s
        objects["matched"] = -1
        for which, found in self._assign(sightings):
            self._follow(which, sightings[found], found, elapsed_s)
        objects["missed"] = np.where(objects["matched"] >= 0, 0, objects["missed"] + 1)
        objects["vx"] *= np.where(objects["missed"] > 0, 0.9, 1.0)
        objects["vy"] *= np.where(objects["missed"] > 0, 0.9, 1.0)
        inside = (np.abs(objects["x"] - 0.5) <= 0.5) & (np.abs(objects["y"] - 0.5) <= 0.5)
        kept = (objects["missed"] <= config.remember) & (inside | (objects["missed"] == 0))
        taken = set(objects["matched"][objects["matched"] >= 0].tolist())
        born = [
            number
            for number in range(len(sightings))
            if number not in taken and (doubtful is None or not doubtful[number])
        ]
        self.objects = np.concatenate([objects[kept], self._born(sightings, born)])
        return self.told()

    def told(self) -> np.ndarray:
        """The objects worth telling of: sure enough, and found lately."""
        objects, config = self.objects, self.config
        often = (objects["hits"] >= config.least_hits) & (objects["confidence"] >= config.least_confidence)
        sure = often | (objects["confidence"] >= config.sure)
        return np.asarray(objects[sure & (objects["missed"] <= config.coast)])

    def forget(self, number: int) -> None:
        """The object of this id is known to be gone (killed, collected)."""
        self.objects = self.objects[self.objects["id"] != number]

    def _assign(self, sightings: np.ndarray) -> list[tuple[int, int]]:
        """Pairs of object and sighting, each at most once, nearest together as a whole."""
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
        cost = cost + 0.02 * objects["missed"][:, None]
        rows, columns = linear_sum_assignment(np.where(allowed, cost, 1e3))
        return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if allowed[row, column]]

    def _follow(self, which: int, sighting: np.void, found: int, elapsed_s: float) -> None:
        config, one = self.config, self.objects[which]
        again = one["missed"] > 0
        for place, speed in (("x", "vx"), ("y", "vy")):
            surprise = float(sighting[place] - one[place])
            one[place] += (1.0 if again else config.follow) * surprise
            if one["role"] in STILL:
                continue
            early = one["hits"] < 4  # a young object's velocity is not known: believe more
            one[speed] += (0.4 if early else config.steer) * surprise / max(elapsed_s * (1 + one["missed"]), 1e-3)
        for side in ("width", "height"):
            one[side] += 0.2 * (sighting[side] - one[side])
        if sighting["kind"] == one["kind"]:
            one["confidence"] += 0.2 * (sighting["confidence"] - one["confidence"])
        elif sighting["confidence"] > one["confidence"]:
            one["kind"], one["confidence"] = sighting["kind"], sighting["confidence"]
        else:
            one["confidence"] *= 0.9
        one["hits"] += 1
        one["matched"] = found

    def _born(self, sightings: np.ndarray, born: list[int]) -> np.ndarray:
        objects = np.zeros(len(born), TRACKED)
        for name in ("kind", "role", "confidence", "x", "y", "width", "height"):
            objects[name] = sightings[name][born]
        objects["id"] = np.arange(self._next_id, self._next_id + len(born))
        objects["hits"], objects["matched"] = 1, born
        self._next_id += len(born)
        return objects
