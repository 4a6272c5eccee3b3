"""Agreement of an Executor with the person: top-1 accuracy of click targets, and log likelihood of all actions.

`same`: of the person's clicks, the share for which the Executor's likeliest candidate (an object, a
landmark on the minimap, a free point of the minimap or of space) is the one that the person chose. `likelihood`: log
probability of all actions and of their times and places, in nats; it shows small differences with far less data.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from understudy.contract.observation import TICK_RATE_HZ
from understudy.learning.data.executor_batch import ExecutorBatch, forward_policy, position_signs
from understudy.policies.executor import ExecutorOutput
from understudy.policies.executor_distribution import ExecutorDistribution, target_positions

_CHUNK = 2048
BLOCK_TICKS = 5 * TICK_RATE_HZ
"""Ticks are autocorrelated; blocks of five seconds are nearly independent."""
Z_95 = 1.645
"""Standard errors of a one-sided 95 % bound."""


@dataclass(frozen=True)
class Agreement:
    """Scores of one Executor on T ticks with G clicks."""

    same: Bool[np.ndarray, " G"]
    ticks: Int64[np.ndarray, " G"]
    """Tick of each click's onset."""
    likelihood: Float32[np.ndarray, " T"]
    """Log likelihood of each tick's action, nats."""

    @property
    def share(self) -> float:
        """Share of clicks with the person's target; NaN without clicks."""
        return float(self.same.mean()) if len(self.same) else float("nan")


@torch.inference_mode()
def agreement(model: torch.nn.Module, samples: ExecutorBatch, num_keys: int) -> Agreement:
    """Scores an Executor, in evaluation mode, on ticks that it was not trained on."""
    same, ticks, likelihoods = [], [], []
    for chunk in torch.split(torch.arange(len(samples)), _CHUNK):
        batch = samples.index(chunk)
        distribution = ExecutorDistribution(forward_policy(model, batch), num_keys=num_keys)
        likelihoods.append(distribution.log_prob(batch))
        known = batch.target >= 0
        same.append((distribution.mode().target == batch.target)[known])
        ticks.append(chunk[known])
    if not same:
        return Agreement(np.zeros(0, bool), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return Agreement(torch.cat(same).numpy(), torch.cat(ticks).numpy(), torch.cat(likelihoods).numpy())


def log_prob_gain(new: Agreement, old: Agreement) -> tuple[float, float]:
    """Returns mean and one-sided 95 % lower bound of the log-likelihood gain from `old` to `new`, nats a second."""
    difference = (new.likelihood - old.likelihood).astype(np.float64)
    if len(difference) == 0:
        return 0.0, float("-inf")
    blocks = np.array([part.mean() for part in np.array_split(difference, max(len(difference) // BLOCK_TICKS, 1))])
    error = float(blocks.std(ddof=1)) / len(blocks) ** 0.5 if len(blocks) > 1 else float("inf")
    mean = float(difference.mean())
    return TICK_RATE_HZ * mean, TICK_RATE_HZ * (mean - Z_95 * error)


def click_metrics(
    output: ExecutorOutput,
    batch: ExecutorBatch,
    mirror_B: Tensor,
    minimap_area: tuple[float, float, float, float],
) -> tuple[float, float]:
    """Returns the guide's pos_err and click_acc, of the clicks in a batch; NaN without clicks.

    Args:
        output: of the mirrored batch.
        batch: not mirrored: the minimap lies in a corner of the window, so distances are those of the real window.
        mirror_B: mirror of each tick.
        minimap_area: left, top, width, height of the minimap, window fractions.

    Returns:
        Mean distance of the likeliest clicks from the person's, window fractions; and the share of clicks with the same
        target.
    """
    known = torch.nonzero(batch.target >= 0)[:, 0]
    if len(known) == 0:
        return float("nan"), float("nan")
    flips = position_signs(mirror_B)[known]
    guess, minimap, space = (part[known] for part in ExecutorDistribution(output).mode())
    clicks = batch.index(known)
    tracks, landmarks = 0.5 * (clicks.tracks[..., [0, 4]] + 1.0), 0.5 * (clicks.landmarks[..., [0, 2]] + 1.0)
    positions = (tracks, landmarks)
    guessed = target_positions(guess, *positions, minimap.detach() * flips, space.detach() * flips, minimap_area)
    clicked = target_positions(clicks.target, *positions, clicks.position, clicks.position, minimap_area)
    return float((guessed - clicked).norm(dim=-1).mean()), float((guess == clicks.target).float().mean())
