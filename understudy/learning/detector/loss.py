"""Detection loss: quality focal loss on centre heatmaps, L1 on box centre and log size at cells near a centre.

Anchor-free with Gaussian heatmap targets, as CenterNet (Zhou et al. 2019, arXiv 1904.07850).
"""

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from understudy.learning.detector.network import STRIDE, cell_centres

HEAT_SIGMA = 6.0
"""Pixels: standard deviation of the Gaussian heatmap target around a centre."""
POSITIVE_RADIUS = 9.0
"""Pixels: cells whose middle is closer than this to a centre are trained on its position and size."""
CENTRE_WEIGHT, SIZE_WEIGHT = 2.0, 0.5


def detection_loss(
    raw: Float32[Tensor, "B channels rows columns"],
    boxes: Float32[Tensor, "B M 4"],
    kinds: Int64[Tensor, "B M"],
) -> tuple[Tensor, dict[str, Tensor]]:
    """Computes the loss of B pictures with up to M boxes each.

    Args:
        raw: the network's output: 4 box channels, then one logit channel for each class.
        boxes: centre x, y, width, height in pixels of the input.
        kinds: class of each box, -1 for padding.

    Returns:
        The loss, and its parts by name.
    """
    num_classes = raw.shape[1] - 4
    centres = cell_centres(raw.shape[2], raw.shape[3], raw.device)[0].T  # (cells, 2)
    offset = boxes[:, None, :, :2] - centres[None, :, None]  # (B, cells, M, 2)
    squared_distance = offset.square().sum(-1)
    squared_distance = torch.where(kinds[:, None] >= 0, squared_distance, torch.full_like(squared_distance, 1e9))
    target = torch.zeros(raw.shape[0], centres.shape[0], num_classes, device=raw.device)
    heat = torch.exp(-squared_distance / (2 * HEAT_SIGMA**2)) * (kinds[:, None] >= 0)
    index = kinds.clamp(min=0)[:, None].expand(-1, centres.shape[0], -1)
    target = target.scatter_reduce(2, index, heat, "amax", include_self=True)
    nearest, nearest_box = squared_distance.min(dim=2)
    # The cell that contains a centre gets full weight, else a centre on a cell's corner would have no positive cell.
    inside = nearest <= 2 * (STRIDE / 2) ** 2
    outputs = raw.flatten(2).transpose(1, 2).float()
    score = _focal(outputs[..., 4:], target)
    count = (kinds >= 0).sum().clamp(min=1)
    positive = (nearest < POSITIVE_RADIUS**2).float()
    weight = positive * torch.where(inside, 1.0, 0.5)
    chosen = torch.gather(boxes, 1, nearest_box[..., None].expand(-1, -1, 4))
    place = (outputs[..., :2] - (chosen[..., :2] - centres) / STRIDE).abs().sum(-1)
    size = (outputs[..., 2:4] - torch.log(chosen[..., 2:].clamp(min=1.0) / STRIDE)).abs().sum(-1)
    total = weight.sum().clamp(min=1.0)
    parts = {
        "score": score.sum() / count,
        "place": CENTRE_WEIGHT * (place * weight).sum() / total,
        "size": SIZE_WEIGHT * (size * weight).sum() / total,
    }
    return parts["score"] + parts["place"] + parts["size"], parts


def _focal(logits: Tensor, target: Tensor) -> Tensor:
    """Returns the quality focal loss (Li et al. 2020, arXiv 2006.04388): cross-entropy times error^2, soft targets."""
    error = (torch.sigmoid(logits) - target).abs().square()
    return error * torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
