"""Conditioning vectors that the slower levels pass to the faster ones.

The Strategist outputs a mode and a goal, the Tactician adds a target and a route. Both pass on probabilities or means
and never a hard choice, so that uncertainty is preserved downstream.
"""

import numba

from understudy.contract.intent import GOAL_WIDTH, NUM_MODES
from understudy.contract.observation import MAX_TRACKS, TICK_RATE_HZ

STRATEGIST_TICKS = TICK_RATE_HZ
"""Ticks between two decisions of the Strategist: once a second."""
TACTICIAN_TICKS = 4
"""Ticks between two decisions of the Tactician: five times a second."""
ROUTE_WIDTH = 2
STRATEGY_WIDTH = NUM_MODES + GOAL_WIDTH
"""Width of the Tactician's conditioning: mode probabilities and goal."""
CONDITIONING_WIDTH = STRATEGY_WIDTH + ROUTE_WIDTH + 1
"""Width of the Executor's conditioning: the above, the route and the probability of no target. The target probabilities
are passed separately, one per object."""
NUM_FUTURE = 14
"""Width of the summary of the near future that the goal is trained on (learning.data.hindsight_labels)."""
FUTURE_WAY = 11
"""Columns of that summary from here on are the ship's displacement in x and y: they change sign in a mirror."""


@numba.njit(cache=True)
def remap_target_probs(ids_then, weights, ids_now, out):  # type: ignore[no-untyped-def]
    """Moves weights from the slots of one tick to those of another by track id; new tracks get 0."""
    for slot in range(MAX_TRACKS):
        out[slot] = 0.0
        for old in range(MAX_TRACKS):
            if ids_now[slot] > 0 and ids_then[old] == ids_now[slot]:
                out[slot] = weights[old]
                break


@numba.njit(cache=True)
def follow_targets_in_worlds(ids_then, weights, ids_now, out):  # type: ignore[no-untyped-def]
    """Applies `remap_target_probs` to each of B worlds."""
    for b in range(len(ids_now)):
        remap_target_probs(ids_then[b], weights[b], ids_now[b], out[b])
