"""Trains a detector on what was found in play: once on the found boxes, and once more with what it then finds itself.

The second round is self-training (Yarowsky 1995; for detectors Sohn et al. 2020, arXiv 2005.04757): blobs that stood
out too little are found by the first network, and would else be taught as background. Between the rounds the boxes get
the size by which the profile's selection ring is where the game draws it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Ring
from understudy.learning.detector.discovery_pictures import (
    FoundFrame,
    FoundPictures,
    compose,
    labelled,
    read_found_pictures,
    resized,
    split_found,
    with_more_boxes,
)
from understudy.learning.detector.mean_average_precision import Found as Detected
from understudy.learning.detector.synthetic_scenes import LabelledImage
from understudy.learning.detector.train import (
    PICTURE_HEIGHT,
    PICTURE_WIDTH,
    DetectorResult,
    DetectorSettings,
    fit_pictures,
)
from understudy.learning.training.trainer_config import FitProgress
from understudy.perception.discovery.selection_rings import ring_radii

SURE = 0.35
"""Least confidence of a detection that becomes a box of the second round."""
SECOND_ROUND = 0.6
"""Epochs of the second round, as a share of the first's."""
SEED_STEP = 9
MAX_FACTOR = 1.6
"""Largest factor between a found box and the one by which the ring fits."""


def train_on_discovery(
    folder: Path,
    settings: DetectorSettings,
    profile: Profile,
    progress: Callable[[FitProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> DetectorResult:
    """Trains in two rounds, and writes the ONNX file; its classes are the kept kinds.

    Args:
        folder: of a discovery; its recordings are read again.
        settings: of the training; `images` and `labels` are not used.
        profile: whose confidences are judged.
        progress: called after every training step.
        stop: called after every training step; True ends the training.

    Raises:
        WireError, RecordingError: if the discovery or its recordings cannot be read.
        TrainingError: if there is too little to train on.
    """
    found, held_out = split_found(read_found_pictures(folder, settings.fit.seed))
    judged = [_sized(frame) for frame in held_out]
    first = replace(settings, output_dir=settings.output_dir / "first_round", out=settings.output_dir / "first.onnx")
    training = [_sized(frame) for frame in compose(found, settings.fit.seed)]
    covered = found.panels
    result, task = fit_pictures(first, profile, training, judged, found.names, covered, progress, stop)
    if not result.fit.finished:
        return result
    detections = task.find([_sized(frame).picture for frame in found.frames])
    more = replace(found, frames=_with_detections(found, detections))
    factors = size_factors(found, detections, profile)
    more = replace(more, frames=resized(more.frames, factors), sides=more.sides * factors[:, None])
    judged = [_sized(frame) for frame in resized(held_out, factors)]
    training = [_sized(frame) for frame in compose(more, settings.fit.seed + SEED_STEP)]
    epochs = max(1, round(SECOND_ROUND * settings.fit.epochs))
    second = replace(settings, fit=replace(settings.fit, epochs=epochs), start=result.fit.best_path)
    return fit_pictures(second, profile, training, judged, found.names, covered, progress, stop)[0]


def _sized(frame: FoundFrame) -> LabelledImage:
    return labelled(frame, PICTURE_WIDTH, PICTURE_HEIGHT)


def size_factors(found: FoundPictures, detections: Sequence[Detected], profile: Profile) -> Float32[np.ndarray, " K"]:
    """Returns by how much the boxes of each class have to grow for the profile's selection ring to fit around them.

    1 for a class around which too few rings are seen, and where the profile has no ring.
    """
    factors = np.ones(len(found.sides), np.float32)
    ring = None if profile.eye is None else profile.eye.selected
    if not isinstance(ring, Ring):
        return factors
    sure = [_sure(frame, one) for frame, one in zip(found.frames, detections, strict=True)]
    pictures = [frame.picture for frame in found.frames]
    radii = ring_radii(pictures, [boxes for boxes, _ in sure], [kinds for _, kinds in sure], ring.colour)
    margin = ring.margin * found.frames[0].picture.shape[1] / profile.window_width
    for kind, radius in radii.items():
        factor = (radius - margin) / ring.scale / max(found.sides[kind])
        if 1 / MAX_FACTOR < factor < MAX_FACTOR:
            factors[kind] = factor
    return factors


def _with_detections(found: FoundPictures, detections: Sequence[Detected]) -> list[FoundFrame]:
    """Adds what the first network is sure of to the frames, outside the panels."""
    added = []
    for frame, one in zip(found.frames, detections, strict=True):
        tall, wide = frame.picture.shape[:2]
        boxes, kinds = _sure(frame, one)
        free = [
            not any(panel.contains(float(x) / wide, float(y) / tall) for panel in found.panels) for x, y in boxes[:, :2]
        ]
        added.append(with_more_boxes(frame, boxes[free], kinds[free], found.sides))
    return added


def _sure(frame: FoundFrame, detected: Detected) -> tuple[Float32[np.ndarray, "D 4"], Int64[np.ndarray, " D"]]:
    """Returns boxes and kinds of what the network is sure of, the surest first, in pixels of the small frame."""
    kinds, scores, boxes = detected
    tall, wide = frame.picture.shape[:2]
    scale = np.array([wide / PICTURE_WIDTH, tall / PICTURE_HEIGHT] * 2, np.float32)
    order = [number for number in np.argsort(-scores) if scores[number] >= SURE]
    return boxes[order].astype(np.float32) * scale, kinds[order].astype(np.int64)
