"""Action: a pilot's output in one tick, the cursor position and the buttons and keys that are down."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from understudy.contract.observation import Observation

ACTION = np.dtype(
    [
        ("cursor_x", "f4"),  # window fractions 0..1, where the cursor is at the end of the tick
        ("cursor_y", "f4"),
        ("keys", "u4"),  # bit k: the profile's key k was down at some moment of the tick, or the wheel clicked
        ("button", "u4"),  # bits of Button that were down at some moment of the tick
    ],
)


class Actor(IntEnum):
    """Who acted in a tick; stored with every recorded tick."""

    NOBODY = 0
    PERSON = 1
    POLICY = 2
    TEACHER = 3


@dataclass(frozen=True)
class Action:
    """The actions of B worlds in one tick, as records of dtype ACTION."""

    records: np.ndarray
    """Records of dtype ACTION, shape (B,)."""

    def __post_init__(self) -> None:
        assert self.records.dtype == ACTION and self.records.ndim == 1

    def __len__(self) -> int:
        return len(self.records)


def idle_action(observation: Observation) -> Action:
    """Returns the action that leaves the cursor in place and holds nothing."""
    records = np.zeros(len(observation), ACTION)
    records["cursor_x"] = observation.records["cursor_x"]
    records["cursor_y"] = observation.records["cursor_y"]
    return Action(records)
