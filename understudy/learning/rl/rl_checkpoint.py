"""Files of reinforcement learning: the training state to resume from (practice.pt), and candidates for the gate."""

import dataclasses
import hashlib
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from understudy.contract import serialization
from understudy.contract.errors import CheckpointError, TrainingError
from understudy.learning.registry.candidates import load_active, stage, staged_path
from understudy.learning.registry.promotion import ancestors
from understudy.learning.rl.ppo_trainer import PPOTrainer, PPOTrainerConfig
from understudy.policies.checkpoint import BASE, Checkpoint, load_checkpoint, parent_now, save_checkpoint
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import Executor
from understudy.policies.policy_bundle import build_executor

_log = logging.getLogger(__name__)

POLICY = "executor"
RL_CHECKPOINT_NAME = "practice.pt"
PERSON = "person"
"""Name in the lineage of the weights cloned from the person: the reference policy of the KL penalty."""

SETTINGS_BEFORE = {
    "leash": "kl_coef",
    "clip": "clip_range",
    "epochs": "n_epochs",
    "furthest": "target_kl",
    "rest_share": "idle_keep_rate",
    "average": "ema_decay",
    "trust_s": "gae_horizon_s",
    "warm_up": "value_warmup_rollouts",
    "memory": "num_stored_rollouts",
    "share": "sample_fraction",
    "horizons_s": "discount_horizons_s",
    "life_stretches": "rollouts_per_episode",
    "stretch_ticks": "rollout_ticks",
}
"""Earlier names of settings in practice.pt -> current names."""
CURVE_BEFORE = {
    "explained": "explained_variance",
    "unlike_per_minute": "kl_to_reference",
    "moved_per_minute": "approx_kl",
    "clipped": "clip_fraction",
    "num_skipped": "num_skipped_steps",
}
"""Earlier names of the metrics in its curve -> current names."""


@dataclass
class TrainingProgress:
    """Progress of training; plain values."""

    seeds_used: int = 0
    world_ticks: int = 0
    curve: list[dict[str, float]] = field(default_factory=list)
    """Metrics of each rollout."""


class RLCheckpoint:
    """Loads the active policy and its reference policy, saves and restores training, stages candidates."""

    def __init__(self, models: Path, folder: Path) -> None:
        """Args: models: folder of the policies that play; folder: for the training state.

        Raises:
            CheckpointError: if the active policy cannot be used.
        """
        self.models, self.path = models, folder / RL_CHECKPOINT_NAME
        self.base = load_active(models, POLICY)
        self.reference = _load_reference(models, self.base)

    def save(self, trainer: PPOTrainer, progress: TrainingProgress, settings: dict[str, Any]) -> None:
        """Writes the training state atomically.

        Raises:
            CheckpointError: if it cannot be written; the previous state is untouched.
        """
        training = {"practice": trainer.state_dict(), "journey": dataclasses.asdict(progress), "settings": settings}
        save_checkpoint(
            self.path, Checkpoint(meta=self.base.meta, weights=trainer.policy.ema_state_dict, training=training)
        )

    def restore(self, trainer: PPOTrainer, settings: dict[str, Any]) -> TrainingProgress:
        """Restores a saved state into the trainer.

        Raises:
            CheckpointError: if there is none or it cannot be used.
            TrainingError: if its settings were others.
        """
        saved = load_checkpoint(self.path, POLICY, ENCODING)
        state = saved.training or {}
        if not all(isinstance(state.get(name), dict) for name in ("journey", "settings", "practice")):
            raise CheckpointError(f"{self.path} holds no practice to go on from: leave --resume out.")
        before, now = _flat(state["settings"]), _flat(settings)
        for name in now:
            if before.get(name) != now[name]:
                raise TrainingError(
                    f"{self.path} was practised with {name} {before.get(name)}, now {now[name]} is asked for: give the "
                    "same settings to resume, or leave --resume out to begin afresh."
                )
        try:
            trainer.load_state_dict(state["practice"])
            progress = serialization.from_plain(TrainingProgress, state["journey"])
        except Exception as problem:  # a state may contain anything, and torch raises exceptions of any type
            raise CheckpointError(f"{self.path} does not fit this policy: leave --resume out.") from problem
        progress.curve = [_modern(point, CURVE_BEFORE) for point in progress.curve]
        return progress

    def stage(self, weights: dict[str, Tensor], metrics: dict[str, float], what: str, name: str | None = None) -> Path:
        """Writes a candidate; returns its path.

        Args:
            weights: of the Executor.
            metrics: for its description.
            what: how it was trained, for its lineage: `practice` or `online`.
            name: of the candidate; the time by default.

        Raises:
            CheckpointError: if the weights are not finite or cannot be written.
        """
        digest = hashlib.sha256(f"{self.base.identity} {metrics}".encode()).hexdigest()[:16]
        parents = [parent_now(self.base.identity, BASE)]
        if not any(parent.what == PERSON for parent in self.base.meta.lineage):
            parents.append(parent_now(self.reference.identity, PERSON))
        parents.append(parent_now(digest, what))
        meta = dataclasses.replace(
            self.base.meta,
            lineage=(*self.base.meta.lineage, *parents),
            metrics={**self.base.meta.metrics, **{f"{what}_{key}": value for key, value in metrics.items()}},
            versions={},
        )
        path = staged_path(self.models, POLICY, name)
        stage(path, Checkpoint(meta=meta, weights=weights))
        return path


def to_plain_settings(settings: PPOTrainerConfig) -> dict[str, Any]:
    """Settings as plain values."""
    plain: dict[str, Any] = serialization.to_plain(settings)
    return plain


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Flattens nested settings to one dictionary with current names, each prefixed by its group's name."""
    flat: dict[str, Any] = {}
    for name, value in _modern(settings, SETTINGS_BEFORE).items():
        parts = _flat(value) if isinstance(value, dict) else None
        flat |= {name: value} if parts is None else {f"{name} {inner}": of for inner, of in parts.items()}
    return flat


def _load_reference(models: Path, base: Checkpoint) -> Checkpoint:
    """Loads the weights cloned from the person: an ancestor in the lineage, or the active policy without one."""
    named = [parent.identity for parent in base.meta.lineage if parent.what == PERSON]
    if not named or named[-1] == base.identity:
        return base
    if named[-1] in ancestors(models, POLICY):
        return load_checkpoint(next((models / POLICY / "history").glob(f"*_{named[-1]}.pt")), POLICY, ENCODING)
    _log.warning(
        "The weights that were cloned from the person (%s) are no longer in the history: the KL penalty is against "
        "the active policy.",
        named[-1],
    )
    return base


def load_policy_and_reference(store: RLCheckpoint) -> tuple[Executor, Executor]:
    """Loads the active policy, to be trained, and the reference policy."""
    return build_executor(store.base), build_executor(store.reference)


def _modern(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Renames earlier keys to their current names."""
    return {names.get(name, name): value for name, value in values.items()}
