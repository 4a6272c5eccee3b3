"""`understudy promote` and `understudy rollback`: let a candidate of shadow learning play, or take that back."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Promote:
    """Let weights that were learnt in shadow play, whatever the judge said; what plays now is kept."""

    candidate: Path | None = None
    """The checkpoint; by default the one that was staged last, in executor/shadow."""
    models: Path = Path("models/v2")
    """Folder with the three trained policies."""
    why: str = "asked for"
    """Is written into executor/history/audit.jsonl."""


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Undo the last promotion: the weights from before it play again."""

    models: Path = Path("models/v2")
    """Folder with the three trained policies."""
    why: str = "asked for"
    """Is written into executor/history/audit.jsonl."""


def run(command: Promote | Rollback) -> None:
    """Changes best_model.pt and says what plays now."""
    from rich.console import Console

    from understudy.learning.promotion import newest_candidate, promote, rollback

    executor = command.models / "executor"
    if isinstance(command, Promote):
        candidate = command.candidate or newest_candidate(executor)
        identity = promote(executor, candidate, command.why)
        said = f"{candidate} plays now ({identity}); understudy rollback takes it back."
    else:
        said = f"The weights from before play again ({rollback(executor, command.why)})."
    Console(soft_wrap=True).print(said, highlight=False, markup=False)
