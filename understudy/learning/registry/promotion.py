"""From a candidate to the weights that play, and back: every change of a best_model.pt is kept and written down.

models/v2/<policy>/best_model.pt                     plays
models/v2/<policy>/staged/candidate_<when>.pt        what might play (candidates.py)
models/v2/<policy>/history/0001_<identity>.pt        what played before
models/v2/<policy>/history/audit.jsonl               one line for each decision (audit.py)

The order is: keep what plays, write the line, put the new weights in place, each whole or not at all. So nothing ever
plays that is not written down; if the process is killed after the line, `settle` finds the old weights and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from understudy.contract.errors import CheckpointError
from understudy.learning.registry.audit_log import HISTORY, append_audit_entry, read_audit_log
from understudy.learning.registry.candidates import POLICIES, load_active, load_candidate
from understudy.policies.checkpoint import BEST, Checkpoint, save_checkpoint


@dataclass(frozen=True, kw_only=True)
class PromotionRecord:
    """What a decision rests on, for the audit log."""

    why: str = "asked for"
    """Where the candidate comes from, or who asked."""
    reason: str = ""
    """What the judge said."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """The judge's figures."""
    seeds: Mapping[str, int | float] = field(default_factory=dict)
    """Worlds that it was judged in: first, count, seconds."""


def promote(models: Path, path: Path, grounds: PromotionRecord, expected_incumbent: str | None = None) -> str:
    """Makes a candidate the weights that play; what played before goes into the history.

    Args:
        models: folder of the three policies.
        path: the candidate.
        grounds: what the decision rests on.
        instead_of: identity that the candidate was compared with; None for whatever plays.

    Returns:
        The identity of the new weights.

    Raises:
        CheckpointError: if the candidate cannot play, plays already, was compared with other weights than those that
            play, or something cannot be written; the old weights play on.
    """
    new = load_candidate(models, path)
    old = load_active(models, new.meta.policy)
    if new.identity == old.identity:
        raise CheckpointError(f"{path} is what plays already.")
    if expected_incumbent not in (None, old.identity):
        raise CheckpointError(f"Other weights ({old.identity}) play by now than {path} was compared with: judge again.")
    _change(models, "promote", old, new, grounds)
    return new.identity


def record_rejection(models: Path, policy: str, candidate: Checkpoint | None, grounds: PromotionRecord) -> None:
    """Writes down that a candidate may not play; None for one that could not even be read.

    Raises:
        CheckpointError: if it cannot be written down.
    """
    append_audit_entry(
        models / policy, _line("refuse", policy, load_active(models, policy).identity, candidate, grounds)
    )


def rollback(models: Path, to: str | None = None, policy: str | None = None, why: str = "asked for") -> tuple[str, str]:
    """Lets weights play again that played before; what plays goes into the history.

    Args:
        models: folder of the three policies.
        to: identity (or how it begins) of any ancestor; None undoes the last promotion that is not undone yet.
        policy: of which; None finds it by the identity, or takes the one that was promoted last.
        why: for the audit log.

    Returns:
        The policy, and the identity of what plays again.

    Raises:
        CheckpointError: if there is no such ancestor, or nothing to undo, or something was trained since.
    """
    policy, kept = _last_before(models, policy) if to is None else _kept(models, to, policy)
    now, before = load_active(models, policy), load_candidate(models, kept, policy)
    if before.identity == now.identity:
        raise CheckpointError(f"{now.identity} is what plays already.")
    _change(models, "rollback", now, before, PromotionRecord(why=why))
    return policy, before.identity


def recover_interrupted_change(models: Path, policy: str) -> None:
    """Writes down that the last change was never carried out, if a crash came between its line and its weights.

    Raises:
        CheckpointError: if it cannot be written down.
    """
    lines = [line for line in read_audit_log(models / policy) if line["action"] in ("promote", "rollback", "abandon")]
    if not lines or lines[-1]["action"] == "abandon":
        return
    last, now = lines[-1], load_active(models, policy).identity
    if now == last["from"] != last["to"]:
        grounds = PromotionRecord(why="the process ended between the line and the weights")
        append_audit_entry(models / policy, {**_line("abandon", policy, now, None, grounds), "to": last["to"]})


def ancestors(models: Path, policy: str) -> list[str]:
    """Identities of all kept weights of a policy, oldest first."""
    return [path.stem.split("_", 1)[1] for path in sorted((models / policy / HISTORY).glob("*_*.pt"))]


def _change(models: Path, action: str, old: Checkpoint, new: Checkpoint, grounds: PromotionRecord) -> None:
    policy = new.meta.policy
    recover_interrupted_change(models, policy)
    _keep(models / policy, old)
    append_audit_entry(models / policy, _line(action, policy, old.identity, new, grounds))
    try:
        save_checkpoint(models / policy / BEST, new)
    except CheckpointError:
        recover_interrupted_change(models, policy)
        raise


def _keep(policy_folder: Path, checkpoint: Checkpoint) -> None:
    """Puts weights into the history, once."""
    history = policy_folder / HISTORY
    if not list(history.glob(f"*_{checkpoint.identity}.pt")):
        number = len(list(history.glob("*.pt"))) + 1
        save_checkpoint(history / f"{number:04d}_{checkpoint.identity}.pt", checkpoint)


def _last_before(models: Path, policy: str | None) -> tuple[str, Path]:
    """The policy that was promoted last and not undone, and what played in it before."""
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
            f"{models / last / BEST} ({now}) is not what was promoted last ({after}): it was trained since; put older "
            f"weights back with  understudy rollback --to {before} ."
        )
    return _kept(models, before, last)


def _kept(models: Path, identity: str, policy: str | None) -> tuple[str, Path]:
    """Weights in the history by the beginning of their identity."""
    found = [
        (one, path)
        for one in (POLICIES if policy is None else (policy,))
        for path in sorted((models / one / HISTORY).glob("*_*.pt"))
        if path.stem.split("_", 1)[1].startswith(identity)
    ]
    if len(found) != 1:
        several = "several" if found else "no"
        raise CheckpointError(
            f"There are {several} weights {identity} in the history of {models}: understudy history  lists those kept."
        )
    return found[0]


def active_promotions(models: Path, policy: str) -> list[dict[str, Any]]:
    """Changes of a policy that were not taken back, oldest first."""
    carried_out: list[dict[str, Any]] = []
    for line in read_audit_log(models / policy):
        if line["action"] in ("promote", "rollback"):
            carried_out.append(line)
        elif line["action"] == "abandon" and carried_out and carried_out[-1]["to"] == line["to"]:
            carried_out.pop()
    changes: list[dict[str, Any]] = []
    for line in carried_out:
        played = [change["from"] for change in changes]
        if line["action"] == "rollback" and line["to"] in played:
            del changes[played.index(line["to"]) :]
        else:
            changes.append(line)
    return changes


def _line(action: str, policy: str, before: str, after: Checkpoint | None, grounds: PromotionRecord) -> dict[str, Any]:
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
