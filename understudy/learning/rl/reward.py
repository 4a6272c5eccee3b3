"""What outcomes are worth: the price list that turns what happened into a reward."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from understudy.contract.profile import Profile
from understudy.contract.serialization import read_toml


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

    def worth_dying_for(self, profile: Profile) -> tuple[str, ...]:
        """Kinds whose kill brings more than a death costs: whoever learns from such prices learns to die."""
        return tuple(kind.name for kind in profile.kinds if self.kill * kind.value + self.death > 0)


def read_prices(path: Path) -> RewardWeights:
    """A price list from a TOML file; what is left out has its default.

    Raises:
        WireError: if the file cannot be read, or names something that has no price.
    """
    return read_toml(RewardWeights, path)


REWARD_TERMS = ("earned", "damage", "deaths")
"""What a reward is made of: one comes often, one all the time in a fight, one hardly ever."""


def reward_terms(outcomes: np.ndarray, prices: RewardWeights) -> Float32[np.ndarray, "B P"]:
    """What was earned and what it cost, points, in the order of PARTS.

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


def reward(outcomes: np.ndarray, prices: RewardWeights) -> Float32[np.ndarray, " B"]:
    """All parts together; arguments as for `reward_parts`."""
    return np.asarray(reward_terms(outcomes, prices).sum(axis=-1))
