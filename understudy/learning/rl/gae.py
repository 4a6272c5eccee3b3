"""What came of a tick, and how much better that is than expected: generalised advantages (Schulman et al. 2016)."""

import numpy as np
from jaxtyping import Bool, Float32


def compute_gae(
    rewards_TB: Float32[np.ndarray, "T B"],
    values_TB: Float32[np.ndarray, "T B"],
    discount: float,
    gae_lambda: float,
    cut_TB: Bool[np.ndarray, "T B"] | None = None,
) -> Float32[np.ndarray, "T B"]:
    """Advantages of all ticks but the last, which is only looked at for its value; the last row is 0.

    Args:
        rewards_TB: what came of each tick.
        values_TB: what was expected from each tick on.
        discount: of a tick, below 1.
        trust: lambda, 0 believes the values alone, 1 what came alone.
        cut_TB: ticks whose successor is not the next row (play was interrupted): they get 0, and nothing passes.
    """
    out = np.zeros_like(values_TB)
    next_advantage = np.zeros(values_TB.shape[1], np.float32)
    for t in range(len(values_TB) - 2, -1, -1):
        td_error = rewards_TB[t] + discount * values_TB[t + 1] - values_TB[t]
        next_advantage = td_error + discount * gae_lambda * next_advantage
        if cut_TB is not None:
            next_advantage = np.where(cut_TB[t], np.float32(0.0), next_advantage)
        out[t] = next_advantage
    return out


def discounted_returns(
    rewards_TBP: Float32[np.ndarray, "T B P"],
    last_BPH: Float32[np.ndarray, "B P H"],
    discounts_H: Float32[np.ndarray, " H"],
) -> Float32[np.ndarray, "T B P H"]:
    """What came from each tick on, by part and discount; of the last tick what is given.

    Args:
        rewards_TBP: what came of each tick, by part; the last tick's is not looked at.
        last_BPH: from the last tick on.
        discounts_H: of a tick.
    """
    out = np.empty((*rewards_TBP.shape, len(discounts_H)), np.float32)
    out[-1] = last_BPH
    for t in range(len(out) - 2, -1, -1):
        out[t] = rewards_TBP[t][..., None] + discounts_H * out[t + 1]
    return out


def discount_per_tick(time_s: float, rate_hz: int) -> float:
    """The discount of a tick whose effect fades to 1/e within so many seconds."""
    return float(np.exp(-1.0 / (time_s * rate_hz)))
