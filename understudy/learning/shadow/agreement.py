"""Shadow scoring: how often an Executor would have done what the person just did.

Two figures. `same`: of the person's clicks, the share for which the Executor's likeliest candidate (an object, a mark
on the minimap, a free point of the minimap or of space) is the one that the person chose. `likelihood`: of everything
that the person did and did not do, when and where, in nats; it tells small differences far sooner.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from understudy.contract.observation import MAX_TRACKS, TICK_RATE_HZ
from understudy.learning.data.executor_batch import ExecutorBatch, forward_policy
from understudy.learning.supervised.executor_task import executor_nll, mixture_mode
from understudy.policies.executor import MINIMAP, SPACE, ExecutorOutput

_CHUNK = 2048
BLOCK_TICKS = 5 * TICK_RATE_HZ
"""Neighbouring ticks are alike; blocks of five seconds are nearly independent."""
Z_95 = 1.645
"""Standard errors below the mean at which one is 95 % sure."""


@dataclass(frozen=True)
class Agreement:
    """What one Executor would have done in T ticks with G clicks."""

    same: Bool[np.ndarray, " G"]
    ticks: Int64[np.ndarray, " G"]
    """In which tick each click's gesture began."""
    likelihood: Float32[np.ndarray, " T"]
    """Log likelihood of what was done in each tick, nats."""

    @property
    def share(self) -> float:
        """Of clicks that go where the person's did; nan without clicks."""
        return float(self.same.mean()) if len(self.same) else float("nan")


@torch.inference_mode()
def agreement(model: torch.nn.Module, samples: ExecutorBatch, signs: Sequence[Tensor], num_keys: int) -> Agreement:
    """Scores an Executor, in evaluation mode, on ticks that it has not learnt from."""
    same, ticks, likelihoods = [], [], []
    for chunk in torch.split(torch.arange(len(samples)), _CHUNK):
        mirror = torch.zeros_like(chunk)
        said = forward_policy(model, samples, chunk, mirror, signs)
        losses = executor_nll(said, samples, chunk, mirror, num_keys)
        likelihoods.append(-torch.stack(list(losses.values())).sum(0))
        known = samples.candidates[chunk] >= 0
        same.append((said.pointer_logits.argmax(-1) == samples.candidates[chunk])[known])
        ticks.append(chunk[known])
    if not same:
        return Agreement(np.zeros(0, bool), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return Agreement(torch.cat(same).numpy(), torch.cat(ticks).numpy(), torch.cat(likelihoods).numpy())


def log_prob_gain(new: Agreement, old: Agreement) -> tuple[float, float]:
    """(mean, 95 % sure lower bound) of how much likelier `new` finds the play than `old`, nats a second."""
    difference = (new.likelihood - old.likelihood).astype(np.float64)
    if len(difference) == 0:
        return 0.0, float("-inf")
    blocks = np.array([part.mean() for part in np.array_split(difference, max(len(difference) // BLOCK_TICKS, 1))])
    error = float(blocks.std(ddof=1)) / len(blocks) ** 0.5 if len(blocks) > 1 else float("inf")
    mean = float(difference.mean())
    return TICK_RATE_HZ * mean, TICK_RATE_HZ * (mean - Z_95 * error)


def candidate_positions(
    samples: ExecutorBatch,
    ticks_B: Tensor,
    choice_B: Tensor,
    minimap_B2: Tensor,
    space_B2: Tensor,
    corner: tuple[float, float, float, float],
) -> Tensor:
    """Window points of candidates, shape (B, 2).

    Args:
        choice_B: candidates.
        minimap_B2, space_B2: points for those that are free points, -1..1.
        corner: left, top, width, height of the minimap, window fractions.
    """
    low, size = torch.tensor(corner[:2]), torch.tensor(corner[2:])
    rows = torch.arange(len(choice_B))
    track = samples.tracks[ticks_B][rows, choice_B.clamp(0, MAX_TRACKS - 1)][:, [0, 4]]
    mark = samples.landmarks[ticks_B][rows, (choice_B - MAX_TRACKS).clamp(0, MINIMAP - MAX_TRACKS - 1)][:, [0, 2]]
    choice = choice_B[:, None]
    on_map = torch.where(choice == MINIMAP, minimap_B2, mark)
    in_window = torch.where(choice == SPACE, space_B2, track)
    on_minimap = (choice >= MAX_TRACKS) & (choice != SPACE)
    return torch.where(on_minimap, low + size * 0.5 * (on_map + 1.0), 0.5 * (in_window + 1.0))


def click_metrics(
    said: ExecutorOutput,
    samples: ExecutorBatch,
    ticks_B: Tensor,
    mirror_B: Tensor,
    corner: tuple[float, float, float, float],
) -> tuple[float, float]:
    """The guide's pos_err and click_acc, of the clicks in a batch; nan without clicks.

    Returns:
        Mean distance between where the clicks went and where the Executor would have clicked, window fractions; and
        the share of clicks for which it would have chosen the same candidate.
    """
    candidate = samples.candidates[ticks_B]
    known = torch.nonzero(candidate >= 0)[:, 0]
    if len(known) == 0:
        return float("nan"), float("nan")
    flips = torch.stack([1.0 - 2.0 * (mirror_B & 1), 1.0 - (mirror_B & 2)], dim=-1)[known]
    guess = said.pointer_logits.detach()[known].argmax(-1)
    ticks, truth = ticks_B[known], candidate[known]
    minimap = mixture_mode(said.minimap_density.detach()[known]) * flips
    space = mixture_mode(said.space_density.detach()[known]) * flips
    guessed = candidate_positions(samples, ticks, guess, minimap, space, corner)
    clicked = candidate_positions(samples, ticks, truth, samples.points[ticks], samples.points[ticks], corner)
    return float((guessed - clicked).norm(dim=-1).mean()), float((guess == truth).float().mean())
