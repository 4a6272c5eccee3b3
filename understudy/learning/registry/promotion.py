"""Promotion and rollback: every change of a best_model.pt is logged first, and the previous weights are kept.

models/v2/<policy>/best_model.pt                     the active weights
models/v2/<policy>/staged/candidate_<when>.pt        candidates (candidates.py)
models/v2/<policy>/history/0001_<identity>.pt        earlier active weights
models/v2/<policy>/history/audit.jsonl               one line for each decision (audit_log.py)

The order is that of a write-ahead log (Mohan et al. 1992): keep the active weights, append the line, replace the
weights, each atomically. So no weights play without a line; if the process is killed after the line,
`recover_interrupted_change` finds the old weights and logs that. All of it happens under the lock of the folder
(policy_lock.py), so of two processes that name the same incumbent one succeeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from understudy.contract.errors import CheckpointError
from understudy.contract.terminal_text import printable
from understudy.learning.registry.audit_log import CHANGES, HISTORY, Line, append_audit_entry, read_audit_log
from understudy.learning.registry.candidates import POLICIES, load_active, load_candidate
from understudy.learning.registry.policy_lock import expect_no_training, promotion_lock
from understudy.policies.checkpoint import BEST, Checkpoint, save_checkpoint


@dataclass(frozen=True, kw_only=True)
class PromotionRecord:
    """Evidence for a decision, for the audit log."""

    why: str = "manual"
    """Source of the candidate, or of the command."""
    reason: str = ""
    """Reason of the gate or of the acceptance test."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Metrics of that test."""
    seeds: Mapping[str, int | float] = field(default_factory=dict)
    """Seeds of the test worlds: first, count, seconds."""


def promote(models: Path, path: Path, grounds: PromotionRecord, expected_incumbent: str | None = None) -> str:
    """Makes a candidate active; the previous weights go into the history.

    Args:
        models: folder of the three policies.
        path: the candidate.
        grounds: evidence for the decision.
        expected_incumbent: identity that the candidate was compared with; None for whichever is active.

    Returns:
        The identity of the new weights.

    Raises:
        CheckpointError: if the candidate cannot play, is active already, was compared with weights other than the
            active ones, or a file cannot be written; the old weights stay active.
    """
    with promotion_lock(models):
        return _promote(models, path, grounds, expected_incumbent)


def promote_together(
    models: Path, candidates: Mapping[str, Path], grounds: PromotionRecord, expected_incumbent: Mapping[str, str]
) -> None:
    """Makes several candidates active, one after the other; all or none.

    Args:
        models: folder of the three policies.
        candidates: policy -> candidate, in the order in which they are promoted.
        grounds: evidence for the decision.
        expected_incumbent: policy -> identity that its candidate was compared with.

    Raises:
        CheckpointError: as for `promote`; the old weights of all stay active.
    """
    done: list[str] = []
    with promotion_lock(models):
        try:
            for policy, path in candidates.items():
                _promote(models, path, grounds, expected_incumbent[policy])
                done.append(policy)
        except CheckpointError:
            for policy in reversed(done):
                _rollback(models, None, policy, "its companion could not be promoted")
            raise


def _promote(models: Path, path: Path, grounds: PromotionRecord, expected_incumbent: str | None) -> str:
    """Called under the lock."""
    new = load_candidate(models, path)
    old = load_active(models, new.meta.policy)
    if new.identity == old.identity:
        raise CheckpointError(f"{path} is what plays already.")
    if expected_incumbent not in (None, old.identity):
        raise CheckpointError(f"Other weights ({old.identity}) play by now than {path} was compared with: judge again.")
    _change(models, "promote", old, new, grounds)
    return new.identity


def record_rejection(models: Path, policy: str, candidate: Checkpoint | None, grounds: PromotionRecord) -> None:
    """Logs that a candidate was refused; None for one that could not be read.

    Raises:
        CheckpointError: if the line cannot be written.
    """
    append_audit_entry(
        models / policy, _line("refuse", policy, load_active(models, policy).identity, candidate, grounds)
    )


def rollback(models: Path, to: str | None = None, policy: str | None = None, why: str = "manual") -> tuple[str, str]:
    """Makes earlier weights active again; the present ones go into the history.

    Args:
        models: folder of the three policies.
        to: identity (or its beginning) of any ancestor; None undoes the last promotion that is not undone yet.
        policy: the policy; None finds it by the identity, or takes the one that was promoted last.
        why: for the audit log.

    Returns:
        The policy, and the identity of the weights that are active again.

    Raises:
        CheckpointError: if there is no such ancestor, nothing to undo, or the policy was trained since.
    """
    with promotion_lock(models):
        return _rollback(models, to, policy, why)


def _rollback(models: Path, to: str | None, policy: str | None, why: str) -> tuple[str, str]:
    """Called under the lock."""
    policy, kept = _last_before(models, policy) if to is None else _kept(models, to, policy)
    now, before = load_active(models, policy), load_candidate(models, kept, policy)
    if before.identity == now.identity:
        raise CheckpointError(f"{now.identity} is what plays already.")
    _change(models, "rollback", now, before, PromotionRecord(why=why))
    return policy, before.identity


def recover_interrupted_change(models: Path, policy: str) -> None:
    """Logs that the last change was not applied, after a crash between its line and its weights.

    Raises:
        CheckpointError: if the line cannot be written.
    """
    if _unfinished(models, policy) is not None:
        with promotion_lock(models):  # it may be a change in progress in another process and no crash
            _settle(models, policy)


def _settle(models: Path, policy: str) -> None:
    """Called under the lock."""
    last = _unfinished(models, policy)
    if last is not None:
        grounds = PromotionRecord(why="the process ended between the line and the weights")
        append_audit_entry(models / policy, {**_line("abandon", policy, last["from"], None, grounds), "to": last["to"]})


def _unfinished(models: Path, policy: str) -> Line | None:
    """Returns the last change in the log if its weights are not active."""
    lines = [line for line in read_audit_log(models / policy) if line["action"] in CHANGES]
    if not lines or lines[-1]["action"] == "abandon" or lines[-1]["from"] == lines[-1]["to"]:
        return None
    return lines[-1] if load_active(models, policy).identity == lines[-1]["from"] else None


def ancestors(models: Path, policy: str) -> list[str]:
    """Returns the identities of all kept weights of a policy, oldest first."""
    return [path.stem.split("_", 1)[1] for path in sorted((models / policy / HISTORY).glob("*_*.pt"))]


def _change(models: Path, action: str, old: Checkpoint, new: Checkpoint, grounds: PromotionRecord) -> None:
    """Called under the lock: keeps the active weights, appends the line, replaces the weights."""
    policy = new.meta.policy
    expect_no_training(models / policy, CheckpointError)
    _settle(models, policy)
    _keep(models / policy, old)
    append_audit_entry(models / policy, _line(action, policy, old.identity, new, grounds))
    try:
        save_checkpoint(models / policy / BEST, new)
    except CheckpointError:
        _settle(models, policy)
        raise


def _keep(policy_folder: Path, checkpoint: Checkpoint) -> None:
    """Copies weights into the history unless they are there."""
    history = policy_folder / HISTORY
    if not list(history.glob(f"*_{checkpoint.identity}.pt")):
        number = len(list(history.glob("*.pt"))) + 1
        save_checkpoint(history / f"{number:04d}_{checkpoint.identity}.pt", checkpoint)


def _last_before(models: Path, policy: str | None) -> tuple[str, Path]:
    """Returns the policy with the latest promotion that is not undone, and the weights before it."""
    found: list[tuple[str, str, str, str]] = []
    for one in POLICIES if policy is None else (policy,):
        undone = active_promotions(models, one)
        if undone:
            found.append((undone[-1]["when"], one, undone[-1]["from"], undone[-1]["to"]))
    if not found:
        raise CheckpointError(f"Nothing was promoted in {models}: there is nothing to roll back to.")
    _, last, before, after = max(found)
    now = load_active(models, last).identity
    if now != after:
        raise CheckpointError(
            f"{models / last / BEST} ({now}) is not what was promoted last ({printable(after)}): it was trained since; "
            f"put older weights back with  understudy weights rollback --to {printable(before)} ."
        )
    return _kept(models, before, last)


def _kept(models: Path, identity: str, policy: str | None) -> tuple[str, Path]:
    """Finds weights in the history by the beginning of their identity."""
    found = [
        (one, path)
        for one in (POLICIES if policy is None else (policy,))
        for path in sorted((models / one / HISTORY).glob("*_*.pt"))
        if path.stem.split("_", 1)[1].startswith(identity)
    ]
    if len(found) != 1:
        several = "several" if found else "no"
        raise CheckpointError(
            f"There are {several} weights {printable(identity)} in the history of {models}: "
            "understudy weights history  lists those kept."
        )
    return found[0]


def active_promotions(models: Path, policy: str) -> list[Line]:
    """Returns the changes of a policy that were not undone, oldest first."""
    carried_out: list[Line] = []
    for line in read_audit_log(models / policy):
        if line["action"] in ("promote", "rollback"):
            carried_out.append(line)
        elif line["action"] == "abandon" and carried_out and carried_out[-1]["to"] == line["to"]:
            carried_out.pop()
    changes: list[Line] = []
    for line in carried_out:
        played = [change["from"] for change in changes]
        if line["action"] == "rollback" and line["to"] in played:
            del changes[played.index(line["to"]) :]
        else:
            changes.append(line)
    return changes


def _line(action: str, policy: str, before: str, after: Checkpoint | None, grounds: PromotionRecord) -> Line:
    parents = [] if after is None else [f"{parent.what} {parent.identity}" for parent in after.meta.lineage]
    return {
        "action": action,
        "policy": policy,
        "from": before,
        "to": None if after is None else after.identity,
        "why": grounds.why,
        "reason": grounds.reason,
        "numbers": {name: round(value, 5) for name, value in grounds.numbers.items() if abs(value) < float("inf")},
        "seeds": dict(grounds.seeds),
        "parents": parents,
    }
