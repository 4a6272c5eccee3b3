"""What a person's hand does and the teacher's own does not: corrections, wide curves, late releases, drags, few events.

Works on the teacher's carry after each of its decisions (its plan for the coming ticks), and on the action of the tick.
Gestures still end where the teacher wants them; only drags and late releases act on the game differently.
"""

import numpy as np
from jaxtyping import Bool, Float64, UInt64

from understudy.contract.observation import TICK_S, Button
from understudy.worlds.simulator.engine.counter_rng import counter_normal, counter_uniform
from understudy.worlds.simulator.teacher.demonstration_noise import (
    CoarseMouse,
    Corrections,
    CurvedPaths,
    DemonstrationNoise,
    Drags,
    Overlaps,
)
from understudy.worlds.simulator.teacher.motor import ASPECT, DWELL, IDLE, MOVE, PRESS
from understudy.worlds.simulator.teacher.state import OBJECT, SPACE

_BEND, _MISS, _MISS_X, _MISS_Y, _REST, _LATE, _DRAG = range(20, 27)
"""Random streams; those below 20 are the other hardships'."""
UNTIL_MOVED = 10_000
"""Ticks; a rest before a correction ends by the correction."""

HAND = np.dtype(
    [
        ("error_x", "f8"),  # by which the motion misses, window fractions; zeros where nothing is left to correct
        ("error_y", "f8"),
        ("correct_at", "i8"),  # tick of the teacher at which the correction begins; -1: not planned
        ("release_at", "i8"),  # tick at which a button that the teacher has released goes up
        ("drag_x", "f8"),  # where the button goes up
        ("drag_y", "f8"),
        ("drag_from_x", "f8"),
        ("drag_from_y", "f8"),
        ("drags", "u1"),  # the present gesture is a drag
        ("sent_x", "f8"),  # cursor of the mouse's latest event
        ("sent_y", "f8"),
        ("sent_s", "f8"),  # time of that event, seconds of the teacher's ticks
        ("button", "u4"),  # held in the tick before by the teacher
        ("shown", "u4"),  # likewise, with late releases
    ],
    align=True,
)
"""State of a hand, one record per world."""


class PersonHand:
    """Applies those of the hardships that concern the hand."""

    def __init__(self, hardships: DemonstrationNoise) -> None:
        self._curved, self._corrections = hardships.curved_paths, hardships.corrections
        self._overlaps, self._drags, self._coarse = hardships.overlaps, hardships.drags, hardships.coarse_mouse
        self.is_idle = not any((self._curved, self._corrections, self._overlaps, self._drags, self._coarse))

    def start(self, num_worlds: int) -> np.ndarray:
        """Returns the initial state, records of dtype HAND, shape (B,)."""
        hands = np.zeros(num_worlds, HAND)
        hands["correct_at"] = hands["release_at"] = -1
        hands["sent_x"] = -1.0
        return hands

    def act(
        self,
        hands: np.ndarray,
        teachers: np.ndarray,
        seeds: UInt64[np.ndarray, " B"],
        there: Bool[np.ndarray, " B"],
        records: np.ndarray,
    ) -> None:
        """Changes plan and action of one tick in place, in the worlds where the player is present.

        Args:
            hands: records of dtype HAND.
            teachers: records of dtype TEACHER_CARRY, after the decision.
            seeds: of the worlds.
            there: whether the player is present.
            records: records of dtype ACTION.
        """
        now = teachers["tick"] - 1
        begun = there & (teachers["phase"] == MOVE) & (teachers["phase_start"] == now)
        begun &= hands["correct_at"] != now  # a correction is a part of its gesture
        if self._curved is not None:
            self._bend(self._curved, teachers, seeds, begun)
        if self._drags is not None:
            self._drag(self._drags, hands, teachers, seeds, begun)
        if self._corrections is not None:
            self._correct(self._corrections, hands, teachers, seeds, begun & (hands["drags"] == 0))
        if self._overlaps is not None:
            self._hold(self._overlaps, hands, teachers, seeds, records)
        if self._coarse is not None:
            self._report(self._coarse, hands, now, records)

    def _bend(self, curved: CurvedPaths, teachers: np.ndarray, seeds: np.ndarray, begun: np.ndarray) -> None:
        bend = curved.bow * counter_normal(seeds, _BEND, teachers["tick"])
        teachers["bend"] = np.where(begun, bend, teachers["bend"])

    def _correct(
        self, wanted: Corrections, hands: np.ndarray, teachers: np.ndarray, seeds: np.ndarray, begun: np.ndarray
    ) -> None:
        """Lets motions miss; where they have arrived, and rested, the correction begins."""
        now = teachers["tick"]
        hands["error_x"][begun] = hands["error_y"][begun] = 0.0
        hands["correct_at"][begun] = -1
        for b in np.flatnonzero(begun & (counter_uniform(seeds, _MISS, now) < wanted.chance)).tolist():
            way = np.array([teachers["to_x"][b] - teachers["from_x"][b], teachers["to_y"][b] - teachers["from_y"][b]])
            size = wanted.miss * float(np.hypot(way[0], way[1] / ASPECT))
            short = -abs(float(counter_normal(seeds[b : b + 1], _MISS_X, now[b : b + 1])[0]))
            beside = 0.5 * float(counter_normal(seeds[b : b + 1], _MISS_Y, now[b : b + 1])[0])
            along = way / max(float(np.hypot(way[0], way[1] / ASPECT)), 1e-6)
            error = size * (short * along + beside * np.array([-along[1] / ASPECT, along[0] * ASPECT]))
            hands["error_x"][b], hands["error_y"][b] = error
            _shift(teachers, b, error)
        missed = (hands["error_x"] != 0.0) | (hands["error_y"] != 0.0)
        arrived = missed & (teachers["phase"] == DWELL) & (hands["correct_at"] < 0)
        rest = 1 + np.floor(wanted.longest_rest * counter_uniform(seeds, _REST, now)).astype(np.int64)
        hands["correct_at"] = np.where(arrived, now + rest, hands["correct_at"])
        teachers["phase_end"] = np.where(arrived, now + UNTIL_MOVED, teachers["phase_end"])
        for b in np.flatnonzero(missed & (teachers["phase"] == DWELL) & (hands["correct_at"] == now)).tolist():
            _shift(teachers, b, -np.array([hands["error_x"][b], hands["error_y"][b]]))
            hands["error_x"][b] = hands["error_y"][b] = 0.0
            for axis in ("x", "y"):
                teachers[f"from_{axis}"][b] = teachers[f"cursor_{axis}"][b]
            teachers["phase"][b], teachers["phase_start"][b] = MOVE, now[b]
            teachers["phase_end"][b], teachers["bend"][b] = now[b] + wanted.ticks, 0.0

    def _drag(
        self, wanted: Drags, hands: np.ndarray, teachers: np.ndarray, seeds: np.ndarray, begun: np.ndarray
    ) -> None:
        """Presses on the way to a point in space, and holds the button for the rest of it."""
        now = teachers["tick"]
        hands["drags"][begun] = 0
        chosen = begun & (teachers["gesture"] == SPACE) & (counter_uniform(seeds, _DRAG, now) < wanted.chance)
        for b in np.flatnonzero(chosen).tolist():
            hands["drags"][b] = 1
            for axis in ("x", "y"):
                hands[f"drag_{axis}"][b] = teachers[f"to_{axis}"][b]
                way = teachers[f"to_{axis}"][b] - teachers[f"from_{axis}"][b]
                teachers[f"to_{axis}"][b] = teachers[f"from_{axis}"][b] + wanted.press_at * way
                hands[f"drag_from_{axis}"][b] = teachers[f"to_{axis}"][b]
        dragging = (hands["drags"] != 0) & (teachers["phase"] == PRESS)
        starts = dragging & (teachers["phase_start"] == now)
        teachers["phase_end"] = np.where(starts, now + wanted.ticks, teachers["phase_end"])
        share = np.clip((now - teachers["phase_start"]) / max(wanted.ticks - 2, 1), 0.0, 1.0)
        share = share * share * (3.0 - 2.0 * share)
        for axis in ("x", "y"):
            way = hands[f"drag_{axis}"] - hands[f"drag_from_{axis}"]
            teachers[f"to_{axis}"] = np.where(
                dragging, hands[f"drag_from_{axis}"] + share * way, teachers[f"to_{axis}"]
            )
        hands["drags"][(hands["drags"] != 0) & (teachers["phase"] == IDLE)] = 0

    def _hold(
        self, wanted: Overlaps, hands: np.ndarray, teachers: np.ndarray, seeds: np.ndarray, records: np.ndarray
    ) -> None:
        """Holds the button after presses on objects until the next motion has begun and at most until it arrives."""
        now = teachers["tick"]
        released = (hands["button"] != 0) & (records["button"] == 0) & (hands["release_at"] < 0)
        late = released & (teachers["sent"] == OBJECT) & (counter_uniform(seeds, _LATE, now) < wanted.chance)
        hands["release_at"] = np.where(late, now + wanted.ticks, hands["release_at"])
        over = (now >= hands["release_at"]) | (teachers["phase"] == DWELL) | (records["button"] != 0)
        hands["release_at"] = np.where(over, -1, hands["release_at"])
        holds = hands["release_at"] >= 0
        hands["button"] = np.where(holds, 0, records["button"])
        records["button"] = np.where(holds, np.uint32(Button.LEFT), records["button"])

    def _report(self, coarse: CoarseMouse, hands: np.ndarray, now: np.ndarray, records: np.ndarray) -> None:
        """Leaves the cursor at the place of the mouse's latest event; a press or release is an event too."""
        due = now * TICK_S - hands["sent_s"] >= coarse.spacing_ms / 1000 - TICK_S / 2
        due |= (records["button"] != hands["shown"]) | (hands["sent_x"] < 0)
        hands["shown"] = records["button"]
        for axis in ("x", "y"):
            here: Float64[np.ndarray, " B"] = records[f"cursor_{axis}"].astype(np.float64)
            hands[f"sent_{axis}"] = np.where(due, here, hands[f"sent_{axis}"])
            records[f"cursor_{axis}"] = hands[f"sent_{axis}"]
        hands["sent_s"] = np.where(due, now * TICK_S, hands["sent_s"])


def _shift(teachers: np.ndarray, b: int, by: np.ndarray) -> None:
    """Moves the end of a gesture, and the aim relative to its object."""
    for axis, amount in zip(("x", "y"), by, strict=True):
        teachers[f"to_{axis}"][b] = min(0.995, max(0.005, teachers[f"to_{axis}"][b] + amount))
        teachers[f"offset_{axis}"][b] += amount
