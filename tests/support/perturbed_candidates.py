"""Candidates without any learning: what plays, with each weight moved a little."""

import dataclasses
from pathlib import Path

from tests.support.small_policies import write_brain
from understudy.learning.registry.candidates import staged_path
from understudy.policies.checkpoint import BASE, BEST, Checkpoint, Parent, load_checkpoint, save_checkpoint

__all__ = ["playing", "put_up", "write_brain"]


def put_up(models: Path, name: str, shift: float, policy: str = "executor") -> tuple[Path, str]:
    """Stages a candidate; its path and identity."""
    best = load_checkpoint(models / policy / BEST)
    weights = {key: weight + shift for key, weight in best.weights.items()}
    lineage = (*best.meta.lineage, Parent(identity=best.identity, what=BASE, when="2026-01-01"))
    candidate = Checkpoint(meta=dataclasses.replace(best.meta, lineage=lineage), weights=weights)
    path = staged_path(models, policy, name)
    save_checkpoint(path, candidate)
    return path, candidate.identity


def playing(models: Path, policy: str = "executor") -> str:
    """Identity of what plays."""
    return load_checkpoint(models / policy / BEST).identity
