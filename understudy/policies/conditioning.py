"""What the slower levels tell the faster ones, as numbers.

The Strategist says a mode and a goal, the Tactician adds a target and a route; both are distributions or means, never a
hard choice, so that a doubt upstream stays a doubt downstream.
"""

import numba
import torch
from jaxtyping import Float
from torch import Tensor

from understudy.contract.intent import GOAL_WIDTH, NUM_MODES
from understudy.contract.observation import MAX_TRACKS, TICK_RATE_HZ

STRATEGIST_TICKS = TICK_RATE_HZ
"""The Strategist decides in every so many ticks: once a second."""
TACTICIAN_TICKS = 4
"""The Tactician does: five times a second."""
ROUTE_WIDTH = 2
STRATEGY_WIDTH = NUM_MODES + GOAL_WIDTH
"""Mode probabilities and goal: what the Tactician is told."""
CONDITIONING_WIDTH = STRATEGY_WIDTH + ROUTE_WIDTH + 1
"""The above, the route and the probability of no target: what the Executor is told, beside a weight per object."""


def concat_strategy(
    mode_probabilities: Float[Tensor, "*B modes"], goal: Float[Tensor, "*B goal"]
) -> Float[Tensor, "*B strategy"]:
    """The Strategist's word."""
    return torch.cat([mode_probabilities, goal], dim=-1)


def concat_conditioning(
    strategy: Float[Tensor, "*B strategy"],
    route: Float[Tensor, "*B 2"],
    no_target: Float[Tensor, "*B"],
) -> Float[Tensor, "*B advice"]:
    """The Strategist's and the Tactician's word."""
    return torch.cat([strategy, route, no_target[..., None]], dim=-1)


@numba.njit(cache=True)
def remap_target_probs(ids_then, weights, ids_now, out):  # type: ignore[no-untyped-def]
    """Moves weights from the slots of one tick to those of another, by id; newcomers get 0."""
    for slot in range(MAX_TRACKS):
        out[slot] = 0.0
        for old in range(MAX_TRACKS):
            if ids_now[slot] > 0 and ids_then[old] == ids_now[slot]:
                out[slot] = weights[old]
                break


@numba.njit(cache=True)
def follow_targets_in_worlds(ids_then, weights, ids_now, out):  # type: ignore[no-untyped-def]
    """`follow_targets` for B worlds."""
    for b in range(len(ids_now)):
        remap_target_probs(ids_then[b], weights[b], ids_now[b], out[b])
