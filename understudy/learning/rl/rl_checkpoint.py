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
from understudy.learning.registry.candidates import playing, stage, staged_path
from understudy.learning.registry.promotion import ancestors
from understudy.learning.rl.ppo_trainer import Practice, PracticeSettings
from understudy.policies.checkpoint import BASE, Checkpoint, load_checkpoint, parent_now, save_checkpoint
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import Executor
from understudy.policies.policy_bundle import restore_executor

_log = logging.getLogger(__name__)

POLICY = "executor"
STATE = "practice.pt"
PERSON = "person"
"""What the lineage calls the weights that were cloned from the person: the leash is tied to them."""


@dataclass
class Journey:
    """How far practice has come; plain values."""

    seeds_used: int = 0
    world_ticks: int = 0
    curve: list[dict[str, float]] = field(default_factory=list)
    """A point for each stretch, as it is drawn."""


class PracticeStore:
    """Reads what practice begins with, keeps what it has come to."""

    def __init__(self, models: Path, folder: Path) -> None:
        """Args: models: of the policies that play; folder: for the state.

        Raises:
            CheckpointError: if what plays is not usable.
        """
        self.models, self.path = models, folder / STATE
        self.base = playing(models, POLICY)
        self.person = _person(models, self.base)

    def save(self, practice: Practice, journey: Journey, settings: dict[str, Any]) -> None:
        """Writes the state, whole or not at all.

        Raises:
            CheckpointError: if the disk takes no more; what was there before is untouched.
        """
        training = {"practice": practice.state_dict(), "journey": dataclasses.asdict(journey), "settings": settings}
        save_checkpoint(self.path, Checkpoint(meta=self.base.meta, weights=practice.policy.learnt, training=training))

    def restore(self, practice: Practice, settings: dict[str, Any]) -> Journey:
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
            practice.load_state_dict(state["practice"])
            return serialization.from_plain(Journey, state["journey"])
        except Exception as problem:  # a state may hold anything, and torch raises of all kinds
            raise CheckpointError(f"{self.path} does not fit this policy: leave --resume out.") from problem

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


def plain(settings: PracticeSettings) -> dict[str, Any]:
    """Settings as plain values."""
    told: dict[str, Any] = serialization.to_plain(settings)
    return told


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings within settings, each under its own name."""
    told: dict[str, Any] = {}
    for name, value in settings.items():
        parts = _flat(value) if isinstance(value, dict) else None
        told |= {name: value} if parts is None else {f"{name} {inner}": of for inner, of in parts.items()}
    return told


def _person(models: Path, base: Checkpoint) -> Checkpoint:
    """The weights that were cloned from the person: an ancestor by the lineage, or what plays if nothing was learnt."""
    named = [parent.identity for parent in base.meta.lineage if parent.what == PERSON]
    if not named or named[-1] == base.identity:
        return base
    if named[-1] in ancestors(models, POLICY):
        return load_checkpoint(next((models / POLICY / "history").glob(f"*_{named[-1]}.pt")), POLICY, ENCODING)
    _log.warning(
        "The weights that were cloned from the person (%s) are not in the history any more: the leash is tied to what "
        "plays now.",
        named[-1],
    )
    return base


def executors(store: PracticeStore) -> tuple[Executor, Executor]:
    """A fresh copy of what plays, to be trained, and the person's policy."""
    return restore_executor(store.base), restore_executor(store.person)
