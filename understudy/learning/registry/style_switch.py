"""From the newer manner of play to the earlier one and back, written down as every change of what plays."""

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
    """Lets the manner play that does not play now.

    Args:
        models: folder of the three policies.
        why: for the audit log.

    Returns:
        The identity of the new weights, and whether the earlier manner plays now.

    Raises:
        CheckpointError: if the Executor knows one manner only, or something cannot be read or written.
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
