"""Mixture density output (Bishop 1994, "Mixture Density Networks") for a point in a plane.

Points and planes are scaled to -1..1. Each Gaussian component has a reference frame, an origin and two axes
(policies/reference_frames.py): the window's, or one that rotates with the scene. Its mean and scale are coordinates in
that frame, so a point at the present distance, a step further round the enemy, is the same output in every direction.

In the plane a component is 7 numbers: log weight, mean x and y, and the two columns of its covariance factor."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

RAW_WIDTH = 5
"""Network outputs per component: weight, mean along two axes, log scale along both."""
LOG_SCALES = (-4.0, 1.0)
"""Bounds of the log scales: no component is narrower than a hundredth of the window or wider than all of it."""
LOG_TAU = math.log(2.0 * math.pi)
RING_DIRECTIONS = 8
"""Components of a ring: one per direction, as wide as the gap to the next."""
RING_WIDTH = RING_DIRECTIONS + 3
"""Network outputs per ring: its weight, that of each direction, its radius and its thickness."""
RING_RADIUS, RING_THICKNESS = -0.5, -1.5
"""Log radius and log thickness at network output 0."""
NEVER = -1e4
"""Log weight of a component whose frame is absent."""


def window_mixture(raw_BX5: Float[Tensor, "B X 5"]) -> Float[Tensor, "B X 7"]:
    """Returns components given along the plane's own axes."""
    zero_B2 = torch.zeros_like(raw_BX5[:, 0, :2])
    across, down = torch.zeros_like(zero_B2), torch.zeros_like(zero_B2)
    across[:, 0], down[:, 1] = 1.0, 1.0
    return frame_mixture(raw_BX5, torch.stack([zero_B2, across, down], dim=1))


def frame_mixture(raw_BX5: Float[Tensor, "B X 5"], frame_B32: Float[Tensor, "B 3 2"]) -> Float[Tensor, "B X 7"]:
    """Returns components given along the axes of a frame (origin, ahead, aside); a frame of zeros has none."""
    absent_B = (frame_B32[:, 1:].abs().sum((1, 2)) == 0)[:, None]
    plane = torch.eye(2, device=frame_B32.device, dtype=frame_B32.dtype)
    axes_B22 = torch.where(absent_B[..., None], plane, frame_B32[:, 1:])
    mean_BX2 = frame_B32[:, None, 0] + raw_BX5[..., 1:3] @ axes_B22
    spread_BX22 = raw_BX5[..., 3:].clamp(*LOG_SCALES).exp()[..., None] * axes_B22[:, None]
    logit_BX = raw_BX5[..., 0].masked_fill(absent_B, NEVER)
    return torch.cat([logit_BX[..., None], mean_BX2, spread_BX22.flatten(2)], dim=-1)


def ring_mixture(raw_BR: Float[Tensor, "B 11"], centre_B2: Float[Tensor, "B 2"]) -> Float[Tensor, "B 8 7"]:
    """Returns components on a circle around a point: one output sets the distance for all directions."""
    angle_X = torch.arange(RING_DIRECTIONS, device=raw_BR.device) * (2.0 * math.pi / RING_DIRECTIONS)
    outward_X2 = torch.stack([angle_X.cos(), angle_X.sin()], dim=-1)
    along_X2 = torch.stack([-angle_X.sin(), angle_X.cos()], dim=-1)
    radius_B11 = (raw_BR[:, -2] + RING_RADIUS).clamp(*LOG_SCALES).exp()[:, None, None]
    thickness_B11 = (raw_BR[:, -1] + RING_THICKNESS).clamp(*LOG_SCALES).exp()[:, None, None]
    gap = math.sin(math.pi / RING_DIRECTIONS)
    return torch.cat(
        [
            (raw_BR[:, :1] + raw_BR[:, 1 : 1 + RING_DIRECTIONS])[..., None],
            centre_B2[:, None] + radius_B11 * outward_X2,
            thickness_B11 * outward_X2,
            gap * radius_B11 * along_X2,
        ],
        dim=-1,
    )


def mixture_log_prob(density_BX7: Float[Tensor, "B X 7"], point_B2: Float[Tensor, "B 2"]) -> Float[Tensor, " B"]:
    """Returns the log likelihood of points under a mixture, nats."""
    log_weights = torch.log_softmax(density_BX7[..., 0], dim=-1)
    away_x, away_y = (point_B2[:, None] - density_BX7[..., 1:3]).unbind(-1)
    ahead_x, ahead_y, aside_x, aside_y = density_BX7[..., 3:].unbind(-1)
    area = ahead_x * aside_y - ahead_y * aside_x
    ahead, aside = (away_x * aside_y - away_y * aside_x) / area, (away_y * ahead_x - away_x * ahead_y) / area
    log_likelihood = -0.5 * (ahead**2 + aside**2) - area.abs().log() - LOG_TAU
    return torch.logsumexp(log_weights + log_likelihood, dim=-1)


def mixture_mode(density_BX7: Float[Tensor, "B X 7"]) -> Float[Tensor, "B 2"]:
    """Returns the mean of the heaviest component, which approximates the mode."""
    best = density_BX7[..., 0].argmax(-1)
    return density_BX7[torch.arange(len(best), device=best.device), best, 1:3]


def mixture_kl_bound(density_BX7: Float[Tensor, "B X 7"], other_BX7: Float[Tensor, "B X 7"]) -> Float[Tensor, " B"]:
    """Returns an upper bound of the KL divergence of a mixture from another one, nats: component against component.

    There is no closed form; the chain rule over the component bounds it (Hershey and Olsen 2007, "Approximating the
    Kullback Leibler Divergence Between Gaussian Mixture Models"). The bound is close if both mixtures come from nearly
    the same network weights, so that their components correspond.
    """
    log_weights, other_log_weights = (torch.log_softmax(one[..., 0], dim=-1) for one in (density_BX7, other_BX7))
    vectors = (density_BX7[..., 3:5], density_BX7[..., 5:7], density_BX7[..., 1:3] - other_BX7[..., 1:3])
    squares = [_squared_length(other_BX7, vector) for vector in vectors]
    of_components = 0.5 * (sum(squares) - 2.0) + _area(other_BX7).log() - _area(density_BX7).log()
    return (log_weights.exp() * (log_weights - other_log_weights + of_components)).sum(-1)


def _squared_length(density_BX7: Tensor, vector_BX2: Tensor) -> Tensor:
    """Returns the squared Mahalanobis length of vectors under each component."""
    x, y = vector_BX2.unbind(-1)
    ahead_x, ahead_y, aside_x, aside_y = density_BX7[..., 3:].unbind(-1)
    return ((x * aside_y - y * aside_x) ** 2 + (y * ahead_x - x * ahead_y) ** 2) / _area(density_BX7) ** 2


def _area(density_BX7: Tensor) -> Tensor:
    """Returns the square root of the determinant of each component's covariance."""
    ahead_x, ahead_y, aside_x, aside_y = density_BX7[..., 3:].unbind(-1)
    return (ahead_x * aside_y - ahead_y * aside_x).abs()


def to_array(density_BX7: Float[Tensor, "B X 7"]) -> Float[Tensor, "B X 7"]:
    """Returns the mixture for the sampler, with probabilities in place of log weights."""
    return torch.cat([torch.softmax(density_BX7[..., :1], dim=1), density_BX7[..., 1:]], dim=-1)


def tempered(density_BX7: Float[Tensor, "B X 7"], temperature: float) -> Float[Tensor, "B X 7"]:
    """Returns the mixture at a temperature, log weights not normalised; a lower temperature is narrower."""
    if temperature == 1.0:
        return density_BX7
    log_weights, spread = density_BX7[..., :1] / temperature, density_BX7[..., 3:] * temperature**0.5
    return torch.cat([log_weights, density_BX7[..., 1:3], spread], dim=-1)
