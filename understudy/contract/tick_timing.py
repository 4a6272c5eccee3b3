"""Timing of one tick of live play: which levels ran, how late and how long, and what the policy decided.

Kept apart from the observation and the action, because only real time has it: a simulated tick is never late.
"""

from enum import IntEnum

import numpy as np

from understudy.contract.action import ACTION


class Level(IntEnum):
    """The three policies, slowest first; the order of the axes below."""

    STRATEGIST = 0
    TACTICIAN = 1
    EXECUTOR = 2


NUM_LEVELS = len(Level)

TIMING = np.dtype(
    [
        ("decided", ACTION),  # what the policy wanted, also where the person acted instead
        ("ran", "u1", (NUM_LEVELS,)),  # whether each level ran in this tick
        ("swapped", "u1"),  # new weights came in just before this tick
        ("late_s", "f4", (NUM_LEVELS,)),  # from each level's deadline until it began; 0 where it did not run
        ("skipped", "u4", (NUM_LEVELS,)),  # slots of each level that were left out since it ran before
        ("decide_s", "f4"),  # run time of all levels together
        ("latency_s", "f4"),  # from the moment of the observation until the decision was ready to be sent
    ],
)
"""One tick."""
