"""Candidates: staged beside the active weights, and checked before they may be promoted.

models/v2/<policy>/best_model.pt                     the active weights
models/v2/<policy>/staged/candidate_<when>.pt        staged by shadow or online learning, practice or corrections
"""

from datetime import UTC, datetime
from pathlib import Path

import torch

from understudy.contract.errors import CheckpointError
from understudy.learning.registry.audit_log import STAGED
from understudy.policies.checkpoint import BEST, Checkpoint, load_checkpoint, save_checkpoint
from understudy.policies.encoder import ENCODING
from understudy.policies.policy_bundle import load_policies

POLICIES = ("strategist", "tactician", "executor")


def staged_path(models: Path, policy: str, name: str | None = None) -> Path:
    """Returns the path of a candidate, named by the time if `name` is None."""
    name = datetime.now(UTC).strftime("%Y-%m-%d_%H-%M-%S") if name is None else name
    return models / policy / STAGED / f"candidate_{name}.pt"


def stage(path: Path, candidate: Checkpoint) -> str:
    """Writes a candidate atomically; returns its identity.

    Raises:
        CheckpointError: if it is not finite or cannot be written; an earlier file there is unchanged.
    """
    require_finite(candidate, path)
    save_checkpoint(path, candidate)
    return candidate.identity


def newest_candidate(models: Path, policy: str | None = None) -> Path:
    """Returns the candidate that was staged last, of one policy or of any.

    Raises:
        CheckpointError: if there is none.
    """
    policies = POLICIES if policy is None else (policy,)
    staged = [path for one in policies for path in (models / one / STAGED).glob("candidate_*.pt")]
    if not staged:
        raise CheckpointError(
            f"No candidate lies in {models / (policy or '*') / STAGED}: one is staged while you play with "
            "--shadow-train, and while the understudy practises or learns from its own play."
        )
    return max(staged, key=lambda path: path.stat().st_mtime_ns)


def policy_name(candidate: Path) -> str:
    """Returns the policy of a checkpoint, from the folder that it is staged in or from its metadata.

    Raises:
        CheckpointError: if it is outside such a folder and cannot be read.
    """
    folder = candidate.absolute().parent
    if folder.name == STAGED and folder.parent.name in POLICIES:
        return folder.parent.name
    return load_checkpoint(candidate).meta.policy


def load_candidate(models: Path, path: Path, policy: str | None = None) -> Checkpoint:
    """Loads a candidate and checks that it can play among the policies in `models`.

    Raises:
        CheckpointError: if it is missing, torn, not finite, of another encoding or policy, or its lineage does not fit
            the active policies beside it.
    """
    candidate = load_checkpoint(path, policy, ENCODING)
    if candidate.meta.policy not in POLICIES:
        raise CheckpointError(f"{path} holds a {candidate.meta.policy}: {', '.join(POLICIES)} can be promoted.")
    require_finite(candidate, path)
    require_compatible_lineage(models, candidate, path)
    load_policies(models, candidate)
    return candidate


def require_finite(checkpoint: Checkpoint, path: Path) -> None:
    """Refuses weights that contain a NaN or an infinity.

    Raises:
        CheckpointError: if they do.
    """
    if not all(bool(torch.isfinite(weight).all()) for weight in checkpoint.weights.values()):
        raise CheckpointError(f"{path} holds weights that are not numbers: it cannot play.")


def require_compatible_lineage(models: Path, candidate: Checkpoint, path: Path) -> None:
    """Refuses a candidate that would condition the Executor on policies that it was not trained with.

    Raises:
        CheckpointError: if a slower policy is neither in the Executor's lineage nor descended from one that is.
    """
    policy = candidate.meta.policy
    executor = candidate if policy == "executor" else load_active(models, "executor")
    for parent in executor.meta.lineage:
        if parent.what not in POLICIES or policy not in ("executor", parent.what):
            continue
        level = candidate if policy == parent.what else load_active(models, parent.what)
        if not level.continues(parent.identity):
            raise CheckpointError(
                f"{path} was learnt beside another strategist or tactician than those that play now: train the "
                "executor, or learn on from the present one."
                if policy == "executor"
                else f"{path} was not learnt on from the {policy} that the executor was trained beside "
                f"({parent.identity}): train the executor again."
            )


def load_active(models: Path, policy: str) -> Checkpoint:
    """Loads the active checkpoint of a policy.

    Raises:
        CheckpointError: if there is none, or it is unusable.
    """
    return load_checkpoint(models / policy / BEST, policy, ENCODING)
