"""Detector training as a task of the training loop, with augmentation (zoom, crop, colour, noise) on the device."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float64, Int64, UInt8
from torch import Tensor

from understudy.contract.profile import Rectangle
from understudy.learning.detector.loss import detection_loss
from understudy.learning.detector.mean_average_precision import Found, Truth, average_precisions
from understudy.learning.detector.network import MULTIPLE, DetectorConfig, DetectorNetwork, YoloOutput
from understudy.learning.detector.synthetic_scenes import LabelledImage
from understudy.perception.detector import IOU
from understudy.perception.letterbox import GREY
from understudy.perception.nms import candidates, non_max_suppression

MIN_SCORE = 0.02
"""Lowest score of detections that enter the average precision; low, because it integrates the whole curve."""
OBJECT_CROP_SHARE = 0.85
"""Share of crops that are placed around one of the picture's objects; the others are placed uniformly."""


class DetectorTask:
    """Detector training on labelled pictures of one size."""

    def __init__(
        self,
        config: DetectorConfig,
        training: Sequence[LabelledImage],
        held_out: Sequence[LabelledImage],
        device: torch.device,
        crop: int | None = None,
        covered: tuple[Rectangle, ...] = (),
    ) -> None:
        """Copies the pictures to the device and builds the network.

        Args:
            config: of the network.
            training: pictures of one size.
            held_out: pictures of the same size.
            device: where to train.
            crop: side in pixels of square training crops, which are cheaper on a CPU; None takes whole pictures.
            covered: parts of the window that panels cover. Objects behind them are trained on, but are ignored in the
                score, because they cannot be clicked.
        """
        self._pictures, self._boxes, self._kinds = _tensors(training, device)
        self._held_pictures, _, _ = _tensors(held_out, device)
        self._held_out, self._covered = held_out, covered
        self._crop = crop
        self._model = DetectorNetwork(config).to(device)

    @property
    def model(self) -> DetectorNetwork:
        """The network to train."""
        return self._model

    @property
    def num_samples(self) -> int:
        """Number of training pictures."""
        return len(self._pictures)

    def loss(
        self, model: DetectorNetwork, indices: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Computes the loss on a batch of augmented pictures."""
        size = padded_size(*self._pictures.shape[2:]) if self._crop is None else (self._crop, self._crop)
        pictures, boxes, kinds = random_zoom(
            self._pictures[indices].float() / 255, self._boxes[indices], self._kinds[indices], size, generator
        )
        return detection_loss(model(jitter_colour(pictures, generator)), boxes, kinds)

    def validate(self, model: DetectorNetwork) -> dict[str, float]:
        """Returns mAP50 on the held-out pictures, also as `accuracy`, the name that the training loop uses."""
        score = float(np.nanmean(self.precisions(model)))
        return {"accuracy": score, "map50": score}

    @torch.no_grad()
    def precisions(self, model: DetectorNetwork) -> Float64[np.ndarray, " classes"]:
        """Returns the average precision at IoU 0.5 of each class, on the held-out pictures."""
        return average_precisions(*self.detections(model), len(model.config.names))

    @torch.no_grad()
    def detections(self, model: DetectorNetwork) -> tuple[list[Found], list[Truth]]:
        """What is found in the held-out pictures at any score above MIN_SCORE, and what is there, beside panels."""
        found: list[Found] = []
        for kinds, scores, boxes in self._find(model):
            free = self._open(boxes)
            found.append((kinds[free], scores[free], boxes[free]))
        truth: list[Truth] = []
        for kinds, boxes in self._truth():
            free = self._open(boxes)
            truth.append((kinds[free], boxes[free]))
        return found, truth

    def pictures(self, most: int) -> Tensor:
        """Some training pictures as the network takes them: 0 to 1, sides padded to what it needs."""
        some = self._pictures[torch.linspace(0, len(self._pictures) - 1, min(most, len(self._pictures))).long()]
        height, width = some.shape[2:]
        padded = torch.full((len(some), 3, *padded_size(height, width)), GREY / 255, device=some.device)
        padded[:, :, :height, :width] = some.float() / 255
        return padded

    def _open(self, boxes: np.ndarray) -> np.ndarray:
        """Marks the boxes (pixels) whose centre no panel covers."""
        height, width = self._held_pictures.shape[2:]
        places = [(float(box[0]) / width, float(box[1]) / height) for box in boxes]
        return np.array([not any(part.contains(x, y) for part in self._covered) for x, y in places], bool)

    def _truth(self) -> list[Truth]:
        height, width = self._held_pictures.shape[2:]
        scale = np.array([width, height, width, height], np.float32)
        return [(one.kinds, one.boxes * scale) for one in self._held_out]

    @torch.no_grad()
    def find(self, pictures: Sequence[np.ndarray]) -> list[Found]:
        """Returns what the network finds in RGB pictures of the training's size: kinds, scores, boxes in pixels."""
        stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
        return self._found_in(self._model.eval(), stacked)

    def _find(self, model: DetectorNetwork) -> list[Found]:
        return self._found_in(model, self._held_pictures)

    def _found_in(self, model: DetectorNetwork, all_pictures: Tensor) -> list[Found]:
        height, width = all_pictures.shape[2:]
        shape = padded_size(height, width)
        output = YoloOutput(model, *shape).to(self._held_pictures.device)
        found: list[Found] = []
        for part in torch.split(all_pictures, 16):
            pictures = part.to(self._held_pictures.device)
            padded = torch.full((len(pictures), 3, *shape), GREY / 255, device=pictures.device)
            padded[:, :, :height, :width] = pictures.float() / 255
            for rows in output(padded).float().cpu().numpy():
                boxes, scores, labels = candidates(rows, MIN_SCORE)
                stay = non_max_suppression(boxes, scores, labels, IOU)
                found.append((labels[stay], scores[stay], boxes[stay]))
        return found


def padded_size(height: int, width: int) -> tuple[int, int]:
    """Rounds a picture size up to multiples of 32, as the network requires."""
    return -(-height // MULTIPLE) * MULTIPLE, -(-width // MULTIPLE) * MULTIPLE


def random_zoom(
    pictures: Tensor, boxes: Tensor, kinds: Int64[Tensor, "B M"], size: tuple[int, int], generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Crops `size` pixels (height, width) from each picture at a random position, after scaling by 0.8 to 1.25.

    Returns:
        Pictures, boxes in pixels of the crop, and kinds: -1 where the centre lies outside.
    """
    count, (height, width) = len(pictures), pictures.shape[2:]
    device = pictures.device
    zoom = torch.exp((torch.rand(count, generator=generator, device=device) * 2 - 1) * 0.22)
    free = torch.stack([width - size[1] / zoom, height - size[0] / zoom], dim=1)
    corner = _corners(free, boxes, kinds, size, zoom, generator, (width, height))
    # grid_sample expects the crop in -1..1 of the picture
    span = torch.stack([size[1] / zoom / width, size[0] / zoom / height], dim=1)
    middle = (corner + torch.stack([size[1] / zoom, size[0] / zoom], dim=1) / 2) / torch.tensor(
        [width, height], device=device
    )
    theta = torch.zeros(count, 2, 3, device=device)
    theta[:, 0, 0], theta[:, 1, 1] = span[:, 0], span[:, 1]
    theta[:, :, 2] = middle * 2 - 1
    grid = torch.nn.functional.affine_grid(theta, [count, 3, *size], align_corners=False)
    grey = GREY / 255
    seen = torch.nn.functional.grid_sample(pictures - grey, grid, align_corners=False) + grey
    scale = torch.tensor([width, height], device=device)
    places = (boxes[..., :2] * scale - corner[:, None]) * zoom[:, None, None]
    sizes = boxes[..., 2:] * scale * zoom[:, None, None]
    inside = ((places >= 0) & (places < torch.tensor([size[1], size[0]], device=device))).all(-1)
    return seen, torch.cat([places, sizes], dim=-1), torch.where(inside, kinds, torch.full_like(kinds, -1))


def _corners(
    free: Tensor,
    boxes: Tensor,
    kinds: Tensor,
    size: tuple[int, int],
    zoom: Tensor,
    generator: torch.Generator,
    shape: tuple[int, int],
) -> Tensor:
    """Returns the upper left corners of the crops, most of them around an object, because pictures are mostly empty."""
    count, device = len(free), free.device
    anywhere = torch.rand(count, 2, generator=generator, device=device)
    priority = torch.rand(kinds.shape, generator=generator, device=device) - 2.0 * (kinds < 0)
    chosen = boxes[torch.arange(count, device=device), priority.argmax(dim=1), :2] * torch.tensor(shape, device=device)
    span = torch.tensor([size[1], size[0]], device=device) / zoom[:, None]
    around = chosen - span * (0.1 + 0.8 * torch.rand(count, 2, generator=generator, device=device))
    holds = (kinds >= 0).any(dim=1) & (torch.rand(count, generator=generator, device=device) < OBJECT_CROP_SHARE)
    low, high = torch.minimum(free, torch.zeros_like(free)), torch.maximum(free, torch.zeros_like(free))
    return torch.where(holds[:, None], torch.minimum(torch.maximum(around, low), high), anywhere * free)


def jitter_colour(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Augments colours: random channel gains, hue rotation, contrast, brightness and Gaussian noise."""
    count, device = len(pictures), pictures.device

    def draw(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator, device=device)

    gain = 0.8 + 0.4 * draw(3, 1, 1)
    contrast, lift = 0.8 + 0.45 * draw(1, 1, 1), 0.08 * (draw(1, 1, 1) - 0.4)
    turn = (draw(1, 1, 1) * 2 - 1) * 0.18
    turned = pictures + turn * (
        pictures.roll(1, dims=1) - pictures.roll(-1, dims=1)
    )  # a small hue rotation around the grey axis
    noise = torch.randn(pictures.shape, generator=generator, device=device) * 0.03 * draw(1, 1, 1) ** 2
    return ((turned * gain * contrast + lift) + noise).clamp(0, 1)


def _tensors(
    labelled: Sequence[LabelledImage], device: torch.device
) -> tuple[UInt8[Tensor, "N 3 height width"], Tensor, Int64[Tensor, "N M"]]:
    most = max(1, max((len(one.kinds) for one in labelled), default=1))
    boxes = np.ones((len(labelled), most, 4), np.float32)
    kinds = np.full((len(labelled), most), -1, np.int64)
    for number, one in enumerate(labelled):
        boxes[number, : len(one.kinds)], kinds[number, : len(one.kinds)] = one.boxes, one.kinds
    pictures = torch.from_numpy(np.stack([one.picture for one in labelled])).permute(0, 3, 1, 2).contiguous()
    return pictures.to(device), torch.from_numpy(boxes).to(device), torch.from_numpy(kinds).to(device)
