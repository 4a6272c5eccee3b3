"""`understudy weights history`: promotions, rejections and rollbacks, and the ancestors that a rollback can restore."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.cli.flags.number_ranges import Count
from understudy.cli.results.json_output import JsonFlag
from understudy.contract.terminal_text import printable

if TYPE_CHECKING:
    from understudy.cli.results.weights import LoggedDecision

SHORT = 8
"""Number of digits shown of a checkpoint's identity; as many are enough for rollback --to."""
MAX_TEXT = 1000
"""Maximum number of characters shown of a text."""


@dataclass(frozen=True, kw_only=True)
class History(JsonFlag):
    """List promotions, rejections and rollbacks with their reasons, and the ancestors that are kept."""

    models: Path = Path("models/v2")
    """Folder of the three trained policies."""
    policy: str | None = None
    """Policy to list: strategist, tactician or executor; all three by default."""
    last: Count = 20
    """Number of latest decisions to show."""


def run(command: History) -> None:
    """Prints the decisions, oldest first, and for each policy the incumbent and its ancestors.

    Raises:
        CheckpointError: if the incumbent is not usable.
    """
    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.weights import PlayingWeights, WeightsHistory
    from understudy.cli.show.terminal import Console
    from understudy.contract.errors import CheckpointError
    from understudy.learning.registry.audit_log import read_audit_log
    from understudy.learning.registry.candidates import POLICIES, load_active
    from understudy.learning.registry.promotion import ancestors, recover_interrupted_change
    from understudy.policies.checkpoint import BEST

    console = Console()
    asked = POLICIES if command.policy is None else (command.policy,)
    policies = [policy for policy in asked if (command.models / policy / BEST).exists()]
    if not policies:
        raise CheckpointError(f"Nothing plays in {command.models}: train first with  understudy train .")
    lines: list[dict[str, Any]] = []
    for policy in policies:
        recover_interrupted_change(command.models, policy)
        lines += read_audit_log(command.models / policy)
    lines.sort(key=lambda line: str(line["when"]))
    shown = lines[-command.last :]
    for line in shown:
        console.print(describe(line), highlight=False, markup=False, soft_wrap=True)
    if not lines:
        console.print("Nothing was decided yet.")
    playing = []
    for policy in policies:
        kept, now = ancestors(command.models, policy), load_active(command.models, policy).identity
        words = ", ".join(map(printable, kept)) or "none"
        console.print(f"{policy}: {now} plays; kept: {words}", highlight=False, soft_wrap=True)
        playing.append(PlayingWeights(policy=policy, identity=now, kept=tuple(kept)))
    if command.json:
        decisions = tuple(map(logged_decision, shown))
        print_result("weights history", WeightsHistory(decisions=decisions, policies=tuple(playing)))


def logged_decision(line: dict[str, Any]) -> "LoggedDecision":
    """Returns a line of an audit log for --json; what is not text in it, although it should be, becomes text."""
    from understudy.cli.results.weights import LoggedDecision

    text = {name: None if value is None else str(value) for name, value in line.items()}
    return LoggedDecision(
        when=text["when"] or "",
        action=text["action"] or "",
        policy=text.get("policy") or "",
        before=text.get("from"),
        after=text.get("to"),
        why=text.get("why") or "",
        reason=text.get("reason") or "",
    )


def describe(line: dict[str, Any]) -> str:
    """Returns a decision on one line and its verdict on another, each within 80 columns if possible."""
    told = {name: printable(str(value), MAX_TEXT) for name, value in line.items() if value is not None}
    when = told["when"][:16].replace("T", " ")
    change = " -> ".join(told[end][:SHORT] for end in ("from", "to") if told.get(end))
    why, reason = told.get("why", ""), told.get("reason", "")
    decision = f"{when}  {told.get('policy', '')} {told['action']}  {change}" + (f"  ({why})" if why else "")
    return f"{decision}\n    {reason}" if reason else decision
