"""What the next seconds are worth: a network of its own, so that it can go wrong alone, and how it learns.

It tells apart what is earned, what hurts and what kills, and looks several times ahead: one number for everything was
learnt by heart (0.67 of the variance explained where it had been seen, 0.28 elsewhere), three parts over three horizons
with dropout explain 0.51 of what is earned elsewhere (docs/log.md). It is taught what really came, over as many
stretches as a world was played for, and what is expected after that. One that stops being numbers, or expects what no
game pays, is thrown away and begun afresh: `ValueLearner.trouble` says so, and nobody need learn from it then.
"""

import logging
import math
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.serialization import from_plain
from understudy.learning.data.executor_batch import ExecutorBatch
from understudy.learning.rl.gae import discount_per_tick, discounted_returns
from understudy.learning.rl.reward import REWARD_TERMS
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.policies.click_semantics import MAX_KINDS
from understudy.policies.conditioning import CONDITIONING_WIDTH
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.object_features import TRACK_WIDTH

_log = logging.getLogger(__name__)

OUTPUT_SCALES = {"earned": 3.0, "damage": 0.3, "deaths": 3.0}
"""Points that one unit of the network's output stands for: about what each part varies by."""
WIDTH, OBJECT_WIDTH, KIND_WIDTH, HEADS = 64, 32, 8, 4
MAX_ABS_VALUE = 1000.0
"""Points. Whoever expects more within seconds is out of its mind: the game pays about 20 a minute."""
CHUNK = 2048


@dataclass(frozen=True, kw_only=True)
class ValueConfig:
    """How the value is learnt."""

    discount_horizons_s: tuple[float, ...] = (5.0, 10.0, 20.0)
    """What comes later than so many seconds hardly counts. The last is what the policy is taught by; nearer ones are
    easier to learn, and what they are told by tells the last one too."""
    learning_rate: float = 1e-3
    """Of AdamW."""
    decay: float = 0.1
    """Weight decay."""
    dropout: float = 0.3
    """Of all hidden layers: hours of play hold few kills and hardly a death."""
    steps: int = 40
    """Steps after each stretch of play."""
    batch_size: int = 512
    """Ticks in a step."""
    sample_fraction: float = 0.15
    """Of a stretch's ticks so many are kept to learn from: neighbours are nearly alike."""
    num_stored_rollouts: int = 30
    """Stretches that are kept."""

    def __post_init__(self) -> None:
        if not self.discount_horizons_s or min(self.discount_horizons_s) <= 0 or not 0 <= self.dropout < 1:
            raise ValueError("a value needs at least one horizon above 0 s, and a dropout from 0 to below 1")


class ValueNetwork(nn.Module):
    """Points to come, discounted, from what the Executor sees: of each part, within each horizon."""

    def __init__(self, num_horizons: int, dropout: float) -> None:
        super().__init__()
        self.num_horizons = num_horizons
        self.kind = nn.Embedding(MAX_KINDS + 1, KIND_WIDTH)
        self.context = nn.Sequential(
            nn.Linear(CONTEXT_WIDTH + CONDITIONING_WIDTH, WIDTH), nn.LayerNorm(WIDTH), nn.GELU(), nn.Dropout(dropout)
        )
        self.object = nn.Linear(TRACK_WIDTH + 1 + KIND_WIDTH, OBJECT_WIDTH)
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(OBJECT_WIDTH, HEADS)
        layers: list[nn.Module] = []
        for width in (WIDTH + HEADS * OBJECT_WIDTH, WIDTH):
            layers += [nn.Linear(width, WIDTH), nn.GELU(), nn.Dropout(dropout)]
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Linear(WIDTH, len(REWARD_TERMS) * num_horizons)
        nn.init.zeros_(self.head.weight)  # it begins by expecting nothing
        nn.init.zeros_(self.head.bias)

    def forward(self, moments: ExecutorBatch) -> Float[Tensor, "n P H"]:
        """Points to come, in units of SCALES."""
        context = self.context(torch.cat([moments.context, moments.conditioning[0]], dim=-1))
        kinds = self.kind(moments.kinds)
        told = torch.cat([moments.tracks, moments.target_probs[0, ..., None], kinds], dim=-1)
        objects = self.dropout(functional.gelu(self.object(told)))
        absent = (moments.kinds == 0)[..., None]
        shares = torch.softmax(self.score(objects).masked_fill(absent, -1e4), dim=1) * ~absent
        pooled = (shares.transpose(1, 2) @ objects).flatten(1)
        hidden: Tensor = self.trunk(torch.cat([context, pooled], dim=-1))
        value: Tensor = self.head(hidden).unflatten(-1, (len(REWARD_TERMS), self.num_horizons))
        return value


@dataclass(frozen=True, kw_only=True)
class _StoredRollout:
    """What is kept of one stretch: all that came, and some of its ticks."""

    rewards: np.ndarray
    fresh: np.ndarray
    last: np.ndarray
    """What was expected of each world from the last tick on."""
    ticks: Tensor
    moments: ExecutorBatch


class ValueTrainer:
    """A value network, its optimiser and the play that it learns from. Used by one thread."""

    def __init__(self, settings: ValueConfig, generator: torch.Generator) -> None:
        self.settings = settings
        self.num_resets = 0
        """Networks thrown away."""
        self.reset_reason = ""
        """Why the last network was thrown away in the latest `learn`; empty if it was not."""
        self._generator = generator
        self._scales = torch.tensor([OUTPUT_SCALES[part] for part in REWARD_TERMS])[:, None]
        self._discounts = np.array(
            [discount_per_tick(one, TICK_RATE_HZ) for one in settings.discount_horizons_s], np.float32
        )
        self._memory: deque[_StoredRollout] = deque(maxlen=settings.num_stored_rollouts)
        self._reset()

    def _reset(self) -> None:
        self.net = ValueNetwork(len(self.settings.discount_horizons_s), self.settings.dropout)
        rate, decay = self.settings.learning_rate, self.settings.decay
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=rate, weight_decay=decay)
        self._memory.clear()

    @torch.no_grad()
    def predict(self, moments: ExecutorBatch) -> Float[Tensor, " n"]:
        """Points to come from each tick on, within the last horizon."""
        return self._predict_terms(moments)[..., -1].sum(dim=-1)

    def _predict_terms(self, moments: ExecutorBatch) -> Float[Tensor, "n P H"]:
        self.net.eval()
        parts = torch.split(torch.arange(len(moments)), CHUNK)
        return torch.cat([self.net(moments.index(part)) for part in parts]) * self._scales

    def learn(self, experience: RolloutBuffer) -> float:
        """Takes in what came of a stretch and learns from all that is remembered; returns the mean loss."""
        moments, size = experience.flatten(), experience.num_ticks * experience.num_worlds
        ticks = torch.randperm(size, generator=self._generator)[: max(1, round(self.settings.sample_fraction * size))]
        with torch.no_grad():
            last = self._predict_terms(moments.index(torch.arange(size - experience.num_worlds, size))).numpy()
        self._memory.append(
            _StoredRollout(
                rewards=experience.rewards.copy(),
                fresh=experience.is_new_episode.copy(),
                last=last,
                ticks=ticks,
                moments=moments.index(ticks),
            )
        )
        targets = self._targets()
        self.net.train()
        losses = [self._step(targets) for _ in range(self.settings.steps)]
        self.reset_reason = self._check_divergence(losses)
        if self.reset_reason:
            self.num_resets += 1
            _log.warning("the learned value is thrown away and begun afresh: %s", self.reset_reason)
            self._reset()
        return sum(losses) / len(losses)

    def _targets(self) -> list[Float[Tensor, "n P H"]]:
        """Of all that is remembered: what came while a world was played on, then what was expected."""
        found: list[Tensor] = []
        later, over = self._memory[-1].last, np.ones(len(self._memory[-1].last), bool)
        for stretch in reversed(self._memory):
            went_on = stretch.rewards[-1][..., None] + self._discounts * later if found else later
            last = np.where(over[:, None, None], stretch.last, went_on)
            returns = discounted_returns(stretch.rewards, last, self._discounts)
            found.append(torch.from_numpy(returns.reshape(-1, *last.shape[1:]))[stretch.ticks] / self._scales)
            later, over = returns[0], stretch.fresh
        return found[::-1]

    def _step(self, targets: list[Tensor]) -> float:
        which = int(torch.randint(len(self._memory), (1,), generator=self._generator))
        moments, wanted = self._memory[which].moments, targets[which]
        batch = torch.randint(len(wanted), (self.settings.batch_size,), generator=self._generator)
        loss = functional.mse_loss(self.net(moments.index(batch)), wanted[batch])
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def _check_divergence(self, losses: list[float]) -> str:
        if not all(bool(torch.isfinite(weight).all()) for weight in self.net.parameters()):
            return "its weights are not numbers any more"
        if not all(map(math.isfinite, losses)):
            return "what it was told had come is no number"
        most = float(self.predict(self._memory[-1].moments).abs().max())
        if not most <= MAX_ABS_VALUE:
            return f"it expects {most:.3g} points within seconds"
        return ""

    def state_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint; the play that is remembered is not among them."""
        return {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(), "num_lost": self.num_resets}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from `state_dict`."""
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.num_resets = from_plain(int, state["num_lost"])
