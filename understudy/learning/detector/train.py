"""Trains the object detector on rendered scenes of the simulator or labelled screenshots, and exports it to ONNX."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from understudy.contract import serialization
from understudy.contract.profile import Profile, Rectangle
from understudy.learning.detector.class_quality import ClassQuality, class_qualities
from understudy.learning.detector.mean_average_precision import average_precisions
from understudy.learning.detector.network import DetectorConfig, DetectorNetwork
from understudy.learning.detector.onnx_export import export_onnx
from understudy.learning.detector.start_weights import start_from
from understudy.learning.detector.synthetic_scenes import LabelledImage, random_scenes, teacher_scenes
from understudy.learning.detector.task import DetectorTask, padded_size
from understudy.learning.detector.yolo_dataset import read_labelled, split
from understudy.learning.registry.policy_lock import expect_no_training, training_lock
from understudy.learning.supervised.train_policy import resolve_device
from understudy.learning.training import rng_state
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig, FitProgress, FitResult
from understudy.perception.label_map import confidences_of_labels, unknown_classes
from understudy.perception.model_files.game_note import game_metadata
from understudy.policies.checkpoint import CheckpointMeta, load_checkpoint

PICTURE_HEIGHT, PICTURE_WIDTH = 360, 640
"""Input size of the detector, pixels: half of a 1280 x 720 window."""
ENCODING = "detector-1"
"""Version of the network architecture in its checkpoints."""
NUM_UNFOLDING = 32
"""Pictures on which the batch norms of an exported file are unfolded."""
HELD_OUT_SEED = 7_000_000
"""Offset of the held-out worlds in the validation seeds, which start at 2^32."""


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """Settings of detector training."""

    out: Path
    """The ONNX file."""
    output_dir: Path
    """Folder of the checkpoints."""
    num_pictures: int = 1200
    """Number of rendered training pictures."""
    num_held_out: int = 120
    """Number of held-out pictures, on the game's own maps."""
    crop: int | None = 224
    """Side of the training crops, pixels; None for whole pictures."""
    start: Path | None = None
    """Checkpoint or exported file to go on from, or the word `shipped`; other classes begin with random weights."""
    images: Path | None = None
    """Folder of screenshots to train on instead of rendered scenes."""
    labels: Path | None = None
    """Folder of their labels."""
    fit: FitConfig = field(default_factory=FitConfig)
    device: str = "auto"
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class DetectorResult:
    """A trained detector."""

    path: Path
    names: tuple[str, ...]
    fit: FitResult
    num_training: int
    num_held_out: int
    qualities: tuple[ClassQuality, ...]
    """How each class does on held-out pictures, at the profile's confidence."""
    num_parameters: int


def train_detector(
    settings: DetectorSettings,
    profile: Profile,
    drawing: Callable[[int, int], None] | None = None,
    progress: Callable[[FitProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> DetectorResult:
    """Renders or reads the pictures, trains the network, and writes the ONNX file.

    Args:
        settings: of the training.
        profile: the game whose scenes are rendered and whose kinds are the classes, and whose confidences are judged.
        drawing: called after each rendered picture with the number done and the total.
        progress: called after every training step.
        stop: called after every training step; True ends the training.

    Raises:
        CheckpointError: if there is nothing to start from.
        TrainingError: if there are no usable pictures, the ONNX file cannot be written, or another process trains into
            the folder.
    """
    torch.set_num_threads(settings.threads)
    expect_no_training(settings.output_dir)  # before the pictures are drawn
    training, held_out, names = gather(settings, profile, drawing)
    covered = () if settings.images is not None else profile.panels
    return fit_pictures(settings, profile, training, held_out, names, covered, progress, stop)[0]


def fit_pictures(
    settings: DetectorSettings,
    profile: Profile,
    training: Sequence[LabelledImage],
    held_out: Sequence[LabelledImage],
    names: tuple[str, ...],
    covered: tuple[Rectangle, ...],
    progress: Callable[[FitProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> tuple[DetectorResult, DetectorTask]:
    """Trains the network on labelled pictures of one size, and writes the ONNX file.

    Args:
        settings: of the training.
        profile: the game whose confidences are judged.
        training: pictures to learn from.
        held_out: pictures to judge by, of the same size.
        names: of the classes.
        covered: parts of the window that panels cover, which are not judged.
        progress: called after every training step.
        stop: called after every training step; True ends the training.

    Returns:
        The result, and the task with the best weights.

    Raises:
        CheckpointError, TrainingError: as `train_detector`.
    """
    torch.set_num_threads(settings.threads)
    device, config = resolve_device(settings.device), DetectorConfig(names=names)
    with rng_state.seeded_rng(settings.fit.seed, device):
        task = DetectorTask(config, training, held_out, device, settings.crop, covered)
    if settings.start is not None:
        start_from(task.model, settings.start, ENCODING, task.pictures(NUM_UNFOLDING))
    meta = CheckpointMeta(policy="detector", encoding=ENCODING, config=serialization.to_plain(config))
    with training_lock(settings.output_dir):
        result = fit(task, settings.fit, settings.output_dir, meta, progress=progress, stop=stop)
    task.model.load_state_dict(load_checkpoint(result.best_path, "detector", ENCODING).weights)
    found, truth = task.detections(task.model.eval())
    precisions = average_precisions(found, truth, len(names))
    confidences = confidences_of_labels(names, profile).astype(np.float64)
    facts = {
        "description": f"{len(training)} pictures, {result.num_steps} steps, mAP50 {result.metrics['map50']:.3f}",
        "date": datetime.now(UTC).date().isoformat(),
    }
    if not unknown_classes(names, profile):  # screenshots may be of another game than the profile that was not given
        facts |= game_metadata(profile.note)
    network = DetectorNetwork(config)
    network.load_state_dict({name: value.cpu() for name, value in task.model.state_dict().items()})
    export_onnx(network, settings.out, *padded_size(*training[0].picture.shape[:2]), facts)
    done = DetectorResult(
        path=settings.out,
        names=names,
        fit=result,
        num_training=len(training),
        num_held_out=len(held_out),
        qualities=class_qualities(found, truth, names, confidences, precisions),
        num_parameters=sum(parameter.numel() for parameter in task.model.parameters()),
    )
    return done, task


def gather(
    settings: DetectorSettings, profile: Profile, drawing: Callable[[int, int], None] | None = None
) -> tuple[list[LabelledImage], list[LabelledImage], tuple[str, ...]]:
    """Returns the training pictures, the held-out pictures, and the names of the classes.

    Raises:
        TrainingError: if screenshots or labels cannot be read, or are too few.
    """
    if settings.images is not None and settings.labels is not None:
        pictures, names = read_labelled(settings.images, settings.labels, PICTURE_HEIGHT, PICTURE_WIDTH)
        return *split(pictures), names
    total = settings.num_pictures + settings.num_held_out
    made_up = random_scenes(profile, settings.num_pictures, settings.fit.seed, PICTURE_HEIGHT)
    training = _counted(made_up, drawing, 0, total)
    half = settings.num_held_out // 2
    worlds = np.arange(max(1, half // 8), dtype=np.uint64) + np.uint64(2**32 + HELD_OUT_SEED)
    played = teacher_scenes(profile, worlds, 4.0, 4.0 * half / len(worlds), PICTURE_HEIGHT)
    held_out = _counted(played, drawing, settings.num_pictures, total)
    crowds = random_scenes(profile, settings.num_held_out - len(held_out), -1, PICTURE_HEIGHT, own_maps=True)
    held_out += _counted(crowds, drawing, settings.num_pictures + len(held_out), total)
    return training, held_out, tuple(kind.name for kind in profile.kinds)


def _counted(
    pictures: Iterable[LabelledImage], drawing: Callable[[int, int], None] | None, before: int, total: int
) -> list[LabelledImage]:
    drawn = []
    for picture in pictures:
        drawn.append(picture)
        if drawing is not None:
            drawing(before + len(drawn), total)
    return drawn
