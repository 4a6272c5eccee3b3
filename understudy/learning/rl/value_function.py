"""Value function: expected discounted return by reward term and horizon, a network apart from the policy's.

Several terms over several horizons (Juozapaitis et al. 2019, *Explainable reinforcement learning via reward
decomposition*): one number for all rewards overfits (explained variance 0.67 on worlds it was fitted to, 0.28 on
others); three terms over three horizons with dropout explain 0.51 of the earnings in other worlds (docs/log.md). Its
targets are discounted returns over all stored rollouts of a world, bootstrapped with the value after the last tick. A
network whose weights or loss are not finite, or whose values exceed what any game pays, is replaced by a new one;
`ValueTrainer.reset_reason` says why, and its values are not used in that update.

Axes: n ticks, P reward terms, H horizons.
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
from understudy.policies.declared.feature_layout import COMMON, FeatureLayout
from understudy.policies.object_features import TRACK_WIDTH

_log = logging.getLogger(__name__)

OUTPUT_SCALES = {"earned": 3.0, "damage": 0.3, "deaths": 3.0}
"""Points of one unit of the network's output: about the standard deviation of each term."""
WIDTH, OBJECT_WIDTH, KIND_WIDTH, HEADS = 64, 32, 8, 4
MAX_ABS_VALUE = 1000.0
"""Points; a larger value has diverged, because the game pays about 20 a minute."""
CHUNK = 2048


@dataclass(frozen=True, kw_only=True)
class ValueConfig:
    """Hyperparameters of the value function."""

    discount_horizons_s: tuple[float, ...] = (5.0, 10.0, 20.0)
    """Time constants of the discount, seconds. The policy's advantages use the last; shorter ones are easier to predict
    and serve as auxiliary targets (multi-horizon values: Fedus et al. 2019, arXiv 1902.06865)."""
    learning_rate: float = 1e-3
    """Learning rate of AdamW."""
    decay: float = 0.1
    """Weight decay."""
    dropout: float = 0.3
    """Dropout of all hidden layers: hours of play hold few kills and hardly a death."""
    steps: int = 40
    """Gradient steps after each rollout."""
    batch_size: int = 512
    """Ticks in a step."""
    sample_fraction: float = 0.15
    """Share of a rollout's ticks that is stored: neighbouring ticks are nearly alike."""
    num_stored_rollouts: int = 30
    """Rollouts that are stored."""

    def __post_init__(self) -> None:
        if not self.discount_horizons_s or min(self.discount_horizons_s) <= 0 or not 0 <= self.dropout < 1:
            raise ValueError("a value needs at least one horizon above 0 s, and a dropout from 0 to below 1")


class ValueNetwork(nn.Module):
    """Predicts the discounted return from the Executor's inputs: of each reward term, over each horizon."""

    def __init__(self, num_horizons: int, dropout: float, layout: FeatureLayout) -> None:
        super().__init__()
        self.num_horizons = num_horizons
        self.kind = nn.Embedding(MAX_KINDS + 1, KIND_WIDTH)
        self.context = nn.Sequential(
            nn.Linear(layout.width + CONDITIONING_WIDTH, WIDTH), nn.LayerNorm(WIDTH), nn.GELU(), nn.Dropout(dropout)
        )
        self.object = nn.Linear(TRACK_WIDTH + 1 + KIND_WIDTH, OBJECT_WIDTH)
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(OBJECT_WIDTH, HEADS)
        layers: list[nn.Module] = []
        for width in (WIDTH + HEADS * OBJECT_WIDTH, WIDTH):
            layers += [nn.Linear(width, WIDTH), nn.GELU(), nn.Dropout(dropout)]
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Linear(WIDTH, len(REWARD_TERMS) * num_horizons)
        nn.init.zeros_(self.head.weight)  # values are 0 at first
        nn.init.zeros_(self.head.bias)

    def forward(self, batch: ExecutorBatch) -> Float[Tensor, "n P H"]:
        """Returns values in units of OUTPUT_SCALES."""
        context = self.context(torch.cat([batch.context, batch.conditioning[0]], dim=-1))
        kinds = self.kind(batch.kinds)
        inputs = torch.cat([batch.tracks, batch.target_probs[0, ..., None], kinds], dim=-1)
        objects = self.dropout(functional.gelu(self.object(inputs)))
        absent = (batch.kinds == 0)[..., None]
        shares = torch.softmax(self.score(objects).masked_fill(absent, -1e4), dim=1) * ~absent
        pooled = (shares.transpose(1, 2) @ objects).flatten(1)
        hidden: Tensor = self.trunk(torch.cat([context, pooled], dim=-1))
        value: Tensor = self.head(hidden).unflatten(-1, (len(REWARD_TERMS), self.num_horizons))
        return value


@dataclass(frozen=True, kw_only=True)
class _StoredRollout:
    """One rollout: all of its rewards, and a sample of its ticks."""

    rewards: np.ndarray
    is_new_episode: np.ndarray
    """Worlds in which it does not continue the rollout before, shape (B,)."""
    last: np.ndarray
    """Value at the last tick of each world, for bootstrapping."""
    ticks: Tensor
    """Indices of the sampled ticks in the flattened rollout."""
    batch: ExecutorBatch


class ValueTrainer:
    """A value network, its optimiser and the rollouts that it is fitted to. Used by one thread."""

    def __init__(self, settings: ValueConfig, generator: torch.Generator, layout: FeatureLayout = COMMON) -> None:
        self.settings, self._layout = settings, layout
        self.num_resets = 0
        """Networks that diverged and were replaced."""
        self.reset_reason = ""
        """Why the network was replaced in the latest `learn`; empty if it was not."""
        self._generator = generator
        self._scales = torch.tensor([OUTPUT_SCALES[part] for part in REWARD_TERMS])[:, None]
        self._discounts = np.array(
            [discount_per_tick(one, TICK_RATE_HZ) for one in settings.discount_horizons_s], np.float32
        )
        self._stored: deque[_StoredRollout] = deque(maxlen=settings.num_stored_rollouts)
        self._reset()

    def _reset(self) -> None:
        self.net = ValueNetwork(len(self.settings.discount_horizons_s), self.settings.dropout, self._layout)
        rate, decay = self.settings.learning_rate, self.settings.decay
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=rate, weight_decay=decay)
        self._stored.clear()

    @torch.no_grad()
    def predict(self, batch: ExecutorBatch) -> Float[Tensor, " n"]:
        """Returns the value of each tick over the longest horizon, all terms together, points."""
        return self._predict_terms(batch)[..., -1].sum(dim=-1)

    def _predict_terms(self, batch: ExecutorBatch) -> Float[Tensor, "n P H"]:
        self.net.eval()
        parts = torch.split(torch.arange(len(batch)), CHUNK)
        return torch.cat([self.net(batch.index(part)) for part in parts]) * self._scales

    def learn(self, experience: RolloutBuffer) -> float:
        """Stores a rollout and fits the network to all stored ones; returns the mean loss."""
        batch, size = experience.flatten(), experience.num_ticks * experience.num_worlds
        ticks = torch.randperm(size, generator=self._generator)[: max(1, round(self.settings.sample_fraction * size))]
        with torch.no_grad():
            last = self._predict_terms(batch.index(torch.arange(size - experience.num_worlds, size))).numpy()
        self._stored.append(
            _StoredRollout(
                rewards=experience.rewards.copy(),
                is_new_episode=experience.is_new_episode.copy(),
                last=last,
                ticks=ticks,
                batch=batch.index(ticks),
            )
        )
        targets = self._targets()
        self.net.train()
        losses = [self._step(targets) for _ in range(self.settings.steps)]
        self.reset_reason = self._check_divergence(losses)
        if self.reset_reason:
            self.num_resets += 1
            _log.warning("the value network is replaced by a new one: %s", self.reset_reason)
            self._reset()
        return sum(losses) / len(losses)

    def _targets(self) -> list[Float[Tensor, "n P H"]]:
        """Returns the targets of each stored rollout's sampled ticks: discounted returns until the world's last stored
        tick, plus the value there."""
        found: list[Tensor] = []
        later, over = self._stored[-1].last, np.ones(len(self._stored[-1].last), bool)
        for rollout in reversed(self._stored):
            continued = rollout.rewards[-1][..., None] + self._discounts * later if found else later
            last = np.where(over[:, None, None], rollout.last, continued)
            returns = discounted_returns(rollout.rewards, last, self._discounts)
            found.append(torch.from_numpy(returns.reshape(-1, *last.shape[1:]))[rollout.ticks] / self._scales)
            later, over = returns[0], rollout.is_new_episode
        return found[::-1]

    def _step(self, targets: list[Tensor]) -> float:
        which = int(torch.randint(len(self._stored), (1,), generator=self._generator))
        stored, wanted = self._stored[which].batch, targets[which]
        chosen = torch.randint(len(wanted), (self.settings.batch_size,), generator=self._generator)
        loss = functional.mse_loss(self.net(stored.index(chosen)), wanted[chosen])
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def _check_divergence(self, losses: list[float]) -> str:
        if not all(bool(torch.isfinite(weight).all()) for weight in self.net.parameters()):
            return "its weights are not finite"
        if not all(map(math.isfinite, losses)):
            return "its loss is not finite"
        most = float(self.predict(self._stored[-1].batch).abs().max())
        if not most <= MAX_ABS_VALUE:
            return f"it predicts {most:.3g} points within seconds"
        return ""

    def state_dict(self) -> dict[str, Any]:
        """Returns plain values for a checkpoint, without the stored rollouts."""
        return {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(), "num_lost": self.num_resets}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores `state_dict`."""
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.num_resets = from_plain(int, state["num_lost"])
