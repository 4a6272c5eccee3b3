"""From a candidate to the weights that play, and back: every change of best_model.pt is kept and written down.

models/v2/executor/best_model.pt                       plays
models/v2/executor/shadow/candidate_<when>.pt          staged: what a shadow session has learnt so far
models/v2/executor/history/0001_<identity>.pt          what played before
models/v2/executor/history/audit.jsonl                 one line for each change: what, when, from, to, why
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from understudy.contract.errors import CheckpointError
from understudy.learning.agreement import Agreement, gain
from understudy.policies.checkpoint import BEST, Checkpoint, load_checkpoint, save_checkpoint
from understudy.policies.encoding import ENCODING

POLICY = "executor"
STAGED, HISTORY, AUDIT = "shadow", "history", "audit.jsonl"
LARGEST_LOSS = 0.01
"""Of the base set's clicks, the share that a candidate may go elsewhere with more often than the base did; of a hundred
clicks that is two more or less by chance, so a standard error is added."""
FEWEST_CLICKS = 20
"""Held-out clicks below which nothing is judged."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a candidate may play, and why."""

    promote: bool
    reason: str
    numbers: dict[str, float]


def judge(
    candidate: Agreement,
    incumbent: Agreement,
    base_candidate: Agreement | None,
    base_first: Agreement | None,
) -> Verdict:
    """Compares a candidate with the weights that play.

    Args:
        candidate, incumbent: on the newest held-out minutes.
        base_candidate, base_first: the candidate, and what the session began with, on held-out base recordings; None
            where there are none.
    """
    mean, sure = gain(candidate, incumbent)
    numbers = {
        "agreement": candidate.share,
        "agreement_before": incumbent.share,
        "likelihood_gain": mean,
        "likelihood_gain_sure": sure,
    }
    loss = chance = 0.0
    if base_candidate is not None and base_first is not None and len(base_first.same):
        change = base_candidate.same.astype(np.float64) - base_first.same
        loss, chance = -float(change.mean()), float(change.std()) / len(change) ** 0.5
        numbers |= {"base_agreement": base_candidate.share, "base_agreement_before": base_first.share}
    if len(candidate.same) < FEWEST_CLICKS:
        return _no(f"only {len(candidate.same)} clicks were held out, {FEWEST_CLICKS} are needed to judge", numbers)
    if not sure > 0:
        return _no("it is not surely closer to your newest play", numbers)
    if candidate.share < incumbent.share:
        return _no(f"it agrees with fewer of your clicks ({candidate.share:.0%}, now {incumbent.share:.0%})", numbers)
    if loss > LARGEST_LOSS + chance:
        return _no(f"it has lost {100 * loss:.1f} points of agreement on the base recordings", numbers)
    return Verdict(
        promote=True,
        reason=f"it agrees with {candidate.share:.0%} of your clicks, before {incumbent.share:.0%}",
        numbers=numbers,
    )


def _no(reason: str, numbers: dict[str, float]) -> Verdict:
    return Verdict(promote=False, reason=reason, numbers=numbers)


def promote(executor_folder: Path, candidate: Path, why: str) -> str:
    """Makes a candidate the weights that play; what played before goes into the history.

    Returns:
        The identity of the new weights.

    Raises:
        CheckpointError: if the candidate is missing, torn, of another encoding or policy, not finite, or was made from
            other slower levels than those beside it.
    """
    new = load_checkpoint(candidate, POLICY, ENCODING)
    expect_finite(new, candidate)
    old = load_checkpoint(executor_folder / BEST, POLICY, ENCODING)
    if _levels(new) != _levels(old):
        raise CheckpointError(
            f"{candidate} was learnt beside another strategist or tactician than those that play now: train the "
            "executor, or go on in shadow from the present one."
        )
    if new.identity == old.identity:
        raise CheckpointError(f"{candidate} is what plays already.")
    keep(executor_folder, old)
    save_checkpoint(executor_folder / BEST, new)
    _write_down(executor_folder, "promote", old.identity, new.identity, why, new.meta.metrics)
    return new.identity


def rollback(executor_folder: Path, why: str = "asked for") -> str:
    """Undoes the last promotion that is not undone yet; what played goes into the history.

    Returns:
        The identity of the weights that play again.

    Raises:
        CheckpointError: if nothing was promoted, or something else plays now.
    """
    undone = _open_promotions(executor_folder)
    now = load_checkpoint(executor_folder / BEST, POLICY)
    if not undone:
        raise CheckpointError(f"Nothing was promoted in {executor_folder}: there is nothing to roll back to.")
    last = undone[-1]
    if last["to"] != now.identity:
        raise CheckpointError(
            f"{executor_folder / BEST} ({now.identity}) is not what was promoted last ({last['to']}): it was trained "
            "since; put back older weights with  understudy promote FILE  from the folder history."
        )
    kept = sorted((executor_folder / HISTORY).glob(f"*_{last['from']}.pt"))
    if not kept:
        raise CheckpointError(f"The weights {last['from']} are no longer in {executor_folder / HISTORY}.")
    before = load_checkpoint(kept[-1], POLICY, ENCODING)
    keep(executor_folder, now)
    save_checkpoint(executor_folder / BEST, before)
    _write_down(executor_folder, "rollback", now.identity, before.identity, why, {})
    return before.identity


def keep(executor_folder: Path, checkpoint: Checkpoint) -> None:
    """Puts weights into the history, once."""
    history = executor_folder / HISTORY
    if not list(history.glob(f"*_{checkpoint.identity}.pt")):
        number = len(list(history.glob("*.pt"))) + 1
        save_checkpoint(history / f"{number:04d}_{checkpoint.identity}.pt", checkpoint)


def newest_candidate(executor_folder: Path) -> Path:
    """The candidate that was staged last.

    Raises:
        CheckpointError: if there is none.
    """
    staged = list((executor_folder / STAGED).glob("candidate_*.pt"))
    if not staged:
        raise CheckpointError(
            f"No candidate lies in {executor_folder / STAGED}: one is staged while you play with --shadow-train."
        )
    return max(staged, key=lambda path: path.stat().st_mtime_ns)


def expect_finite(checkpoint: Checkpoint, path: Path) -> None:
    """Refuses weights with a NaN or an infinity in them.

    Raises:
        CheckpointError: if there is one.
    """
    if not all(bool(torch.isfinite(weight).all()) for weight in checkpoint.weights.values()):
        raise CheckpointError(f"{path} holds weights that are not numbers: it cannot play.")


def audit(executor_folder: Path) -> list[dict[str, Any]]:
    """All lines written down, oldest first; a line that a crash tore off is left out."""
    try:
        text = (executor_folder / HISTORY / AUDIT).read_text(encoding="utf-8")
    except OSError:
        return []
    lines = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return lines


def _open_promotions(executor_folder: Path) -> list[dict[str, Any]]:
    """Promotions that were not rolled back."""
    stack: list[dict[str, Any]] = []
    for line in audit(executor_folder):
        if line["action"] == "promote":
            stack.append(line)
        elif stack:
            stack.pop()
    return stack


def _levels(checkpoint: Checkpoint) -> dict[str, str]:
    return {parent.what: parent.identity for parent in checkpoint.meta.lineage if parent.what in _SLOWER}


_SLOWER = ("strategist", "tactician")


def _write_down(
    executor_folder: Path, action: str, before: str, after: str, why: str, numbers: dict[str, float]
) -> None:
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "action": action,
        "from": before,
        "to": after,
        "why": why,
        "numbers": {name: round(value, 5) for name, value in numbers.items() if value == value},
    }
    path = executor_folder / HISTORY / AUDIT
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())
