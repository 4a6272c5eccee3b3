"""The judge of what is learnt online while the embedded game is played: the gate, in worlds of its own."""

from collections.abc import Callable
from pathlib import Path

from understudy.contract.errors import CheckpointError
from understudy.evaluation.gate import GateConfig, submit


def judge_in_embedded_games(
    models: Path, candidate: Path, why: str, progress: Callable[[int, int], None]
) -> tuple[bool, str]:
    """Candidate and incumbent play the same fresh worlds beside the live game; the candidate plays if it is better."""
    try:
        verdict = submit(models, "executor", candidate, GateConfig(), why, progress)
    except CheckpointError as problem:
        return False, str(problem)
    return verdict.promote, verdict.reason
