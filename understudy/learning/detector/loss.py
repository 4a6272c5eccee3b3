"""What a detector is wrong by: a focal loss over centres, distances of centre and size at the cells that hold one."""

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from understudy.learning.detector.network import STRIDE, cell_centres

SPREAD = 6.0
"""Pixels: how fast the wanted score falls off around a centre."""
NEAR = 9.0
"""Pixels: cells whose middle is this near a centre learn its place and size."""
PLACE_WEIGHT, SIZE_WEIGHT = 2.0, 0.5


def detection_loss(
    raw: Float32[Tensor, "B channels rows columns"],
    boxes: Float32[Tensor, "B M 4"],
    kinds: Int64[Tensor, "B M"],
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of some pictures.

    Args:
        raw: the network's numbers.
        boxes: centre x, y, width, height in pixels of the input.
        kinds: class of each box, -1 for none.

    Returns:
        The loss, and its parts by name.
    """
    num_classes = raw.shape[1] - 4
    centres = cell_centres(raw.shape[2], raw.shape[3], raw.device)[0].T  # (cells, 2)
    offset = boxes[:, None, :, :2] - centres[None, :, None]  # (B, cells, M, 2)
    away = offset.square().sum(-1)
    away = torch.where(kinds[:, None] >= 0, away, torch.full_like(away, 1e9))
    wanted = torch.zeros(raw.shape[0], centres.shape[0], num_classes, device=raw.device)
    heat = torch.exp(-away / (2 * SPREAD**2)) * (kinds[:, None] >= 0)
    index = kinds.clamp(min=0)[:, None].expand(-1, centres.shape[0], -1)
    wanted = wanted.scatter_reduce(2, index, heat, "amax", include_self=True)
    nearest, which = away.min(dim=2)
    # The cell that a centre lies in is wholly right, however the grid falls: else a centre on a corner has no positive.
    inside = nearest <= 2 * (STRIDE / 2) ** 2
    numbers = raw.flatten(2).transpose(1, 2).float()
    score = _focal(numbers[..., 4:], wanted)
    count = (kinds >= 0).sum().clamp(min=1)
    positive = (nearest < NEAR**2).float()
    weight = positive * torch.where(inside, 1.0, 0.5)
    chosen = torch.gather(boxes, 1, which[..., None].expand(-1, -1, 4))
    place = (numbers[..., :2] - (chosen[..., :2] - centres) / STRIDE).abs().sum(-1)
    size = (numbers[..., 2:4] - torch.log(chosen[..., 2:].clamp(min=1.0) / STRIDE)).abs().sum(-1)
    total = weight.sum().clamp(min=1.0)
    parts = {
        "score": score.sum() / count,
        "place": PLACE_WEIGHT * (place * weight).sum() / total,
        "size": SIZE_WEIGHT * (size * weight).sum() / total,
    }
    return parts["score"] + parts["place"] + parts["size"], parts


def _focal(logits: Tensor, wanted: Tensor) -> Tensor:
    """Quality focal loss (Li et al. 2020): cross-entropy with a soft target, weighted by the error squared."""
    error = (torch.sigmoid(logits) - wanted).abs().square()
    return error * torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
