"""A small anchor-free convolutional detector, trained from scratch in minutes; a few milliseconds on one CPU core.

A patch stem (stride 4) is followed by a feature pyramid down to stride 32 and back up to stride 8, where every cell
predicts class scores, the offset of the box centre and the log size of the box (as CenterNet, Zhou et al. 2019, arXiv
1904.07850, and FCOS, Tian et al. 2019, arXiv 1904.01355). It uses plain 3 x 3 convolutions with ReLU and foldable batch
norm, which are fastest on a CPU. The exported output follows the convention of YOLO, so one reader serves other models
too.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float32
from torch import Tensor, nn

STRIDE = 8
"""Pixels of the input, in each direction, that one cell of the output covers."""
MULTIPLE = 32
"""Input sides must be multiples of this."""


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """Architecture of the network."""

    names: tuple[str, ...]
    """Names of the classes, in the order of the scores."""
    stem: int = 16
    """Channels at stride 4."""
    fine: int = 32
    """Channels at stride 8, for small objects."""
    middle: int = 64
    """Channels at stride 16."""
    coarse: int = 96
    """Channels at stride 32, for large objects."""
    head: int = 48
    """Channels before the output."""


def convolution(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, padding: int | None = None
) -> nn.Sequential:
    """Returns convolution, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if padding is None else padding, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.03),
        nn.ReLU(inplace=True),
    )


class DetectorNetwork(nn.Module):
    """Maps pictures to box offsets, log sizes and class logits at every cell of stride 8."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = convolution(3, config.stem, kernel=6, stride=4, padding=1)
        self.to_fine = convolution(config.stem, config.fine, stride=2)
        self.fine = convolution(config.fine, config.fine)
        self.to_middle = convolution(config.fine, config.middle, stride=2)
        self.middle = nn.ModuleList([convolution(config.middle, config.middle) for _ in range(2)])
        self.to_coarse = convolution(config.middle, config.coarse, stride=2)
        self.coarse = convolution(config.coarse, config.coarse)
        self.from_coarse = nn.Conv2d(config.coarse, config.middle, 1)
        self.middle_out = convolution(config.middle, config.middle)
        self.from_middle = nn.Conv2d(config.middle, config.fine, 1)
        self.fine_out = convolution(config.fine, config.head)
        self.head = nn.Conv2d(config.head, 4 + len(config.names), 1)
        assert self.head.bias is not None
        nn.init.constant_(self.head.bias[4:], -4.0)  # low initial score, because objects are rare (RetinaNet's prior)

    def forward(self, pictures: Float32[Tensor, "B 3 height width"]) -> Tensor:
        """Returns (B, 4 + classes, height / 8, width / 8): offset x, y, log width, height (cells), class logits."""
        fine = self.to_fine(self.stem(pictures))
        fine = fine + self.fine(fine)
        middle = self.to_middle(fine)
        for block in self.middle:
            middle = middle + block(middle)
        coarse = self.to_coarse(middle)
        coarse = coarse + self.coarse(coarse)
        middle = self.middle_out(middle + nn.functional.interpolate(self.from_coarse(coarse), scale_factor=2.0))
        fine = self.fine_out(fine + nn.functional.interpolate(self.from_middle(middle), scale_factor=2.0))
        return torch.as_tensor(self.head(fine))


class YoloOutput(nn.Module):
    """The network with its output decoded for export: centre, size and scores, shape (1, 4 + classes, cells)."""

    def __init__(self, network: DetectorNetwork, height: int, width: int) -> None:
        """Args: the fixed size of the input, in pixels."""
        super().__init__()
        self.network = network
        self.register_buffer("centres", cell_centres(height // STRIDE, width // STRIDE, torch.device("cpu")))

    def forward(self, images: Tensor) -> Tensor:
        """Returns boxes in pixels of the input and scores from 0 to 1."""
        raw = self.network(images).flatten(2)
        places = raw[:, :2] * STRIDE + self.get_buffer("centres")
        sizes = torch.exp(raw[:, 2:4]) * STRIDE
        return torch.cat([places, sizes, torch.sigmoid(raw[:, 4:])], dim=1)


def cell_centres(rows: int, columns: int, device: torch.device) -> Float32[Tensor, "1 2 cells"]:
    """Returns the centre x, y of each cell in pixels of the input, in row-major order."""
    y, x = torch.meshgrid(torch.arange(rows, device=device), torch.arange(columns, device=device), indexing="ij")
    return ((torch.stack([x, y]).flatten(1) + 0.5) * STRIDE)[None].float()
