"""Switches the Executor between its present and its earlier style heads; logged as any change of active weights."""

import dataclasses
from pathlib import Path

from understudy.contract import serialization
from understudy.contract.errors import CheckpointError
from understudy.learning.registry.candidates import load_active, stage, staged_path
from understudy.learning.registry.promotion import PromotionRecord, promote
from understudy.policies.checkpoint import BASE, Checkpoint, parent_now
from understudy.policies.policy_bundle import build_executor
from understudy.policies.style_heads import swap_styles


def switch_style(models: Path, why: str) -> tuple[str, bool]:
    """Makes the inactive style active.

    Args:
        models: folder of the three policies.
        why: for the audit log.

    Returns:
        The identity of the new weights, and whether the earlier style is active now.

    Raises:
        CheckpointError: if the Executor has one style only, or a file cannot be read or written.
    """
    now = load_active(models, "executor")
    executor = build_executor(now)
    if not executor.config.earlier:
        raise CheckpointError(
            f"The executor in {models} knows one manner of play only: a second one is learnt while you play with "
            "--shadow-train."
        )
    other = swap_styles(executor)
    meta = dataclasses.replace(
        now.meta,
        config=serialization.to_plain(other.config),
        lineage=(*now.meta.lineage, parent_now(now.identity, BASE)),
        versions={},
    )
    path = staged_path(models, "executor", "other_manner")
    stage(path, Checkpoint(meta=meta, weights=other.state_dict()))
    grounds = PromotionRecord(why=why, reason="the other manner of play")
    identity = promote(models, path, grounds, expected_incumbent=now.identity)
    return identity, other.config.exchanged
