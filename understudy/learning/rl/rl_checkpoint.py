"""What practice leaves on disk: its whole state, to go on from, and candidates, for the gate to judge."""

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
"""What the lineage calls the weights that were cloned from the person: the reference of the KL penalty."""

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
"""Names of settings in practice.pt before they were given the field's own, and the names now."""
CURVE_BEFORE = {
    "explained": "explained_variance",
    "unlike_per_minute": "kl_to_reference",
    "moved_per_minute": "approx_kl",
    "clipped": "clip_fraction",
    "num_skipped": "num_skipped_steps",
}
"""The same of the points of its curve."""


@dataclass
class TrainingProgress:
    """How far practice has come; plain values."""

    seeds_used: int = 0
    world_ticks: int = 0
    curve: list[dict[str, float]] = field(default_factory=list)
    """A point for each stretch, as it is drawn."""


class RLCheckpoint:
    """Reads what practice begins with, keeps what it has come to."""

    def __init__(self, models: Path, folder: Path) -> None:
        """Args: models: of the policies that play; folder: for the state.

        Raises:
            CheckpointError: if what plays is not usable.
        """
        self.models, self.path = models, folder / RL_CHECKPOINT_NAME
        self.base = load_active(models, POLICY)
        self.person = _load_reference(models, self.base)

    def save(self, trainer: PPOTrainer, progress: TrainingProgress, settings: dict[str, Any]) -> None:
        """Writes the state, whole or not at all.

        Raises:
            CheckpointError: if the disk takes no more; what was there before is untouched.
        """
        training = {"practice": trainer.state_dict(), "journey": dataclasses.asdict(progress), "settings": settings}
        save_checkpoint(
            self.path, Checkpoint(meta=self.base.meta, weights=trainer.policy.ema_state_dict, training=training)
        )

    def restore(self, trainer: PPOTrainer, settings: dict[str, Any]) -> TrainingProgress:
        """Puts a state that was saved back into `practice`.

        Raises:
            CheckpointError: if there is none or it cannot be used.
            TrainingError: if it was practised with other settings.
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
        except Exception as problem:  # a state may hold anything, and torch raises of all kinds
            raise CheckpointError(f"{self.path} does not fit this policy: leave --resume out.") from problem
        progress.curve = [_modern(point, CURVE_BEFORE) for point in progress.curve]
        return progress

    def stage(self, weights: dict[str, Tensor], metrics: dict[str, float], what: str, name: str | None = None) -> Path:
        """Writes a candidate; returns where.

        Args:
            weights: of the Executor.
            metrics: what it has shown.
            what: how it was learnt, for its lineage: `practice` or `online`.
            name: of the candidate; the time by default.

        Raises:
            CheckpointError: if the weights are not numbers or cannot be written.
        """
        digest = hashlib.sha256(f"{self.base.identity} {metrics}".encode()).hexdigest()[:16]
        parents = [parent_now(self.base.identity, BASE)]
        if not any(parent.what == PERSON for parent in self.base.meta.lineage):
            parents.append(parent_now(self.person.identity, PERSON))
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
    told: dict[str, Any] = serialization.to_plain(settings)
    return told


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings within settings, each under today's name, behind the name of the settings that hold it."""
    told: dict[str, Any] = {}
    for name, value in _modern(settings, SETTINGS_BEFORE).items():
        parts = _flat(value) if isinstance(value, dict) else None
        told |= {name: value} if parts is None else {f"{name} {inner}": of for inner, of in parts.items()}
    return told


def _load_reference(models: Path, base: Checkpoint) -> Checkpoint:
    """The weights that were cloned from the person: an ancestor by the lineage, or what plays if nothing was learnt."""
    named = [parent.identity for parent in base.meta.lineage if parent.what == PERSON]
    if not named or named[-1] == base.identity:
        return base
    if named[-1] in ancestors(models, POLICY):
        return load_checkpoint(next((models / POLICY / "history").glob(f"*_{named[-1]}.pt")), POLICY, ENCODING)
    _log.warning(
        "The weights that were cloned from the person (%s) are not in the history any more: the KL penalty is against "
        "what plays now.",
        named[-1],
    )
    return base


def load_policy_and_reference(store: RLCheckpoint) -> tuple[Executor, Executor]:
    """A fresh copy of what plays, to be trained, and the person's policy."""
    return build_executor(store.base), build_executor(store.person)


def _modern(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The same values under today's names."""
    return {names.get(name, name): value for name, value in values.items()}
