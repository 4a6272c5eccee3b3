"""Timing record of one tick of live play: which levels ran, their lateness and run time, and the policy's decision.

Separate from observation and action, because only real-time play has it: a simulated tick is never late.
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
        ("decided", ACTION),  # the policy's action, also where the person acted instead
        ("ran", "u1", (NUM_LEVELS,)),  # whether each level ran in this tick
        ("swapped", "u1"),  # weights were replaced just before this tick
        ("late_s", "f4", (NUM_LEVELS,)),  # from each level's deadline to its start; 0 where it did not run
        ("skipped", "u4", (NUM_LEVELS,)),  # slots of each level that were skipped since its previous run
        ("decide_s", "f4"),  # run time of all levels together
        ("latency_s", "f4"),  # from the observation's time until the decision was ready
    ],
)
"""Timing of one tick."""
