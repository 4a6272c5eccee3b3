"""The Strategist, once a second: from the last minute to a mode and a goal.

A pre-LN Transformer (Xiong et al. 2020) over 1 Hz summaries with PyTorch's scaled-dot-product attention and a learned
bias by distance in time instead of positions, so that second 5 of a session and second 500 are read alike. The goal is
a bottleneck of GOAL_WIDTH numbers from which a linear head must tell the next ten seconds (what is clicked, how far
the ship goes, what is won and lost): it carries what the mode's five words leave out.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from understudy.contract.intent import GOAL_WIDTH, NUM_MODES
from understudy.contract.ranges import require_range
from understudy.policies.context_features import CONTEXT_WIDTH, MAX_WIDTH

NUM_FUTURE = 14
"""Width of the summary of the near future that the goal is trained on (learning.hindsight)."""
FUTURE_WAY = 11
"""Columns of that summary from here on are the ship's way in x and y: they flip in a mirror."""


@dataclass(frozen=True, kw_only=True)
class StrategistConfig:
    """Size of the Strategist."""

    width: int = 96
    """Model width."""
    layers: int = 3
    """Transformer blocks."""
    heads: int = 4
    """Attention heads; divides the width."""
    dropout: float = 0.15
    """Dropout on the input and in every block."""
    window_s: int = 60
    """How many seconds it looks back."""

    def __post_init__(self) -> None:
        require_range("width", self.width, 1, MAX_WIDTH)
        require_range("layers", self.layers, 1, 64)
        require_range("heads", self.heads, 1, self.width)
        require_range("dropout", self.dropout, 0, 1)
        require_range("window_s", self.window_s, 1, 600)
        if self.width % self.heads:
            raise ValueError(f"heads must divide the width, and {self.heads} does not divide {self.width}")


@dataclass(frozen=True)
class Strategy:
    """What the Strategist says at each second."""

    mode_logits: Float[Tensor, "B T M"]
    goal: Float[Tensor, "B T G"]
    future: Float[Tensor, "B T U"]
    """The near future as told from the goal alone, standardised units."""


class Block(nn.Module):
    """Pre-LN self-attention and MLP, causal."""

    def __init__(self, config: StrategistConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(config.width)
        self.query_key_value = nn.Linear(config.width, 3 * config.width)
        self.project = nn.Linear(config.width, config.width)
        self.mlp = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, 2 * config.width),
            nn.GELU(),
            nn.Linear(2 * config.width, config.width),
            nn.Dropout(config.dropout),
        )
        self.dropout = nn.Dropout(config.dropout)
        self.distance_bias = nn.Parameter(torch.zeros(config.heads, config.window_s))

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Mixes the seconds up to each one."""
        batch, ticks, width = x_BTD.shape
        heads = self.query_key_value(self.attention_norm(x_BTD)).view(batch, ticks, 3, self.heads, width // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        bias = self._bias(int(ticks)).to(query.dtype)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x_BTD = x_BTD + self.dropout(self.project(mixed.transpose(1, 2).reshape(batch, ticks, width)))
        return torch.add(x_BTD, self.mlp(x_BTD))

    def _bias(self, ticks: int) -> Float[Tensor, "heads T T"]:
        steps = torch.arange(ticks, device=self.distance_bias.device)
        back = steps[:, None] - steps[None, :]
        bias = self.distance_bias[:, back.clamp(0, self.distance_bias.shape[1] - 1)]
        return bias.masked_fill(back < 0, float("-inf"))


class Strategist(nn.Module):
    """Mode and goal from the last minute."""

    def __init__(self, config: StrategistConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(CONTEXT_WIDTH, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.mode_head = nn.Linear(config.width, NUM_MODES)
        self.goal_head = nn.Linear(config.width, GOAL_WIDTH)
        self.future_head = nn.Linear(GOAL_WIDTH, NUM_FUTURE)

    def forward(self, summaries_BTF: Float[Tensor, "B T F"]) -> Strategy:
        """Reads up to `window_s` seconds, oldest first, and answers at each of them."""
        x_BTD = self.embed(summaries_BTF)
        for block in self.blocks:
            x_BTD = block(x_BTD)
        x_BTD = self.norm(x_BTD)
        goal_BTG = torch.tanh(self.goal_head(x_BTD))
        return Strategy(self.mode_head(x_BTD), goal_BTG, self.future_head(goal_BTG))
