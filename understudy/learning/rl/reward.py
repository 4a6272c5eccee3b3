"""What outcomes are worth: the price list that turns what happened into a reward."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True, kw_only=True)
class RewardWeights:
    """Points for each outcome. A reward can be given for anything; what is learnt follows it to the letter."""

    kill: float = 1.0
    """Times the points of its kind."""
    loot: float = 1.0
    """Times the points of its kind."""
    hit: float = 0.0
    """Each. Wounded enemies mend: paid hits teach to shoot, not to kill."""
    miss: float = 0.0
    """Each; below 0 for a cost."""
    damage_taken: float = -1.0
    """For a full hull of damage."""
    death: float = -40.0
    """Each. By default more than any one kill brings (30), so that no enemy is worth dying for."""

    def __post_init__(self) -> None:
        if self.death > 0 or self.damage_taken > 0:
            raise ValueError("death and damage_taken are costs: 0 or below")


REWARD_TERMS = ("earned", "damage", "deaths")
"""What a reward is made of: one comes often, one all the time in a fight, one hardly ever."""


def reward_terms(outcomes: np.ndarray, prices: RewardWeights) -> Float32[np.ndarray, "B P"]:
    """Reward of each outcome by term, points, in the order of REWARD_TERMS; their sum is the reward.

    Args:
        outcomes: records of dtype OUTCOMES, shape (B,).
        prices: of each.
    """
    earned = (
        prices.kill * outcomes["kill_value"]
        + prices.loot * outcomes["loot_value"]
        + prices.hit * outcomes["hits"]
        + prices.miss * outcomes["misses"]
    )
    parts = (earned, prices.damage_taken * outcomes["damage_taken"], prices.death * outcomes["deaths"])
    return np.stack(parts, axis=-1).astype(np.float32)
