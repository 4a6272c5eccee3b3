"""What `understudy gate`, `weights`, `export` and `import` print with --json."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from understudy.evaluation.gate.gate_verdict import GateVerdict


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """Result of `understudy gate`, and of `understudy weights promote --gate`."""

    candidate: Path
    """The tested checkpoint."""
    policy: str
    """`strategist`, `tactician` or `executor`."""
    verdict: GateVerdict
    """The decision, which was carried out, with its evidence."""


@dataclass(frozen=True, kw_only=True)
class PromotedWeights:
    """Result of `understudy weights promote` without --gate."""

    policy: str
    """`strategist`, `tactician` or `executor`."""
    identity: str
    """Identity of the weights that play now."""
    candidate: Path
    """The promoted checkpoint."""


@dataclass(frozen=True, kw_only=True)
class RestoredWeights:
    """Result of `understudy weights rollback`."""

    policy: str
    """`strategist`, `tactician` or `executor`."""
    identity: str
    """Identity of the weights that play now."""


@dataclass(frozen=True, kw_only=True)
class SwitchedManner:
    """Result of `understudy weights manner`."""

    identity: str
    """Identity of the Executor that plays now."""
    manner: Literal["base", "shadow"]
    """The play style of the base recordings, or that of shadow learning."""


@dataclass(frozen=True, kw_only=True)
class LoggedDecision:
    """One line of an audit log."""

    when: str
    """Time, ISO 8601, UTC."""
    action: str
    """`promote`, `refuse`, `rollback`, or `abandon`: the change before was not applied."""
    policy: str
    """`strategist`, `tactician` or `executor`."""
    before: str | None
    """Identity of the weights that played."""
    after: str | None
    """Identity of the weights that were promoted, refused or restored; null if they could not be read."""
    why: str
    """Source of the candidate, or of the command."""
    reason: str
    """Reason of the gate or of the acceptance test."""


@dataclass(frozen=True, kw_only=True)
class PlayingWeights:
    """The weights of one policy."""

    policy: str
    """`strategist`, `tactician` or `executor`."""
    identity: str
    """Identity of the weights that play now."""
    kept: tuple[str, ...]
    """Identities that a rollback can restore, oldest first."""


@dataclass(frozen=True, kw_only=True)
class WeightsHistory:
    """Result of `understudy weights history`."""

    decisions: tuple[LoggedDecision, ...]
    """The latest decisions, oldest first."""
    policies: tuple[PlayingWeights, ...]
    """What plays now."""


@dataclass(frozen=True, kw_only=True)
class ExportedPolicies:
    """Result of `understudy export`."""

    out: Path
    """The folder."""
    identities: dict[str, str]
    """Policy -> identity of its weights."""
    figures: str
    """Where the model card's figures come from, or why it has none."""


@dataclass(frozen=True, kw_only=True)
class ImportedPolicies:
    """Result of `understudy import`."""

    models: Path
    """The folder of the policies."""
    identities: dict[str, str]
    """Policy -> identity of its weights."""
