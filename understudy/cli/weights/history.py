"""`understudy weights history`: promotions, rejections and rollbacks, and the ancestors that a rollback can restore."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.cli.flags.number_ranges import Count
from understudy.contract.terminal_text import printable

SHORT = 8
"""Number of digits shown of a checkpoint's identity; as many are enough for rollback --to."""
MAX_TEXT = 1000
"""Maximum number of characters shown of a text."""


@dataclass(frozen=True, kw_only=True)
class History:
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
    for line in lines[-command.last :]:
        console.print(describe(line), highlight=False, markup=False, soft_wrap=True)
    if not lines:
        console.print("Nothing was decided yet.")
    for policy in policies:
        kept = ", ".join(map(printable, ancestors(command.models, policy))) or "none"
        now = load_active(command.models, policy).identity
        console.print(f"{policy}: {now} plays; kept: {kept}", highlight=False, soft_wrap=True)


def describe(line: dict[str, Any]) -> str:
    """Returns a decision on one line and its verdict on another, each within 80 columns if possible."""
    told = {name: printable(str(value), MAX_TEXT) for name, value in line.items() if value is not None}
    when = told["when"][:16].replace("T", " ")
    change = " -> ".join(told[end][:SHORT] for end in ("from", "to") if told.get(end))
    why, reason = told.get("why", ""), told.get("reason", "")
    decision = f"{when}  {told.get('policy', '')} {told['action']}  {change}" + (f"  ({why})" if why else "")
    return f"{decision}\n    {reason}" if reason else decision
