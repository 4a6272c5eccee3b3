"""Press times: the ticks from a gesture's onset to its press, as a distribution for each candidate of the pointer.

A mixture of logistic distributions, of which each whole tick gets its share (Salimans et al. 2017, "PixelCNN++",
arXiv 1701.05517): times are known to a tick, and a density would become arbitrarily narrow at them. The head reads
the features itself and shares no layer with the rest of the Executor, so that training it changes nothing else. It has
no dropout: that blurs the moment, which is what is wanted (docs/log.md).

Axes: B ticks, F context features, N tracks, L landmarks, C candidates, M components, D width.
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

COMPONENTS = 4
"""Mixture components of each press time."""
TIMING_WIDTH = 3
"""Numbers per component: log weight, mean (ticks), log scale (log ticks)."""
KIND_WIDTH = 8
MEAN_TICKS, TICKS_PER_UNIT = 8.0, 8.0
"""Mean at network output 0, and its change for each unit of output."""
LOG_SCALES = (math.log(0.1), math.log(20.0))
"""Bounds of the log scales: with wider bounds a component could take a whole tick, or no tick, and its gradient."""


class PressTimeHead(nn.Module):
    """Press times of every candidate: tracks, landmarks, a free point of the minimap, a free point in space."""

    def __init__(self, widths: tuple[int, int, int], num_kinds: int, width: int, components: int) -> None:
        """Args:
        widths: of the features of the context, of a track and of a landmark.
        num_kinds: kinds of tracks, with that of an empty slot.
        width: of the hidden layer.
        components: of each mixture.
        """
        super().__init__()
        context, track, landmark = widths
        self.components = components
        self.kind = nn.Embedding(num_kinds, KIND_WIDTH)
        self.context = nn.Linear(context, width)
        self.track = nn.Linear(track + KIND_WIDTH, width)
        self.landmark = nn.Linear(landmark, width)
        self.free = nn.Parameter(torch.zeros(2, width))
        last = nn.Linear(width, components * TIMING_WIDTH)
        self.mlp = nn.Sequential(nn.GELU(), nn.Linear(width, width), nn.GELU(), last)
        with torch.no_grad():  # components start apart, or all of them would stay the same
            last.bias.view(components, TIMING_WIDTH)[:, 1] = torch.linspace(-0.5, 1.5, components)
            last.bias.view(components, TIMING_WIDTH)[:, 2] = 0.5

    def forward(
        self,
        context_BF: Float[Tensor, "B F"],
        tracks_BNF: Float[Tensor, "B N track_features"],
        kinds_BN: Int64[Tensor, "B N"],
        landmarks_BLF: Float[Tensor, "B L landmark_features"],
    ) -> Float[Tensor, "B C M 3"]:
        """Returns (log weight, mean, log scale) of each component; those of absent candidates mean nothing."""
        tracks = self.track(torch.cat([tracks_BNF, self.kind(kinds_BN)], dim=-1))
        free = self.free.expand(len(tracks), -1, -1)
        candidates_BCD = torch.cat([tracks, self.landmark(landmarks_BLF), free], dim=1)
        raw = self.mlp(candidates_BCD + self.context(context_BF)[:, None])
        weight, mean, scale = raw.unflatten(-1, (self.components, TIMING_WIDTH)).unbind(-1)
        return torch.stack([weight, MEAN_TICKS + TICKS_PER_UNIT * mean, scale.clamp(*LOG_SCALES)], dim=-1)


def press_time_log_prob(timing_BM3: Float[Tensor, "B M 3"], ticks_B: Int64[Tensor, " B"]) -> Float[Tensor, " B"]:
    """Returns the log probabilities of press times in whole ticks, nats; 0 has that of all earlier times too."""
    log_weights = torch.log_softmax(timing_BM3[..., 0], dim=-1)
    inverse = (-timing_BM3[..., 2]).exp()
    low = (ticks_B[:, None] - 0.5 - timing_BM3[..., 1]) * inverse
    below = functional.logsigmoid(low + inverse)
    # log(sigmoid(high) - sigmoid(low)), of which no part can become infinite
    inside = below + functional.logsigmoid(-low) + torch.log(-torch.expm1(-inverse))
    return torch.logsumexp(log_weights + torch.where(ticks_B[:, None] == 0, below, inside), dim=-1)


def press_times_to_array(timing_BCM3: Float[Tensor, "B C M 3"]) -> Float[Tensor, "B C M 3"]:
    """Returns the mixtures for the sampler: probability, mean and scale (ticks) of each component."""
    probability = torch.softmax(timing_BCM3[..., 0], dim=-1)
    return torch.stack([probability, timing_BCM3[..., 1], timing_BCM3[..., 2].exp()], dim=-1)
