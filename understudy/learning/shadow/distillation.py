"""How far an Executor has come from what it said before: what is rehearsed where nothing new is to be learnt.

Labels would do the same at first, but a policy that has learnt all it can from its recordings only learns them by heart
when it is shown them again: rehearsed so, it lost 1.7 points on sessions that were held out; by its own answers, none.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from understudy.policies.executor import ExecutorOutput

LEAST_WEIGHT = 0.05
"""Of where a gesture would go, in ticks in which none is likely to begin."""
WIDEST = 5.0
"""Differences of a density's numbers count no further than this."""


def distillation_loss(said: ExecutorOutput, before: ExecutorOutput, num_keys: int) -> Float[Tensor, " B"]:
    """Per tick: Kullback-Leibler divergence of when, what and which keys (nats), squared difference of the densities.

    Args:
        said: with gradients.
        before: of the same ticks, without.
        num_keys: of the game.
    """
    begins = torch.sigmoid(before.start_logit)
    keys = _bernoulli_kl(said.key_logits[:, :num_keys], before.key_logits[:, :num_keys]).sum(-1)
    log_said, log_before = torch.log_softmax(said.pointer_logits, -1), torch.log_softmax(before.pointer_logits, -1)
    chance = log_before.exp()
    where = torch.where(chance > 0, chance * (log_before - log_said), torch.zeros_like(chance)).sum(-1)
    where = where + _bernoulli_kl(said.right_logit, before.right_logit)
    for now, then in ((said.minimap_density, before.minimap_density), (said.space_density, before.space_density)):
        where = where + (now - then).clamp(-WIDEST, WIDEST).square().mean((1, 2))
    return _bernoulli_kl(said.start_logit, before.start_logit) + keys + (begins + LEAST_WEIGHT) * where


def _bernoulli_kl(logit: Tensor, before: Tensor) -> Tensor:
    """Divergence of two chances, each of one thing that happens or not."""
    chance = torch.sigmoid(before)
    entropy = functional.binary_cross_entropy_with_logits(before, chance, reduction="none")
    return functional.binary_cross_entropy_with_logits(logit, chance, reduction="none") - entropy
