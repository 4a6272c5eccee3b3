"""`understudy promote`, `rollback` and `manner`: let a candidate play, what played before, or the other manner."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from understudy.cli.flags.output_paths import OutputFolder

Flag = tyro.conf.FlagCreatePairsOff


@dataclass(frozen=True, kw_only=True)
class Promote:
    """Let staged weights play; what plays now is kept."""

    candidate: Annotated[Path | None, tyro.conf.Positional] = None
    """The checkpoint, of any of the three policies; by default the one that was staged last."""
    models: OutputFolder = Path("models/v2")
    """Folder with the three trained policies."""
    gate: Flag[bool] = False
    """Only if it proves better in the embedded game (understudy gate); otherwise whatever anybody said of it."""
    why: str = "asked for"
    """Is written into the policy's history/audit.jsonl."""


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Let weights play again that played before; by default those from before the last promotion."""

    models: OutputFolder = Path("models/v2")
    """Folder with the three trained policies."""
    to: str | None = None
    """Identity, or how it begins, of any ancestor (understudy history lists them)."""
    policy: str | None = None
    """strategist, tactician or executor; by default the one that was promoted last, or that has the ancestor."""
    why: str = "asked for"
    """Is written into the policy's history/audit.jsonl."""


@dataclass(frozen=True, kw_only=True)
class Manner:
    """Let the understudy play as in the base recordings again, or as you played when it learnt in your shadow."""

    models: OutputFolder = Path("models/v2")
    """Folder with the three trained policies."""
    why: str = "asked for"
    """Is written into the executor's history/audit.jsonl."""


def run(command: Promote | Rollback | Manner) -> None:
    """Changes a best_model.pt and says what plays now."""
    from understudy.cli.show.terminal import Console
    from understudy.learning.registry.candidates import newest_candidate
    from understudy.learning.registry.promotion import PromotionRecord, promote, rollback

    if isinstance(command, Rollback):
        policy, identity = rollback(command.models, command.to, command.policy, command.why)
        said = f"The {policy} {identity} plays again."
    elif isinstance(command, Manner):
        from understudy.learning.registry.style_switch import switch_style

        identity, earlier = switch_style(command.models, command.why)
        manner = "of the base recordings" if earlier else "learnt in your shadow"
        said = f"The manner {manner} plays now ({identity}); the same command brings the other back."
    else:
        candidate = command.candidate or newest_candidate(command.models)
        if command.gate:
            from understudy.cli.gate import Gate
            from understudy.cli.gate import run as run_gate

            return run_gate(Gate(candidate=candidate, models=command.models, why=command.why))
        identity = promote(command.models, candidate, PromotionRecord(why=command.why))
        said = f"{candidate} plays now ({identity}); understudy rollback takes it back."
    Console(soft_wrap=True).print(said, highlight=False, markup=False)
    return None
