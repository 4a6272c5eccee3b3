"""Trains one policy from recordings by behaviour cloning: upstream policies, model, task, `fit` and checkpoint.

A trained Strategist conditions the Tactician, and both condition the Executor; they are loaded from the folders beside
the output folder (models/v2/strategist beside models/v2/executor), the guide's layout.
"""

import dataclasses
import hashlib
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from understudy.contract import serialization
from understudy.contract.errors import FlagError, TooLittlePlayError
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.learning.data.cache.conditioning_cache import ConditioningCache
from understudy.learning.data.dataset import Dataset
from understudy.learning.data.episodes import episodes_of
from understudy.learning.data.gesture_segmentation import FEWEST_GESTURES
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.learning.data.motor_model_fit import fit_motor_model
from understudy.learning.data.tick_grid import certain_ticks
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.registry.policy_lock import training_lock
from understudy.learning.supervised.executor_task import ExecutorTask
from understudy.learning.supervised.strategist_task import StrategistTask
from understudy.learning.supervised.tactician_task import TacticianTask
from understudy.learning.training import rng_state
from understudy.learning.training.metric_logger import MetricLogger, run_folder
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig, FitProgress, FitResult, Task
from understudy.policies.checkpoint import (
    BEST,
    HELD_OUT,
    LAST,
    Checkpoint,
    CheckpointMeta,
    Parent,
    load_checkpoint,
    load_playing,
    parent_now,
)
from understudy.policies.declared.feature_layout import layout_of
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import Executor, ExecutorConfig, PointerPlaces
from understudy.policies.policy_bundle import build_strategist, build_tactician, hand_to_plain, require_layout
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.policies.timing.press_time import COMPONENTS

_log = logging.getLogger(__name__)

POLICIES = ("strategist", "tactician", "executor")
"""From the slowest to the fastest, which is the order of training."""
LEAST_SECOND_PASS = 0.25
"""Minimum fraction of all epochs for the pass over all data."""
MOST_HAND_H = 10.0
"""Hours of play to which the motor model is fitted at most."""
UPSTREAM = {"strategist": (), "tactician": ("strategist",), "executor": ("strategist", "tactician")}
"""Upstream policies of each policy, which condition it."""


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings for training one policy."""

    output_dir: Path
    """Folder for its checkpoints; its upstream policies are in the folders of their names beside it."""
    fit: FitConfig = field(default_factory=FitConfig)
    device: str = "auto"
    """`auto`, `cpu`, `cuda` or `cuda:1`."""
    threads: int = 1
    """Number of torch threads."""
    log_dir: Path = Path("logs/training")
    """Folder for learning curves, with a new sub-folder per run."""
    resume: bool = False
    """Resume from last_model.pt."""
    press_times: bool = False
    """The Executor predicts when the press of each gesture comes."""
    pointer_places: PointerPlaces = "each"
    """How the Executor's pointer samples the places of the map (ExecutorConfig)."""


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """A trained policy."""

    policy: str
    fit: FitResult
    device: str
    log_folder: Path


def train_policy(
    policy: str,
    dataset: Dataset,
    settings: TrainSettings,
    progress: Callable[[FitProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> TrainResult:
    """Trains one policy of POLICIES.

    A small dataset (`Dataset.is_small`) is trained on twice: in `output_dir`/held_out without the held-out sessions, to
    measure the policy and its best number of epochs; then in `output_dir` on all data, for about that many epochs.

    Raises:
        TrainingError: on too little data or too many unusable steps, or if another process trains into the folder.
        CheckpointError: if checkpoints cannot be written or read.
    """
    torch.set_num_threads(settings.threads)
    with training_lock(settings.output_dir):
        return _train_alone(policy, dataset, settings, progress, stop)


def _train_alone(
    policy: str,
    dataset: Dataset,
    settings: TrainSettings,
    progress: Callable[[FitProgress], None] | None,
    stop: Callable[[], bool] | None,
) -> TrainResult:
    """Trains while the folder's lock is held."""
    if not dataset.is_small:
        return _train(policy, dataset, settings, settings.output_dir, None, progress, stop)
    if not settings.resume:
        (settings.output_dir / LAST).unlink(missing_ok=True)  # of an earlier run: the second pass would resume from it
    judged = _train(policy, dataset, settings, settings.output_dir / HELD_OUT, None, progress, stop)
    if not judged.fit.finished:
        return judged
    held_out_twin = load_checkpoint(judged.fit.best_path, policy, ENCODING)
    settings = dataclasses.replace(
        settings,
        fit=dataclasses.replace(settings.fit, last_epoch=_epochs_of_second_pass(judged.fit.best_epoch, settings.fit)),
        resume=settings.resume and (settings.output_dir / LAST).exists(),
    )
    whole = _train(policy, dataset.with_validation_merged, settings, settings.output_dir, held_out_twin, progress, stop)
    both = dataclasses.replace(
        whole.fit,
        num_steps=judged.fit.num_steps + whole.fit.num_steps,
        num_skipped=judged.fit.num_skipped + whole.fit.num_skipped,
        seconds=judged.fit.seconds + whole.fit.seconds,
    )
    return dataclasses.replace(whole, fit=both)


def _epochs_of_second_pass(best_epoch: int, config: FitConfig) -> int:
    """Returns the number of epochs of the second pass: the best epoch, but at least a minimum fraction of all.

    Play improves for a while after the likelihood of one held-out session stops improving (docs/log.md).
    """
    return max(best_epoch, round(LEAST_SECOND_PASS * config.epochs))


def _train(
    policy: str,
    dataset: Dataset,
    settings: TrainSettings,
    folder: Path,
    held_out_twin: Checkpoint | None,
    progress: Callable[[FitProgress], None] | None,
    stop: Callable[[], bool] | None,
) -> TrainResult:
    """Runs one pass into `folder`; validates on held-out sessions unless an earlier pass (`twin`) did."""
    device = resolve_device(settings.device)
    upstream, parents = load_upstream(policy, settings.output_dir, judged=folder != settings.output_dir)
    with rng_state.seeded_rng(settings.fit.seed, device):
        task, config = build_task(policy, dataset, upstream, device, settings)
    of_twin = () if held_out_twin is None else (parent_now(held_out_twin.identity, HELD_OUT),)
    meta = CheckpointMeta(
        policy=policy,
        encoding=ENCODING,
        config=serialization.to_plain(config),
        hand=hand_to_plain(fit_hand_from_dataset(dataset.train, dataset.profile)) if policy == "executor" else {},
        game=dataset.profile.note,
        data_hash=_data_hash(dataset, parents),
        lineage=(parent_now(dataset.data_hash, "recordings"), *parents, *of_twin),
        metrics={} if held_out_twin is None else held_out_twin.meta.metrics,
    )
    curves = run_folder(settings.log_dir, policy)
    with MetricLogger(curves) as journal:
        result = fit(
            task,
            dataclasses.replace(settings.fit, selection_metric=CHOOSE_BY[policy] if held_out_twin is None else None),
            folder,
            meta,
            journal=journal,
            progress=progress,
            stop=stop,
            resume=settings.resume,
        )
    return TrainResult(policy=policy, fit=result, device=str(device), log_folder=curves)


CHOOSE_BY = {"strategist": "accuracy", "tactician": "choice", "executor": "choice"}
"""Validation metric that selects best_model.pt. `choice` is a likelihood: for a distribution that is sampled or passed
on, top-1 accuracy predicts little of the play."""


def build_task(
    policy: str, dataset: Dataset, upstream: UpstreamPolicies, device: torch.device, settings: TrainSettings
) -> tuple[Task[Any], Any]:
    """Builds the policy's task with a new model (initialised from torch's global generator), and its config.

    Raises:
        TrainingError: if there are too few clicks, whatever the policy: without them no Executor can follow.
        CheckpointError: if the features of an upstream policy are laid out for another profile.
    """
    train, held_out, layout = dataset.train, dataset.validation, layout_of(dataset.profile)
    _require_gestures(train)
    for name, level in (("strategist", upstream.strategist), ("tactician", upstream.tactician)):
        if level is not None:
            require_layout(name, level.config.layout, dataset.profile)
    if policy == "strategist":
        strategist = StrategistConfig(layout=layout)
        return StrategistTask(train, held_out, Strategist(strategist).to(device), device), strategist
    if policy == "tactician":
        tactician = TacticianConfig(layout=layout)
        return TacticianTask(train, held_out, Tactician(tactician).to(device), device, upstream), tactician
    executor = ExecutorConfig(
        press_times=COMPONENTS if settings.press_times else 0, pointer_places=settings.pointer_places, layout=layout
    )
    model = Executor(executor).to(device)
    hand = fit_hand_from_dataset(train, dataset.profile)
    return ExecutorTask(train, held_out, model, device, upstream, dataset.profile, hand), executor


def _require_gestures(labelled_episodes: Sequence[LabelledEpisode]) -> None:
    gestures = sum(summary.num_gestures for summary in episodes_of(labelled_episodes).summaries)
    if gestures < FEWEST_GESTURES:
        raise TooLittlePlayError(
            f"The recordings hold {gestures} clicks to learn from, at least {FEWEST_GESTURES} are needed",
            "record play in which the mouse is used.",
        )


def fit_hand_from_dataset(labelled_episodes: Sequence[LabelledEpisode], profile: Profile) -> np.void:
    """Fits the person's motor model, a record of dtype MOTOR_MODEL, to the training split alone.

    Of more than MOST_HAND_H of play, to the first so many hours: their gestures already fill every quantile.
    """
    episodes = episodes_of(labelled_episodes)
    ends = np.cumsum([summary.num_ticks for summary in episodes.summaries])
    chosen = max(1, int(np.searchsorted(ends, MOST_HAND_H * 3600 * TICK_RATE_HZ, side="right")))
    hands = [episodes.hand(number) for number in range(min(chosen, len(episodes)))]
    return fit_motor_model(
        [(None, actions, gestures) for actions, gestures, _ in hands],
        [None if filled is None else certain_ticks(filled) for _, _, filled in hands],
        aspect=profile.window_height / profile.window_width,
    )


def load_upstream(
    policy: str, output_dir: Path, *, judged: bool = False
) -> tuple[UpstreamPolicies, tuple[Parent, ...]]:
    """Loads the upstream policies of `policy`; warns of a missing one and does without it.

    Args:
        policy: one of POLICIES.
        output_dir: of `policy`; the others are beside it.
        judged: prefer the twins that were trained without the held-out sessions.
    """
    found: dict[str, Any] = {}
    parents = []
    for name in UPSTREAM[policy]:
        path = output_dir.parent / name / BEST
        if not path.exists():
            _log.warning("There is no %s: the %s is trained without the %s's advice.", path, policy, name)
            continue
        checkpoint = load_playing(path.parent, name, ENCODING, judged=judged)
        found[name] = build_strategist(checkpoint) if name == "strategist" else build_tactician(checkpoint)
        parents.append(parent_now(checkpoint.identity, name))
    ids = {parent.what: parent.identity for parent in parents}
    upstream = ConditioningCache(
        **found, strategist_id=ids.get("strategist", ""), tactician_id=ids.get("tactician", "")
    )
    return upstream, tuple(parents)


def resolve_device(wanted: str) -> torch.device:
    """Returns the device of that name; without CUDA warns and returns the CPU.

    Raises:
        FlagError: if torch has no such device.
    """
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if re.fullmatch(r"cpu|cuda(:\d+)?", wanted) is None:
        raise FlagError(f"--device {wanted} is no device: give auto, cpu, cuda or cuda:1.")
    kind, _, number = wanted.partition(":")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        _log.warning(
            "There is no CUDA device %s on this machine (or this torch cannot use it): the CPU does it.", wanted
        )
        return torch.device("cpu")
    return torch.device(wanted)


def _data_hash(dataset: Dataset, parents: tuple[Parent, ...]) -> str:
    """Returns the hash of the recordings and the upstream weights, which together determine the samples."""
    text = " ".join([dataset.data_hash, *(parent.identity for parent in parents)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
