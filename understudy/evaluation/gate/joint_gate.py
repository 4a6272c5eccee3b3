"""The gate for candidates that depend on each other, such as a corrected Strategist and the Executor adapted to it.

They are tested as one pilot against the active policies and promoted one after the other, slowest level first, so
that the active Executor was at all times trained with the active Strategist or an ancestor of it.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from understudy.contract.errors import CheckpointError
from understudy.evaluation.gate.gate_verdict import GateVerdict
from understudy.evaluation.gate.simulator_gate import GateConfig, evaluate_candidate
from understudy.evaluation.rollouts.vector_rollout import Progress
from understudy.learning.registry.candidates import POLICIES, load_active
from understudy.learning.registry.promotion import (
    PromotionRecord,
    promote_together,
    record_rejection,
    recover_interrupted_change,
)
from understudy.policies.checkpoint import Checkpoint, load_checkpoint
from understudy.policies.encoder import ENCODING
from understudy.policies.policy_bundle import (
    PolicyBundle,
    build_executor,
    build_strategist,
    build_tactician,
    load_policies,
)
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile


def submit_together(
    models: Path,
    candidates: Mapping[str, Path],
    config: GateConfig | None = None,
    why: str = "manual",
    progress: Progress | None = None,
) -> GateVerdict:
    """Tests several checkpoints in place of their policies; promotes all of them or none, and logs the decision.

    Args:
        models: folder of the three active policies.
        candidates: policy -> checkpoint.
        config: of the test; the defaults when None.
        why: source of the candidates, for the audit logs.
        progress: as for `evaluate_candidate`.

    Raises:
        CheckpointError: if a file cannot be read or written.
    """
    order = [policy for policy in POLICIES if policy in candidates]
    for policy in order:
        recover_interrupted_change(models, policy)
    before = {policy: load_active(models, policy).identity for policy in order}
    new = {policy: load_checkpoint(candidates[policy], policy, ENCODING) for policy in order}
    profile = load_profile("darkorbit")
    pilot = HierarchicalPolicy(_brain_with(load_policies(models), new), profile)
    verdict = evaluate_candidate(pilot, HierarchicalPolicy(load_policies(models), profile), config, progress)
    if verdict.promote:
        try:
            promote_together(
                models, {policy: candidates[policy] for policy in order}, _promotion_record(verdict, why), before
            )
            return verdict
        except CheckpointError as problem:
            verdict = replace(verdict, promote=False, reason=f"{verdict.reason}; but {problem}")
    for policy in order:
        record_rejection(models, policy, new[policy], _promotion_record(verdict, why))
    return verdict


def _brain_with(policies: PolicyBundle, new: Mapping[str, Checkpoint]) -> PolicyBundle:
    """Returns the policies with the candidates in place."""
    if "strategist" in new:
        policies = replace(policies, strategist=build_strategist(new["strategist"]))
    if "tactician" in new:
        policies = replace(policies, tactician=build_tactician(new["tactician"]))
    if "executor" in new:
        policies = replace(policies, executor=build_executor(new["executor"]))
    return policies


def _promotion_record(verdict: GateVerdict, why: str) -> PromotionRecord:
    seeds: dict[str, int | float] = {}
    if verdict.first_seed is not None:
        seeds = {"first": verdict.first_seed, "count": verdict.num_pairs, "seconds": verdict.seconds}
    return PromotionRecord(why=why, reason=verdict.reason, numbers=verdict.numbers, seeds=seeds)
