"""The Tactician, five times a second: predicts the target among the visible objects, and the route.

A pointer network (Vinyals et al. 2015): the query comes from context and strategy, the keys from the objects, and the
attention logits are the target distribution. The route is the ship's displacement in two seconds: closing in, holding
the distance, or retreating.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from understudy.contract.ranges import require_range
from understudy.policies.click_semantics import MAX_KINDS
from understudy.policies.conditioning import ROUTE_WIDTH, STRATEGY_WIDTH
from understudy.policies.context_features import MAX_WIDTH
from understudy.policies.declared.feature_layout import COMMON, FeatureLayout
from understudy.policies.object_features import TRACK_WIDTH


@dataclass(frozen=True, kw_only=True)
class TacticianConfig:
    """Size of the Tactician."""

    width: int = 64
    """Width of object and query vectors."""
    kind_width: int = 8
    """Width of the embedding of each object kind."""
    dropout: float = 0.1
    """Dropout on context and objects."""
    layout: FeatureLayout = COMMON
    """Of the context features; the profile's (`layout_of`)."""

    def __post_init__(self) -> None:
        require_range("width", self.width, 1, MAX_WIDTH)
        require_range("kind_width", self.kind_width, 1, MAX_WIDTH)
        require_range("dropout", self.dropout, 0, 1)


@dataclass(frozen=True)
class Tactic:
    """Predictions of the Tactician."""

    target_logits: Float[Tensor, "B slots"]
    """Target logits over the N track slots and, last, no target; empty slots are -inf."""
    route: Float[Tensor, "B 2"]
    """Expected displacement of the ship in two seconds, window widths / heights."""


class Tactician(nn.Module):
    """Target distribution and route."""

    def __init__(self, config: TacticianConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.kind = nn.Embedding(MAX_KINDS + 1, config.kind_width)
        self.context = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(config.layout.width + STRATEGY_WIDTH, 2 * width), nn.GELU()
        )
        self.object = nn.Linear(TRACK_WIDTH + config.kind_width, width)
        self.object_context = nn.Linear(2 * width, width)
        self.object_mlp = nn.Sequential(nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Dropout(config.dropout))
        self.key = nn.Linear(width, width)
        self.query = nn.Linear(2 * width, width)
        self.none = nn.Linear(2 * width, 1)
        self.route = nn.Sequential(nn.Linear(3 * width, width), nn.GELU(), nn.Linear(width, ROUTE_WIDTH))

    def forward(
        self,
        context_BF: Float[Tensor, "B F"],
        strategy_BS: Float[Tensor, "B S"],
        tracks_BNF: Float[Tensor, "B N track_features"],
        kinds_BN: Int64[Tensor, "B N"],
    ) -> Tactic:
        """Predicts target and route from the visible objects."""
        context_BC = self.context(torch.cat([context_BF, strategy_BS], dim=-1))
        objects = self.object(torch.cat([tracks_BNF, self.kind(kinds_BN)], dim=-1))
        objects_BND = self.object_mlp(objects + self.object_context(context_BC)[:, None])
        scores_BN = (self.key(objects_BND) * self.query(context_BC)[:, None]).sum(-1) / self.config.width**0.5
        scores_BN = scores_BN.masked_fill(kinds_BN == 0, float("-inf"))
        logits = torch.cat([scores_BN, self.none(context_BC)], dim=-1)
        seen_BD = (torch.softmax(logits, dim=-1)[:, :-1, None] * objects_BND).sum(1)
        return Tactic(logits, self.route(torch.cat([context_BC, seen_BD], dim=-1)))
