"""Trains a detector on what was found in play: once on the found boxes, and once more with what it then finds itself.

The second round is self-training (Yarowsky 1995; for detectors Sohn et al. 2020, arXiv 2005.04757): blobs that stood
out too little are found by the first network, and would else be taught as background.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from understudy.contract.profile import Profile
from understudy.learning.detector.discovery_pictures import (
    FoundFrame,
    FoundPictures,
    compose,
    labelled,
    read_found_pictures,
    split_found,
    with_more_boxes,
)
from understudy.learning.detector.synthetic_scenes import LabelledImage
from understudy.learning.detector.task import DetectorTask
from understudy.learning.detector.train import (
    PICTURE_HEIGHT,
    PICTURE_WIDTH,
    DetectorResult,
    DetectorSettings,
    fit_pictures,
)
from understudy.learning.training.trainer_config import FitProgress

SURE = 0.35
"""Least confidence of a detection that becomes a box of the second round."""
SECOND_ROUND = 0.6
"""Epochs of the second round, as a share of the first's."""
SEED_STEP = 9


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
    more = replace(found, frames=_with_detections(found, task))
    training = [_sized(frame) for frame in compose(more, settings.fit.seed + SEED_STEP)]
    epochs = max(1, round(SECOND_ROUND * settings.fit.epochs))
    second = replace(settings, fit=replace(settings.fit, epochs=epochs), start=result.fit.best_path)
    return fit_pictures(second, profile, training, judged, found.names, covered, progress, stop)[0]


def _sized(frame: FoundFrame) -> LabelledImage:
    return labelled(frame, PICTURE_WIDTH, PICTURE_HEIGHT)


@torch.no_grad()
def _with_detections(found: FoundPictures, task: DetectorTask) -> list[FoundFrame]:
    """Adds what the first network is sure of to the frames, outside the panels."""
    detections = task.find([_sized(frame).picture for frame in found.frames])
    added = []
    for frame, (kinds, scores, boxes) in zip(found.frames, detections, strict=True):
        tall, wide = frame.picture.shape[:2]
        scale = np.array([wide / PICTURE_WIDTH, tall / PICTURE_HEIGHT] * 2, np.float32)
        order = [number for number in np.argsort(-scores) if scores[number] >= SURE]
        places = boxes[order].astype(np.float32) * scale
        free = [
            not any(panel.contains(float(x) / wide, float(y) / tall) for panel in found.panels)
            for x, y in places[:, :2]
        ]
        added.append(with_more_boxes(frame, places[free], kinds[order][free].astype(np.int64), found.sides))
    return added
