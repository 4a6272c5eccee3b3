"""What plays now and how well: the three checkpoints, the last evaluation, and the decisions of the audit logs."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.contract.errors import CheckpointError, WireError
from understudy.contract.serialization import from_json
from understudy.evaluation.comparison.comparison_result import ComparisonResult, EntryResult
from understudy.learning.registry.audit_log import STAGED, Line, read_audit_log
from understudy.learning.registry.candidates import POLICIES
from understudy.learning.registry.promotion import ancestors
from understudy.policies.checkpoint import BASE, BEST, load_checkpoint

VERDICT = "verdict.json"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One checkpoint, as far as its file tells."""

    policy: str
    path: Path
    written_at: float
    """Seconds since 1970."""
    identity: str = ""
    metrics: tuple[tuple[str, float, float | None], ...] = ()
    """Name, value and trivial baseline, on held-out sessions."""
    parents: tuple[str, ...] = ()
    """Beginnings of the identities that it was trained from."""
    problem: str = ""
    """Why it cannot be read; empty if it can."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The last evaluation of the policies beside the person (or the teacher)."""

    policy: EntryResult
    person: EntryResult
    baselines: tuple[EntryResult, ...]
    num_worlds: int
    seconds: float
    measured_at: float
    """Seconds since 1970."""
    is_outdated: bool
    """Whether other weights play since it was made."""


@dataclass(frozen=True, kw_only=True)
class PolicyState:
    """One policy: what plays, what waits, and what it can go back to."""

    policy: str
    active: Weights | None
    """None if nothing was trained."""
    staged: tuple[Weights, ...]
    """Candidates, the newest first."""
    kept: tuple[str, ...]
    """Identities that a rollback can restore."""


class WeightsReader:
    """Reads checkpoints, each once for each change of its file. May be used by several threads."""

    def __init__(self, models: Path, evaluation: Path) -> None:
        self._models, self._evaluation = models, evaluation
        self._lock = threading.Lock()
        self._known: dict[tuple[Path, int], Weights] = {}

    def state(self, policy: str) -> PolicyState:
        """Returns one policy's weights and candidates."""
        folder = self._models / policy
        best = folder / BEST
        staged = sorted((folder / STAGED).glob("candidate_*.pt"), key=lambda path: path.name, reverse=True)
        return PolicyState(
            policy=policy,
            active=self._weights(policy, best) if best.is_file() else None,
            staged=tuple(self._weights(policy, path) for path in staged if path.is_file()),
            kept=tuple(ancestors(self._models, policy)),
        )

    def states(self) -> list[PolicyState]:
        """Returns all three policies, the slowest first."""
        return [self.state(policy) for policy in POLICIES]

    def _weights(self, policy: str, path: Path) -> Weights:
        stat = path.stat()
        stamp = (path, stat.st_mtime_ns)
        with self._lock:
            if stamp not in self._known:
                self._known[stamp] = _read(policy, path, stat.st_mtime)
            return self._known[stamp]

    def measured(self) -> Measured | None:
        """Returns the last evaluation; None if there is none, or none with a policy in it."""
        path = self._evaluation / VERDICT
        try:
            written_at = path.stat().st_mtime
            verdict = from_json(ComparisonResult, path.read_text(encoding="utf-8", errors="replace"))
        except (OSError, WireError):
            return None
        policies = [row for row in verdict.rows if row.kind == "policy"]
        persons = [row for row in verdict.rows if row.name == verdict.person]
        if not policies or not persons:
            return None
        changed = [
            (self._models / policy / BEST).stat().st_mtime
            for policy in POLICIES
            if (self._models / policy / BEST).is_file()
        ]
        return Measured(
            policy=policies[0],
            person=persons[0],
            baselines=tuple(row for row in verdict.rows if row.kind == "baseline"),
            num_worlds=verdict.num_worlds,
            seconds=verdict.seconds,
            measured_at=written_at,
            is_outdated=max(changed, default=0.0) > written_at,
        )

    def decisions(self, last: int) -> list[Line]:
        """Returns the last decisions of all policies, the newest first."""
        lines: list[dict[str, Any]] = []
        for policy in POLICIES:
            lines += [{"policy": policy, **line} for line in read_audit_log(self._models / policy)]
        lines.sort(key=lambda line: str(line["when"]), reverse=True)
        return lines[:last]


def _read(policy: str, path: Path, written_at: float) -> Weights:
    try:
        checkpoint = load_checkpoint(path, policy)
    except CheckpointError as problem:
        return Weights(policy=policy, path=path, written_at=written_at, problem=str(problem))
    metrics = checkpoint.meta.metrics
    return Weights(
        policy=policy,
        path=path,
        written_at=written_at,
        identity=checkpoint.identity,
        metrics=tuple(
            (name, value, metrics.get(f"{name}_baseline"))
            for name, value in metrics.items()
            if not name.endswith("_baseline")
        ),
        parents=tuple(parent.identity for parent in checkpoint.meta.lineage if parent.what == BASE),
    )
