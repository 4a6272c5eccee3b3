"""The reward function: a weighted sum of detected outcomes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True, kw_only=True)
class RewardWeights:
    """Points for each outcome."""

    kill: float = 1.0
    """Times the points of its kind."""
    loot: float = 1.0
    """Times the points of its kind."""
    hit: float = 0.0
    """Each. Enemies heal: rewarded hits teach to shoot, not to kill."""
    miss: float = 0.0
    """Each; below 0 for a cost."""
    damage_taken: float = -1.0
    """For a full vital gauge of damage."""
    death: float = -40.0
    """Each. By default more than any one kill brings (30), so that no enemy is worth dying for."""

    def __post_init__(self) -> None:
        if self.death > 0 or self.damage_taken > 0:
            raise ValueError("death and damage_taken are costs: 0 or below")


REWARD_TERMS = ("earned", "damage", "deaths")
"""Terms of the reward: frequent, constant during a fight, and rare."""


def reward_terms(outcomes: np.ndarray, weights: RewardWeights) -> Float32[np.ndarray, "B P"]:
    """Returns the reward of each outcome by term, points, in the order of REWARD_TERMS; their sum is the reward.

    Args:
        outcomes: records of dtype OUTCOMES, shape (B,).
        weights: of each outcome.
    """
    earned = (
        weights.kill * outcomes["kill_value"]
        + weights.loot * outcomes["loot_value"]
        + weights.hit * outcomes["hits"]
        + weights.miss * outcomes["misses"]
    )
    terms = (earned, weights.damage_taken * outcomes["damage_taken"], weights.death * outcomes["deaths"])
    return np.stack(terms, axis=-1).astype(np.float32)
