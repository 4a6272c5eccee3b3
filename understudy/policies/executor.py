"""The Executor, twenty times a second: does a gesture begin now, where to, and which keys go down.

Cursor positions are not predicted tick by tick (heads that do so do not play; docs/log.md). Instead each tick has a
hazard of starting a gesture, a pointer over what could be clicked (objects, landmarks on the minimap, a free point of
the minimap, a free point in space, the latter two with a mixture density for the position), and a hazard per key. The
hand carries out what is drawn. Probabilities are calibrated and sampled: such rare events never win an argmax.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.policies.advice import ADVICE_WIDTH
from understudy.policies.encoding import CONTEXT_WIDTH, LANDMARK_WIDTH, TRACK_WIDTH
from understudy.policies.geometry import MAX_KEYS, MAX_KINDS

MINIMAP = MAX_TRACKS + MAX_LANDMARKS
"""Candidate `a free point of the minimap`; the tracks come first, then the landmarks."""
SPACE = MINIMAP + 1
NUM_CANDIDATES = SPACE + 1
DENSITY_WIDTH = 5
"""Numbers of a mixture component: weight, mean x and y, log scale x and y."""
LOG_SCALES = (-4.0, 1.0)
"""Bounds of the log scales: no component is narrower than a hundredth of the window or wider than all of it."""
HALF_LOG_TAU = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True, kw_only=True)
class ExecutorConfig:
    """Size of the Executor."""

    width: int = 64
    """Width of object vectors; the context is twice as wide."""
    kind_width: int = 8
    """Width of the learned vector of each kind of object."""
    heads: int = 4
    """Attention heads of the pooling over objects."""
    components: int = 6
    """Mixture components of each position density."""
    dropout: float = 0.1
    """Dropout on context and hidden layers."""


@dataclass(frozen=True)
class Hazards:
    """What the Executor says of one tick."""

    start_logit: Float[Tensor, " B"]
    """Of starting a gesture now, if the hand is free."""
    pointer_logits: Float[Tensor, "B C"]
    """What it would go to; impossible candidates are -inf."""
    right_logit: Float[Tensor, " B"]
    """Of using the right button."""
    minimap_density: Float[Tensor, "B X 5"]
    """Of the point on the minimap, map fractions scaled to -1..1."""
    space_density: Float[Tensor, "B X 5"]
    """Of the point in space, window fractions scaled to -1..1."""
    key_logits: Float[Tensor, "B K"]
    """Of each key going down now."""


class Executor(nn.Module):
    """Hazards of gestures and keys."""

    def __init__(self, config: ExecutorConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.kind = nn.Embedding(MAX_KINDS + 1, config.kind_width)
        self.context = nn.Sequential(
            nn.Dropout(0.5 * config.dropout), nn.Linear(CONTEXT_WIDTH + ADVICE_WIDTH, 2 * width), nn.GELU()
        )
        self.object = nn.Linear(TRACK_WIDTH + 1 + config.kind_width, width)
        self.landmark = nn.Linear(LANDMARK_WIDTH, width)
        self.candidate_context = nn.Linear(2 * width, width)
        self.candidate_mlp = nn.Sequential(nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Dropout(config.dropout))
        self.pool_query = nn.Linear(2 * width, config.heads * width)
        self.trunk = nn.Sequential(
            nn.Linear((2 + config.heads) * width, 2 * width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(2 * width, 2 * width),
            nn.GELU(),
        )
        self.pointer_key = nn.Linear(width, width)
        self.pointer_query = nn.Linear(2 * width, width)
        self.free = nn.Linear(2 * width, 2)
        self.start = nn.Linear(2 * width, 2)
        self.density = nn.Linear(2 * width, 2 * config.components * DENSITY_WIDTH)
        self.keys = nn.Linear(2 * width, MAX_KEYS)
        nn.init.constant_(self.start.bias, -3.0)
        nn.init.constant_(self.keys.bias, -5.0)

    def forward(
        self,
        context_BF: Float[Tensor, "B F"],
        advice_BA: Float[Tensor, "B A"],
        tracks_BNF: Float[Tensor, "B N track_features"],
        kinds_BN: Int64[Tensor, "B N"],
        weights_BN: Float[Tensor, "B N"],
        landmarks_BLF: Float[Tensor, "B L landmark_features"],
    ) -> Hazards:
        """Hazards of one tick; `weights_BN` are the Tactician's target probabilities."""
        context_BC = self.context(torch.cat([context_BF, advice_BA], dim=-1))
        objects = self.object(torch.cat([tracks_BNF, weights_BN[..., None], self.kind(kinds_BN)], dim=-1))
        candidates = torch.cat([objects, self.landmark(landmarks_BLF)], dim=1)
        candidates_BND = self.candidate_mlp(candidates + self.candidate_context(context_BC)[:, None])
        absent_BN = torch.cat([kinds_BN == 0, landmarks_BLF[..., -1] == 0], dim=1)
        pooled = self._pool(context_BC, candidates_BND, absent_BN)
        hidden_BH = context_BC + self.trunk(torch.cat([context_BC, pooled], dim=-1))
        scores_BN = (self.pointer_key(candidates_BND) * self.pointer_query(hidden_BH)[:, None]).sum(-1)
        scores_BN = (scores_BN / self.config.width**0.5).masked_fill(absent_BN, float("-inf"))
        start, right = self.start(hidden_BH).unbind(-1)
        density = self.density(hidden_BH).view(len(hidden_BH), 2, self.config.components, DENSITY_WIDTH)
        return Hazards(
            start_logit=start,
            pointer_logits=torch.cat([scores_BN, self.free(hidden_BH)], dim=-1),
            right_logit=right - 4.0,
            minimap_density=density[:, 0],
            space_density=density[:, 1],
            key_logits=self.keys(hidden_BH),
        )

    def _pool(self, context_BC: Tensor, candidates_BND: Tensor, absent_BN: Tensor) -> Tensor:
        """Attention pooling: a query per head, values as they are; nothing in sight pools to zero."""
        batch, _, width = candidates_BND.shape
        query_BHD = self.pool_query(context_BC).view(batch, self.config.heads, width)
        scores_BHN = query_BHD @ candidates_BND.transpose(1, 2) / width**0.5
        scores_BHN = scores_BHN.masked_fill(absent_BN[:, None], -1e4)
        weights_BHN = torch.softmax(scores_BHN, dim=-1) * (~absent_BN[:, None])
        return (weights_BHN @ candidates_BND).reshape(batch, -1)


def density_log_likelihood(density_BX5: Float[Tensor, "B X 5"], point_B2: Float[Tensor, "B 2"]) -> Float[Tensor, " B"]:
    """Log likelihood of points under a mixture of axis-aligned Gaussians (nats)."""
    weights = torch.log_softmax(density_BX5[..., 0], dim=-1)
    means, log_scales = density_BX5[..., 1:3], density_BX5[..., 3:5].clamp(*LOG_SCALES)
    standard = (point_B2[:, None] - means) / log_scales.exp()
    log_likelihood = -0.5 * standard**2 - log_scales - HALF_LOG_TAU
    return torch.logsumexp(weights + log_likelihood.sum(-1), dim=-1)


def mixture_of(density_BX5: Float[Tensor, "B X 5"], temperature: float = 1.0) -> Float[Tensor, "B X 5"]:
    """The same mixture as plain numbers: (probability, mean x, y, scale x, y) of each component; cooler is narrower."""
    weights = torch.softmax(density_BX5[..., :1] / temperature, dim=1)
    scales = density_BX5[..., 3:].clamp(*LOG_SCALES).exp() * temperature**0.5
    return torch.cat([weights, density_BX5[..., 1:3], scales], dim=-1)
