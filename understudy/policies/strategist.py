"""The Strategist, once a second: predicts mode and goal from the last minute.

A causal pre-LN Transformer (Xiong et al. 2020, arXiv 2002.04745) over contexts at 1 Hz, with a learned attention bias
by distance in time (relative positions, Shaw et al. 2018, arXiv 1803.02155), so that second 5 of a session and second
500 are encoded alike. The goal is a bottleneck of GOAL_WIDTH numbers from which a linear head predicts the next ten
seconds (what is clicked, how far the ship goes, gains and losses): it carries what the five modes leave out.

Axes: B batch, T seconds of a window, S seconds of a session, F context features, D model width, M modes, G goal, U
future.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from understudy.contract.intent import GOAL_WIDTH, NUM_MODES
from understudy.contract.ranges import require_range
from understudy.policies.conditioning import NUM_FUTURE
from understudy.policies.context_features import MAX_WIDTH
from understudy.policies.declared.feature_layout import COMMON, FeatureLayout

_WINDOWS = 16
"""Windows in one batch of `predict_session`: so many stay in the processor's cache."""


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
    """Length of its input window, seconds."""
    layout: FeatureLayout = COMMON
    """Of the context features; the profile's (`layout_of`)."""

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
    """Predictions at each second."""

    mode_logits: Float[Tensor, "B T M"]
    goal: Float[Tensor, "B T G"]
    future: Float[Tensor, "B T U"]
    """Summary of the next ten seconds, predicted from the goal alone, standardised units."""


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

    def forward(self, x_BTD: Tensor, last_only: bool = False) -> Tensor:
        """Attends from each second to those up to it; `last_only` computes the last second alone, shape (B, 1, D)."""
        batch, ticks, width = x_BTD.shape
        heads = self.query_key_value(self.attention_norm(x_BTD)).view(batch, ticks, 3, self.heads, width // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        bias = self._bias(int(ticks)).to(query.dtype)
        if last_only:
            query, bias, x_BTD, ticks = query[:, :, -1:], bias[:, -1:], x_BTD[:, -1:], 1
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
        self.embed = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(config.layout.width, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.mode_head = nn.Linear(config.width, NUM_MODES)
        self.goal_head = nn.Linear(config.width, GOAL_WIDTH)
        self.future_head = nn.Linear(GOAL_WIDTH, NUM_FUTURE)

    def forward(self, summaries_BTF: Float[Tensor, "B T F"]) -> Strategy:
        """Predicts at each of up to `window_s` seconds, oldest first, from the seconds up to it."""
        x_BTD = self.embed(summaries_BTF)
        for block in self.blocks:
            x_BTD = block(x_BTD)
        return self._heads(x_BTD)

    def predict_session(self, summaries_SF: Float[Tensor, "S F"]) -> Strategy:
        """Predicts at each second of a session from the last `window_s` seconds, or as many as there are.

        The same as `forward` of one window after the other. The first window predicts for all its seconds, because
        attention is causal. Every later second has a window of its own, of which only the last second is computed in
        the last layer; the embedding is computed once for all windows.

        Returns:
            Predictions with B = 1 and T = S.
        """
        embedded_SD, window = self.embed(summaries_SF), self.config.window_s
        x_BTD = embedded_SD[None, :window]
        for block in self.blocks:
            x_BTD = block(x_BTD)
        parts = [x_BTD[0]]
        if len(summaries_SF) > window:
            windows_STD = embedded_SD[1:].unfold(0, window, 1).transpose(1, 2)
            parts += [self._last_second(chunk) for chunk in windows_STD.split(_WINDOWS)]
        return self._heads(torch.cat(parts)[None])

    def _last_second(self, x_BTD: Tensor) -> Float[Tensor, "B D"]:
        *earlier, last = self.blocks
        for block in earlier:
            x_BTD = block(x_BTD)
        last_BD: Tensor = last(x_BTD, last_only=True)[:, 0]
        return last_BD

    def _heads(self, x_BTD: Tensor) -> Strategy:
        x_BTD = self.norm(x_BTD)
        goal_BTG = torch.tanh(self.goal_head(x_BTD))
        return Strategy(self.mode_head(x_BTD), goal_BTG, self.future_head(goal_BTG))
