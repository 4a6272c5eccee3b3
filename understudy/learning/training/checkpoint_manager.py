"""Checkpoint manager of a training run: saves best_model.pt, last_model.pt and checkpoint_epoch_N.pt, and restores."""

import copy
import dataclasses
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from understudy.contract.errors import CheckpointError, TrainingError
from understudy.learning.training.train_state import FitState
from understudy.policies.checkpoint import (
    BEST,
    EPOCH,
    LAST,
    Checkpoint,
    CheckpointMeta,
    load_checkpoint,
    save_checkpoint,
)

_log = logging.getLogger(__name__)


class CheckpointManager:
    """Keeps a run's checkpoints in one folder.

    Epochs can be shorter than a write, so best_model.pt and last_model.pt are written at most every `interval_s`
    seconds and at the end of the run; a resumed run exactly repeats the steps that a crash lost.
    """

    def __init__(
        self,
        folder: Path,
        meta: CheckpointMeta,
        settings: dict[str, Any],
        interval_s: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Args: settings: values that must be equal to resume a run, by name; saved with the training state."""
        self.folder = folder
        self._meta = meta
        self._settings = settings
        self._interval_s = interval_s
        self._clock = clock
        self._written_s = clock()
        self._best: Checkpoint | None = None

    def mark_best(self, state: FitState) -> None:
        """Marks the averaged weights as the best so far; `save_if_due` or `save_now` writes them."""
        self._best = self._checkpoint(state, with_training=False)

    def save_if_due(self, state: FitState, snapshot: bool) -> None:
        """Writes the checkpoints that are due; called after each epoch.

        Raises:
            CheckpointError: if the disk is full.
        """
        if snapshot:
            name = EPOCH.format(epoch=state.epoch)
            save_checkpoint(self.folder / name, self._checkpoint(state, with_training=True))
        if self._clock() - self._written_s >= self._interval_s:
            self.save_now(state)

    def save_now(self, state: FitState) -> None:
        """Writes best_model.pt (if there is a new best) and last_model.pt now.

        Raises:
            CheckpointError: if the disk is full.
        """
        if self._best is not None:
            save_checkpoint(self.folder / BEST, self._best)
            self._best = None
        save_checkpoint(self.folder / LAST, self._checkpoint(state, with_training=True))
        self._written_s = self._clock()

    def restore(self, state: FitState) -> bool:
        """Restores last_model.pt into `state`; returns False if there is none and the run starts new.

        Raises:
            CheckpointError: if it cannot be read or holds no training state.
            TrainingError: if it belongs to another run (different settings or recordings).
        """
        path = self.folder / LAST
        if not path.exists():
            _log.warning("There is no %s to resume from: training begins afresh.", path)
            return False
        saved = load_checkpoint(path, self._meta.policy, self._meta.encoding)
        training = saved.training or {}
        if not all(isinstance(training.get(name), dict) for name in ("settings", "state")):
            raise CheckpointError(f"{path} holds no training state: it cannot be resumed, leave --resume out.")
        self._refuse_another_run(path, saved)
        try:
            state.load_state_dict(training["state"], saved.weights)
        except Exception as problem:  # a state may contain anything, and torch raises exceptions of any type
            raise CheckpointError(f"{path} does not fit this model: leave --resume out to train afresh.") from problem
        return True

    def _refuse_another_run(self, path: Path, saved: Checkpoint) -> None:
        assert saved.training is not None
        for name, value in self._settings.items():
            before = saved.training["settings"].get(name)
            if before != value:
                raise TrainingError(
                    f"{path} was trained with {name} {before}, now {value} is given: give the same settings to "
                    "resume, or leave --resume out to train afresh."
                )
        if saved.meta.data_hash != self._meta.data_hash:
            raise TrainingError(
                f"{path} was trained on other recordings or upstream weights than those given now: give the same ones "
                "to resume, or leave --resume out to train afresh."
            )

    def _checkpoint(self, state: FitState, with_training: bool) -> Checkpoint:
        weights: dict[str, Tensor] = copy.deepcopy(state.average.model.state_dict())
        return Checkpoint(
            meta=dataclasses.replace(self._meta, metrics=state.metrics, epoch=state.epoch),
            weights=weights,
            training={"settings": self._settings, "state": state.state_dict()} if with_training else None,
        )
