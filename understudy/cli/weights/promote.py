"""`understudy weights promote`, `rollback` and `manner`: change the weights that play."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.flags.spellings import Flag
from understudy.cli.results.json_output import JsonFlag


@dataclass(frozen=True, kw_only=True)
class Promote(JsonFlag):
    """Promote a candidate; the incumbent is kept for rollback."""

    candidate: Annotated[Path | None, tyro.conf.Positional] = None
    """Checkpoint of any of the three policies; by default the one staged last."""
    models: OutputFolder = Path("models/v2")
    """Folder of the three trained policies."""
    gate: Flag[bool] = False
    """Promote only if the gate accepts it (understudy gate); otherwise promote without a test."""
    why: str = "manual"
    """Reason, written to the policy's history/audit.jsonl."""


@dataclass(frozen=True, kw_only=True)
class Rollback(JsonFlag):
    """Restore earlier weights; by default those before the last promotion."""

    models: OutputFolder = Path("models/v2")
    """Folder of the three trained policies."""
    to: str | None = None
    """Identity of an ancestor, or a prefix of it (understudy weights history lists them)."""
    policy: str | None = None
    """Policy to restore: strategist, tactician or executor; by default the one promoted last, or the one with --to."""
    why: str = "manual"
    """Reason, written to the policy's history/audit.jsonl."""


@dataclass(frozen=True, kw_only=True)
class Manner(JsonFlag):
    """Switch the Executor between the play style of the base recordings and that of shadow learning."""

    models: OutputFolder = Path("models/v2")
    """Folder of the three trained policies."""
    why: str = "manual"
    """Reason, written to the executor's history/audit.jsonl."""


def run(command: Promote | Rollback | Manner) -> None:
    """Replaces a best_model.pt and prints the weights that play now."""
    from understudy.cli.results import weights as results
    from understudy.cli.results.json_output import print_result
    from understudy.cli.show.terminal import Console
    from understudy.learning.registry.candidates import newest_candidate, policy_name
    from understudy.learning.registry.promotion import PromotionRecord, promote, rollback

    if isinstance(command, Rollback):
        policy, identity = rollback(command.models, command.to, command.policy, command.why)
        said = f"The {policy} {identity} plays again."
        result: Any = results.RestoredWeights(policy=policy, identity=identity)
    elif isinstance(command, Manner):
        from understudy.learning.registry.style_switch import switch_style

        identity, earlier = switch_style(command.models, command.why)
        manner = "of the base recordings" if earlier else "learnt in your shadow"
        said = f"The manner {manner} plays now ({identity}); the same command brings the other back."
        result = results.SwitchedManner(identity=identity, manner="base" if earlier else "shadow")
    else:
        candidate = command.candidate or newest_candidate(command.models)
        if command.gate:
            from understudy.cli.gate import Gate
            from understudy.cli.gate import run as run_gate

            return run_gate(Gate(candidate=candidate, models=command.models, why=command.why, json=command.json))
        identity = promote(command.models, candidate, PromotionRecord(why=command.why))
        said = f"{candidate} plays now ({identity}); understudy weights rollback takes it back."
        result = results.PromotedWeights(policy=policy_name(candidate), identity=identity, candidate=candidate)
    Console(soft_wrap=True).print(said, highlight=False, markup=False)
    if command.json:
        print_result(f"weights {type(command).__name__.lower()}", result)
    return None
