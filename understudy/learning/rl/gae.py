"""Generalised advantage estimation (GAE, Schulman et al. 2016, arXiv 1506.02438) and discounted returns."""

import numpy as np
from jaxtyping import Float32


def compute_gae(
    rewards_TB: Float32[np.ndarray, "T B"],
    values_TB: Float32[np.ndarray, "T B"],
    discount: float,
    gae_lambda: float,
) -> Float32[np.ndarray, "T B"]:
    """Returns the advantages of all ticks but the last, whose value bootstraps the rest; the last row is 0.

    Args:
        rewards_TB: reward of each tick.
        values_TB: value estimate of each tick.
        discount: gamma, per tick, below 1.
        gae_lambda: lambda; 0 gives the TD error (bias), 1 the return minus the value (variance).
    """
    out = np.zeros_like(values_TB)
    next_advantage = np.zeros(values_TB.shape[1], np.float32)
    for t in range(len(values_TB) - 2, -1, -1):
        td_error = rewards_TB[t] + discount * values_TB[t + 1] - values_TB[t]
        next_advantage = td_error + discount * gae_lambda * next_advantage
        out[t] = next_advantage
    return out


def discounted_returns(
    rewards_TBP: Float32[np.ndarray, "T B P"],
    last_BPH: Float32[np.ndarray, "B P H"],
    discounts_H: Float32[np.ndarray, " H"],
) -> Float32[np.ndarray, "T B P H"]:
    """Returns the discounted return from each tick on, by reward term and discount, bootstrapped by `last_BPH`.

    Args:
        rewards_TBP: reward of each tick, by term; the last tick's is not used.
        last_BPH: value from the last tick on.
        discounts_H: per tick.
    """
    out = np.empty((*rewards_TBP.shape, len(discounts_H)), np.float32)
    out[-1] = last_BPH
    for t in range(len(out) - 2, -1, -1):
        out[t] = rewards_TBP[t][..., None] + discounts_H * out[t + 1]
    return out


def discount_per_tick(time_s: float, rate_hz: int) -> float:
    """Returns the discount per tick with a time constant (decay to 1/e) of `time_s` seconds."""
    return float(np.exp(-1.0 / (time_s * rate_hz)))
