"""Promote, restore, switch and list the weights that play."""

from understudy.cli.weights.history import History
from understudy.cli.weights.promote import Manner, Promote, Rollback

Weights = Promote | Rollback | Manner | History


def run(command: Weights) -> None:
    """Runs the subcommand."""
    if isinstance(command, History):
        from understudy.cli.weights.history import run as run_history

        return run_history(command)
    from understudy.cli.weights.promote import run as run_change

    return run_change(command)
