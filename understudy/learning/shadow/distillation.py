"""Knowledge distillation (Hinton et al. 2015, arXiv 1503.02531) from the weights of the session's start.

The rehearsal loss of shadow learning (learning without forgetting, Li and Hoiem 2016): it keeps the base style. Labels
instead of outputs overfit the recordings that the policy was trained on: 1.7 points of agreement lost on held-out
sessions, against none.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from understudy.policies.executor import ExecutorOutput
from understudy.policies.executor_distribution import ExecutorDistribution, categorical_kl

MIN_WEIGHT = 0.05
"""Of the target terms, in ticks with a low onset hazard."""
MAX_DIFFERENCE = 5.0
"""Clamp of the differences of mixture parameters."""


def distillation_loss(output: ExecutorOutput, teacher: ExecutorOutput, num_keys: int) -> Float[Tensor, " B"]:
    """Per tick: KL(teacher || output) of start, target, button and keys (nats), squared difference of the densities.

    It is not `ExecutorDistribution.kl`, on purpose. The direction is the other one, as it is in distillation: the
    student shall cover all that the teacher does. No action was taken, so every tick counts as one in which a gesture
    could start and every key could go down, and where a gesture would go counts by the teacher's hazard, at least
    MIN_WEIGHT. And the mixtures' numbers are compared, clamped, rather than their densities: the KL bound of two
    mixtures grows without limit where a component is narrow.

    Args:
        output: with gradients.
        teacher: of the same ticks, without.
        num_keys: of the game.
    """
    own, wanted = ExecutorDistribution(output), ExecutorDistribution(teacher)
    keys = _bernoulli_kl(teacher.key_logits[:, :num_keys], output.key_logits[:, :num_keys]).sum(-1)
    where = categorical_kl(wanted.target_log_probs, own.target_log_probs)
    where = where + _bernoulli_kl(teacher.right_logit, output.right_logit)
    for now, then in ((own.minimap, wanted.minimap), (own.space, wanted.space)):
        where = where + (now - then).clamp(-MAX_DIFFERENCE, MAX_DIFFERENCE).square().mean((1, 2))
    starts = teacher.start_logit.sigmoid()
    return _bernoulli_kl(teacher.start_logit, output.start_logit) + keys + (starts + MIN_WEIGHT) * where


def _bernoulli_kl(teacher_logit: Tensor, logit: Tensor) -> Tensor:
    """Returns the KL divergence of Bernoulli distributions, as cross entropy minus the teacher's entropy.

    In this form the gradient is sigmoid(logit) - probability, so it is exactly 0 where the student equals its teacher,
    as it does when a session starts; the form of `executor_distribution.bernoulli_kl` leaves rounding there, which
    Adam would scale up to full steps. The value is less exact than that one's.
    """
    probability = torch.sigmoid(teacher_logit)
    entropy = functional.binary_cross_entropy_with_logits(teacher_logit, probability, reduction="none")
    return functional.binary_cross_entropy_with_logits(logit, probability, reduction="none") - entropy
