"""Intent: a pilot's mode, goal, target and present gesture, published for viewers, recordings and reviewers."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from understudy.contract.observation import MAX_TRACKS


class Mode(IntEnum):
    """Mode, predicted by the Strategist; names and order are the guide's."""

    FIGHT = 0
    LOOT = 1
    FLEE = 2
    EXPLORE = 3
    CAUTIOUS = 4


NUM_MODES = len(Mode)
GOAL_WIDTH = 16


class Phase(IntEnum):
    """Phase of the motor model in a gesture."""

    IDLE = 0
    MOVE = 1
    DWELL = 2
    PRESS = 3


INTENT = np.dtype(
    [
        ("mode", "i4"),  # a Mode; -1 when the pilot has none
        ("mode_probabilities", "f4", (NUM_MODES,)),
        ("goal", "f4", (GOAL_WIDTH,)),
        ("target_id", "i4"),  # id of the most likely target; 0 for none
        ("target_probabilities", "f4", (MAX_TRACKS,)),  # over the track slots of the observation; may sum to below 1
        ("phase", "i4"),  # a Phase
        ("gesture_x", "f4"),  # where the gesture in progress ends, window fractions
        ("gesture_y", "f4"),
    ],
)


@dataclass(frozen=True)
class Intent:
    """The intents of B worlds, as records of dtype INTENT, shape (B,)."""

    records: np.ndarray

    def __post_init__(self) -> None:
        assert self.records.dtype == INTENT and self.records.ndim == 1


def no_intent(num_worlds: int) -> Intent:
    """Returns the empty intent, of a pilot that publishes none."""
    records = np.zeros(num_worlds, INTENT)
    records["mode"] = -1
    return Intent(records)
