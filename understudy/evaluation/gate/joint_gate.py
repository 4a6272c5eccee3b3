"""The gate for candidates that make sense only together: a Strategist with corrections, the Executor that follows it.

Judged as one pilot against what plays, promoted one after the other, slowest level first, so that at every moment the
Executor that plays was trained beside the Strategist that plays or one that it was learnt on from.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from understudy.contract.errors import CheckpointError
from understudy.evaluation.gate.simulator_gate import GateConfig, GateVerdict, compare
from understudy.evaluation.rollouts.vector_rollout import Progress
from understudy.learning.registry.candidates import POLICIES, playing
from understudy.learning.registry.promotion import Grounds, promote, refuse, rollback, settle
from understudy.policies.checkpoint import Checkpoint, load_checkpoint
from understudy.policies.encoder import ENCODING
from understudy.policies.policy_bundle import Brain, load_brain, restore_executor, restore_strategist, restore_tactician
from understudy.runtime.hierarchical_policy import Hierarchy
from understudy.worlds.catalog import load_profile


def submit_together(
    models: Path,
    candidates: Mapping[str, Path],
    config: GateConfig | None = None,
    why: str = "asked for",
    progress: Progress | None = None,
) -> GateVerdict:
    """Judges several checkpoints in place of their policies; lets all of them play or none. Writes down either.

    Args:
        models: folder of the three policies that play.
        candidates: policy -> checkpoint.
        config: how to judge; the defaults when None.
        why: where they come from, for the audit logs.
        progress: as for `compare`.

    Raises:
        CheckpointError: if something cannot be read or written down.
    """
    order = [policy for policy in POLICIES if policy in candidates]
    for policy in order:
        settle(models, policy)
    before = {policy: playing(models, policy).identity for policy in order}
    new = {policy: load_checkpoint(candidates[policy], policy, ENCODING) for policy in order}
    profile = load_profile("darkorbit")
    pilot = Hierarchy(_brain_with(load_brain(models), new), profile)
    verdict = compare(pilot, Hierarchy(load_brain(models), profile), config, progress)
    if verdict.promote:
        problem = _promote_all(models, candidates, before, _grounds(verdict, why))
        if problem is None:
            return verdict
        verdict = replace(verdict, promote=False, reason=f"{verdict.reason}; but {problem}")
    for policy in order:
        refuse(models, policy, new[policy], _grounds(verdict, why))
    return verdict


def _brain_with(brain: Brain, new: Mapping[str, Checkpoint]) -> Brain:
    """What would play."""
    if "strategist" in new:
        brain = replace(brain, strategist=restore_strategist(new["strategist"]))
    if "tactician" in new:
        brain = replace(brain, tactician=restore_tactician(new["tactician"]))
    if "executor" in new:
        brain = replace(brain, executor=restore_executor(new["executor"]))
    return brain


def _promote_all(
    models: Path, candidates: Mapping[str, Path], before: Mapping[str, str], grounds: Grounds
) -> str | None:
    """All or none; says what was in the way."""
    done: list[str] = []
    try:
        for policy, identity in before.items():
            promote(models, candidates[policy], grounds, instead_of=identity)
            done.append(policy)
    except CheckpointError as problem:
        for policy in reversed(done):
            rollback(models, policy=policy, why="its companion could not be promoted")
        return str(problem)
    return None


def _grounds(verdict: GateVerdict, why: str) -> Grounds:
    seeds: dict[str, int | float] = {}
    if verdict.first_seed is not None:
        seeds = {"first": verdict.first_seed, "count": verdict.num_pairs, "seconds": verdict.seconds}
    return Grounds(why=why, reason=verdict.reason, numbers=verdict.numbers, seeds=seeds)
