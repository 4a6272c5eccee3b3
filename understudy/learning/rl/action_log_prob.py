"""How likely what was drawn is, and how unlike two Executors are: of the tempered chances that really draw.

In a tick in which the hand is free a gesture begins or not; which one, by which button and to which point is drawn
only then. A key can go down only if it is up. Everything else in a tick is not the policy's choice. Deliberately left
out: a point is drawn anew while a click there would mean something else, so its true density is a little higher.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from understudy.learning.rl.rollout_buffer import RolloutBatch
from understudy.policies.action_distribution import tempered_pointer
from understudy.policies.executor import MINIMAP, SPACE, ExecutorOutput
from understudy.policies.mixture_density import mixture_log_prob, tempered
from understudy.policies.policy_bundle import SamplingConfig


def log_prob(said: ExecutorOutput, moments: RolloutBatch, sampling: SamplingConfig) -> Float[Tensor, " n"]:
    """Nats of what was drawn in each tick, all of its choices together."""
    began = moments.target >= 0
    start = -functional.binary_cross_entropy_with_logits(said.start_logit, began.float(), reduction="none")
    chosen = moments.target.clamp(min=0)[:, None]
    pointer = target_log_probs(said, sampling).gather(1, chosen)[:, 0]
    button = -functional.binary_cross_entropy_with_logits(
        said.right_logit, moments.is_right_button.float(), reduction="none"
    )
    on_minimap = mixture_log_prob(tempered(said.minimap_density, sampling.minimap_temperature), moments.position)
    in_space = mixture_log_prob(tempered(said.space_density, sampling.space_temperature), moments.position)
    where = (moments.target == MINIMAP) * on_minimap + (moments.target == SPACE) * in_space
    which = torch.where(began, pointer + button + where, torch.zeros_like(start))
    keys = -functional.binary_cross_entropy_with_logits(said.key_logits, moments.keys.float(), reduction="none")
    return moments.can_start_gesture * start + which + (moments.key_available * keys).sum(-1)


def kl_divergence(
    said: ExecutorOutput, person: ExecutorOutput, moments: RolloutBatch, sampling: SamplingConfig
) -> Float[Tensor, " n"]:
    """Kullback-Leibler divergence of each tick's chances from the person's policy, nats; exact but for the mixtures.

    Of two mixtures there is only a bound in closed form, component against component; both come from the same weights,
    so their components belong together.
    """
    log_now, log_then = target_log_probs(said, sampling), target_log_probs(person, sampling)
    now = log_now.exp()
    pointer = (now * torch.where(now > 0, log_now - log_then, torch.zeros_like(now))).sum(-1)
    on_minimap = _mixture_kl_bound(said.minimap_density, person.minimap_density, sampling.minimap_temperature)
    in_space = _mixture_kl_bound(said.space_density, person.space_density, sampling.space_temperature)
    where = now[:, MINIMAP] * on_minimap + now[:, SPACE] * in_space
    button = _bernoulli_kl(said.right_logit, person.right_logit)
    start = _bernoulli_kl(said.start_logit, person.start_logit)
    gesture = start + torch.sigmoid(said.start_logit) * (pointer + where + button)
    keys = (moments.key_available * _bernoulli_kl(said.key_logits, person.key_logits)).sum(-1)
    return moments.can_start_gesture * gesture + keys


def target_log_probs(said: ExecutorOutput, sampling: SamplingConfig) -> Float[Tensor, "n C"]:
    """Of each candidate, as it is drawn."""
    return torch.log_softmax(tempered_pointer(said, sampling), dim=-1)


def _bernoulli_kl(now: Tensor, then: Tensor) -> Tensor:
    """KL divergence of two events with these logits."""
    probability = torch.sigmoid(now)
    yes = functional.logsigmoid(now) - functional.logsigmoid(then)
    no = functional.logsigmoid(-now) - functional.logsigmoid(-then)
    return probability * yes + (1.0 - probability) * no


def _mixture_kl_bound(now: Tensor, then: Tensor, temperature: float) -> Tensor:
    """Upper bound of the KL divergence of two mixtures (chain rule over the component)."""
    now, then = tempered(now, temperature), tempered(then, temperature)
    log_weights, log_weights_then = torch.log_softmax(now[..., 0], dim=-1), torch.log_softmax(then[..., 0], dim=-1)
    inside = [_along(then, vector) for vector in (now[..., 3:5], now[..., 5:7], now[..., 1:3] - then[..., 1:3])]
    apart = 0.5 * (sum(inside) - 2.0) + _area(then).log() - _area(now).log()
    return (log_weights.exp() * (log_weights - log_weights_then + apart)).sum(-1)


def _along(density_BX7: Tensor, vector_BX2: Tensor) -> Tensor:
    """Squared length of vectors in the units of a component's own spread."""
    x, y = vector_BX2.unbind(-1)
    ahead_x, ahead_y, aside_x, aside_y = density_BX7[..., 3:].unbind(-1)
    return ((x * aside_y - y * aside_x) ** 2 + (y * ahead_x - x * ahead_y) ** 2) / _area(density_BX7) ** 2


def _area(density_BX7: Tensor) -> Tensor:
    """Of the parallelogram of a component's two vectors: the square root of its covariance's determinant."""
    ahead_x, ahead_y, aside_x, aside_y = density_BX7[..., 3:].unbind(-1)
    return (ahead_x * aside_y - ahead_y * aside_x).abs()
