"""What the next seconds are worth: a small network of its own, so that it can go wrong alone, and how it learns.

It is taught what came of stretches of play that are over (lambda returns). One that stops being numbers, or expects
what no game pays, is thrown away and begun afresh: `ValueLearner.trouble` says so, and nobody need learn from it then.
"""

import logging
import math
from collections import deque
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from understudy.learning.experience import Moments
from understudy.policies.advice import ADVICE_WIDTH
from understudy.policies.encoding import CONTEXT_WIDTH, TRACK_WIDTH
from understudy.policies.geometry import MAX_KINDS

_log = logging.getLogger(__name__)

SCALE = 10.0
"""Points that one unit of the network's output stands for."""
WIDTH, OBJECT_WIDTH, KIND_WIDTH, HEADS = 128, 32, 8, 4
LARGEST = 1000.0
"""Points. Whoever expects more within seconds is out of its mind: the game pays about 20 a minute."""
CHUNK = 2048


@dataclass(frozen=True, kw_only=True)
class ValueSettings:
    """How the value is learnt."""

    learning_rate: float = 1e-3
    """Of AdamW."""
    steps: int = 24
    """Steps after each stretch of play."""
    batch_size: int = 512
    """Ticks in a step."""
    share: float = 0.25
    """Of a stretch's ticks so many are kept to learn from: neighbours are nearly alike."""
    memory: int = 8
    """Stretches that are kept."""


class ValueNet(nn.Module):
    """Points to come, discounted, from what the Executor sees."""

    def __init__(self) -> None:
        super().__init__()
        self.kind = nn.Embedding(MAX_KINDS + 1, KIND_WIDTH)
        self.context = nn.Sequential(nn.Linear(CONTEXT_WIDTH + ADVICE_WIDTH, WIDTH), nn.LayerNorm(WIDTH), nn.GELU())
        self.object = nn.Linear(TRACK_WIDTH + 1 + KIND_WIDTH, OBJECT_WIDTH)
        self.score = nn.Linear(OBJECT_WIDTH, HEADS)
        self.trunk = nn.Sequential(
            nn.Linear(WIDTH + HEADS * OBJECT_WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH), nn.GELU()
        )
        self.head = nn.Linear(WIDTH, 1)
        nn.init.zeros_(self.head.weight)  # it begins by expecting nothing
        nn.init.zeros_(self.head.bias)

    def forward(self, moments: Moments) -> Float[Tensor, " n"]:
        """Points to come, in units of SCALE."""
        context = self.context(torch.cat([moments.context, moments.advice], dim=-1))
        kinds = self.kind(moments.kinds)
        objects = functional.gelu(self.object(torch.cat([moments.tracks, moments.weights[..., None], kinds], dim=-1)))
        absent = (moments.kinds == 0)[..., None]
        shares = torch.softmax(self.score(objects).masked_fill(absent, -1e4), dim=1) * ~absent
        pooled = (shares.transpose(1, 2) @ objects).flatten(1)
        hidden: Tensor = self.trunk(torch.cat([context, pooled], dim=-1))
        value: Tensor = self.head(hidden)[:, 0]
        return value


class ValueLearner:
    """A value network, its optimiser and the play that it learns from. Used by one thread."""

    def __init__(self, settings: ValueSettings, generator: torch.Generator) -> None:
        self.settings = settings
        self.num_lost = 0
        """Networks thrown away."""
        self.trouble = ""
        """Why the last network was thrown away in the latest `learn`; empty if it was not."""
        self._generator = generator
        self._memory: deque[tuple[Moments, Tensor]] = deque(maxlen=settings.memory)
        self._begin()

    def _begin(self) -> None:
        self.net = ValueNet()
        rate = self.settings.learning_rate
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=rate, weight_decay=1e-3)
        self._memory.clear()

    @torch.no_grad()
    def expect(self, moments: Moments) -> Float[Tensor, " n"]:
        """Points to come from each tick on."""
        parts = torch.split(torch.arange(len(moments)), CHUNK)
        return SCALE * torch.cat([self.net(moments.take(part)) for part in parts])

    def learn(self, moments: Moments, returns: Float[Tensor, " n"]) -> float:
        """Takes in what came of some ticks and learns from all that is remembered; returns the mean loss."""
        kept = max(1, round(self.settings.share * len(returns)))
        chosen = torch.randperm(len(returns), generator=self._generator)[:kept]
        self._memory.append((moments.take(chosen), returns[chosen]))
        losses = [self._step() for _ in range(self.settings.steps)]
        self.trouble = self._objection(losses)
        if self.trouble:
            self.num_lost += 1
            _log.warning("the learned value is thrown away and begun afresh: %s", self.trouble)
            self._begin()
        return sum(losses) / len(losses)

    def _step(self) -> float:
        which = int(torch.randint(len(self._memory), (1,), generator=self._generator))
        moments, returns = self._memory[which]
        batch = torch.randint(len(returns), (self.settings.batch_size,), generator=self._generator)
        loss = functional.smooth_l1_loss(self.net(moments.take(batch)), returns[batch] / SCALE)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def _objection(self, losses: list[float]) -> str:
        if not all(bool(torch.isfinite(weight).all()) for weight in self.net.parameters()):
            return "its weights are not numbers any more"
        if not all(map(math.isfinite, losses)):
            return "what it was told had come is no number"
        most = float(self.expect(self._memory[-1][0]).abs().max())
        if not most <= LARGEST:
            return f"it expects {most:.3g} points within seconds"
        return ""

    def state_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint; the play that is remembered is not among them."""
        return {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(), "num_lost": self.num_lost}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from `state_dict`."""
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.num_lost = state["num_lost"]
