"""Trains a detector and writes it as ONNX: from rendered scenes of the embedded game, or from labelled screenshots."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from understudy.contract import serialization
from understudy.contract.profile import Profile
from understudy.learning.detector.network import DetectorConfig, DetectorNetwork
from understudy.learning.detector.onnx_export import export_onnx
from understudy.learning.detector.synthetic_scenes import LabelledImage, random_scenes, teacher_scenes
from understudy.learning.detector.task import DetectorTask, padded_size
from understudy.learning.detector.yolo_dataset import read_labelled, split
from understudy.learning.registry.policy_lock import expect_no_training, training_lock
from understudy.learning.supervised.train_policy import resolve_device
from understudy.learning.training import rng_state
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig, FitProgress, FitResult
from understudy.policies.checkpoint import CheckpointMeta, load_checkpoint

PICTURE_HEIGHT, PICTURE_WIDTH = 360, 640
"""Pixels that the detector sees: half of a 1280 x 720 window."""
ENCODING = "detector-1"
"""Name of the network's design in its checkpoints."""
HELD_OUT_SEED = 7_000_000
"""Where the worlds of held-out pictures begin, within the seeds for choosing (2^32 on)."""


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """How to train a detector."""

    out: Path
    """The ONNX file."""
    output_dir: Path
    """Where the checkpoints go."""
    num_pictures: int = 1200
    """Rendered pictures to learn from."""
    num_held_out: int = 120
    """Pictures of the game's own maps, never learned from."""
    crop: int | None = 224
    """Side of the part of a picture that a step looks at; None for all of it."""
    start: Path | None = None
    """Checkpoint of an earlier detector to go on from; what does not fit (other classes) begins anew."""
    images: Path | None = None
    """A folder of screenshots in place of the embedded game."""
    labels: Path | None = None
    """Their labels."""
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
    precisions: dict[str, float]
    """Average precision at an overlap of one half by class, on held-out pictures."""
    num_parameters: int


def train_detector(
    settings: DetectorSettings,
    profile: Profile,
    drawing: Callable[[int, int], None] | None = None,
    progress: Callable[[FitProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> DetectorResult:
    """Draws or reads the pictures, fits the network, writes the ONNX file.

    Args:
        settings: how.
        profile: the game whose scenes are drawn and whose kinds are the classes; unused with screenshots.
        drawing: told how many pictures there are, and of how many.
        progress: told of every step.
        stop: asked after every step.

    Raises:
        TrainingError: if there is nothing to learn from, or another process trains into the folder.
    """
    torch.set_num_threads(settings.threads)
    expect_no_training(settings.output_dir)  # before the pictures are drawn
    device = resolve_device(settings.device)
    training, held_out, names = gather(settings, profile, drawing)
    config = DetectorConfig(names=names)
    with rng_state.seeded_rng(settings.fit.seed, device):
        covered = () if settings.images is not None else profile.panels
        task = DetectorTask(config, training, held_out, device, settings.crop, covered)
    if settings.start is not None:
        install_weights(task.model, load_checkpoint(settings.start, "detector", ENCODING).weights)
    meta = CheckpointMeta(policy="detector", encoding=ENCODING, config=serialization.to_plain(config))
    with training_lock(settings.output_dir):
        result = fit(task, settings.fit, settings.output_dir, meta, progress=progress, stop=stop)
    network = DetectorNetwork(config)
    network.load_state_dict(load_checkpoint(result.best_path, "detector", ENCODING).weights)
    precisions = task.precisions(network.to(device).eval())
    facts = {
        "description": f"{len(training)} pictures, {result.num_steps} steps, mAP50 {result.metrics['map50']:.3f}",
        "date": datetime.now(UTC).date().isoformat(),
    }
    export_onnx(network, settings.out, *padded_size(*training[0].picture.shape[:2]), facts)
    return DetectorResult(
        path=settings.out,
        names=names,
        fit=result,
        num_training=len(training),
        num_held_out=len(held_out),
        precisions=dict(zip(names, precisions.tolist(), strict=True)),
        num_parameters=sum(parameter.numel() for parameter in network.parameters()),
    )


def install_weights(network: DetectorNetwork, weights: dict[str, torch.Tensor]) -> int:
    """Puts those weights into a network that fit it; returns how many did."""
    own = network.state_dict()
    fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    network.load_state_dict(own | fitting)
    return len(fitting)


def gather(
    settings: DetectorSettings, profile: Profile, drawing: Callable[[int, int], None] | None = None
) -> tuple[list[LabelledImage], list[LabelledImage], tuple[str, ...]]:
    """Pictures to learn from, pictures held out, and the names of their classes."""
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
