"""The gate in the simulator: candidate against incumbent on paired fresh seeds, with a group-sequential test.

Seeds are drawn at random from the gate's own space at the time of the test, so a candidate cannot have been selected on
them. `evaluate_candidate` tests; `gate_candidate` also promotes and writes the audit log.

It also tests what online learning stages while the embedded game is played, in worlds of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt64

from understudy.contract.errors import CheckpointError
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.protocols import Pilot
from understudy.contract.workers.worker_pool import PartExecutor
from understudy.evaluation.comparison.paired_test import (
    Decision,
    PairedSequentialTest,
    SegmentScores,
    SequentialTestConfig,
)
from understudy.evaluation.gate.gate_verdict import GateVerdict
from understudy.evaluation.rollouts.episode_stats import EpisodeStats
from understudy.evaluation.rollouts.seeds import SPACE_SIZE, Purpose, drawn_offset, seeds_for
from understudy.evaluation.rollouts.vector_rollout import BLOCK, Progress, rollout_all
from understudy.learning.registry.candidates import load_active, load_candidate
from understudy.learning.registry.promotion import (
    PromotionRecord,
    promote,
    record_rejection,
    recover_interrupted_change,
)
from understudy.policies.checkpoint import Checkpoint
from understudy.policies.policy_bundle import load_policies
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile


@dataclass(frozen=True, kw_only=True)
class GateConfig:
    """Settings of a test in the simulator."""

    trial: SequentialTestConfig = field(default_factory=SequentialTestConfig)
    """Hypotheses and error rates."""
    seconds: float = 120.0
    """Game time in each world."""
    max_pairs: int = 1024
    """Worlds played by both after which a candidate without proof is refused."""
    pairs_per_look: int = BLOCK
    """Pairs between two interim looks; a whole block of the rollouts is cheapest."""
    offset: int | None = None
    """Seeds of the gate's space to skip; None draws it at random. Set it only to repeat a trial."""

    def __post_init__(self) -> None:
        if self.pairs_per_look < 4 or self.max_pairs < 1 or self.max_pairs % self.pairs_per_look:
            raise ValueError(f"max_pairs {self.max_pairs}: a multiple of pairs_per_look, of at least 4, is needed")
        if self.seconds < 1:
            raise ValueError("seconds must be at least 1")
        if self.offset is not None and not 0 <= self.offset <= SPACE_SIZE - self.max_pairs:
            raise ValueError(f"offset {self.offset}: 0 to {SPACE_SIZE - self.max_pairs} are possible")


def evaluate_candidate(
    candidate: Pilot,
    incumbent: Pilot,
    config: GateConfig | None = None,
    progress: Progress | None = None,
    executor: PartExecutor | None = None,
) -> GateVerdict:
    """Plays both policies in the same fresh worlds until the test decides or all pairs are played.

    Args:
        candidate: the pilot under test; picklable for an executor of processes.
        incumbent: the active pilot.
        config: of the test; the defaults when None.
        progress: called with the number of world-ticks done, and the total without an early stop.
        executor: plays; None for this process. Does not change the verdict.
    """
    config = config or GateConfig()
    step = config.pairs_per_look
    offset = drawn_offset(config.max_pairs, step) if config.offset is None else config.offset
    seeds = seeds_for(Purpose.GATE, config.max_pairs, offset)
    looks = range(step, config.max_pairs + 1, step)
    trial = PairedSequentialTest(config.trial, looks, config.seconds)
    ruling: Decision = "go on"
    reason = ""
    for last in looks:
        part = _part(progress, last - step, config)
        both = _play(candidate, incumbent, seeds[last - step : last], config, part, executor)
        trial.add(_stretches(both["candidate"]), _stretches(both["incumbent"]), both["candidate"].start_maps)
        ruling, reason = trial.look()
        if ruling != "go on":
            break
    return GateVerdict(
        promote=ruling == "promote",
        reason=reason,
        first_seed=int(seeds[0]),
        seconds=config.seconds,
        looks=tuple(trial.seen),
    )


def _play(
    candidate: Pilot,
    incumbent: Pilot,
    seeds: UInt64[np.ndarray, " B"],
    config: GateConfig,
    progress: Progress | None,
    executor: PartExecutor | None,
) -> dict[str, EpisodeStats]:
    pilots = {"candidate": candidate, "incumbent": incumbent}
    return rollout_all(pilots, seeds, config.seconds, progress=progress, executor=executor)


def _stretches(outcomes: EpisodeStats) -> SegmentScores:
    return SegmentScores(scores=outcomes.scores, deaths=outcomes.total("deaths"))


def _part(progress: Progress | None, pairs_before: int, config: GateConfig) -> Progress | None:
    """Converts the progress of one block into that of the whole trial."""
    if progress is None:
        return None
    pair_ticks = 2 * max(1, round(config.seconds * TICK_RATE_HZ))

    def report(done: int, _: int) -> None:
        progress(pairs_before * pair_ticks + done, config.max_pairs * pair_ticks)

    return report


def gate_candidate(
    models: Path,
    policy: str,
    candidate: Path,
    config: GateConfig | None = None,
    why: str = "manual",
    progress: Progress | None = None,
    executor: PartExecutor | None = None,
) -> GateVerdict:
    """Tests one staged checkpoint in place of its policy; promotes it if it is better, and logs the decision.

    Args:
        models: folder of the three active policies.
        policy: which of them the candidate replaces.
        candidate: the checkpoint, usually in `models`/`policy`/staged.
        config: of the test; the defaults when None.
        why: source of the candidate, for the audit log.
        progress: as for `evaluate_candidate`.
        executor: as for `evaluate_candidate`.

    Raises:
        CheckpointError: if the active policies are not usable, or the decision cannot be written.
    """
    recover_interrupted_change(models, policy)
    before = load_active(models, policy)
    try:
        new = load_candidate(models, candidate, policy)
        if new.identity == before.identity:
            raise CheckpointError(f"{candidate} is what plays already.")
    except CheckpointError as problem:
        verdict = GateVerdict(promote=False, reason=str(problem))
        record_rejection(models, policy, None, _promotion_record(verdict, why))
        return verdict
    profile = load_profile("darkorbit")
    pilot = HierarchicalPolicy(load_policies(models, new), profile)
    verdict = evaluate_candidate(pilot, HierarchicalPolicy(load_policies(models), profile), config, progress, executor)
    return apply_verdict(models, candidate, new, before.identity, verdict, why)


def apply_verdict(
    models: Path, path: Path, candidate: Checkpoint, incumbent: str, verdict: GateVerdict, why: str = "manual"
) -> GateVerdict:
    """Promotes a tested candidate if it is better, and logs the decision either way.

    Args:
        models: folder of the three active policies.
        path: the candidate's file.
        candidate: the candidate as it was tested.
        incumbent: identity of the weights that it was compared with.
        verdict: of `evaluate_candidate` or of a `LiveGate`.
        why: where the candidate comes from, for the audit log.

    Returns:
        The verdict; a refusal if the promotion failed.

    Raises:
        CheckpointError: if the decision cannot be written; the old weights stay active.
    """
    if verdict.promote:
        try:
            promote(models, path, _promotion_record(verdict, why), expected_incumbent=incumbent)
        except CheckpointError as problem:
            verdict = replace(verdict, promote=False, reason=f"{verdict.reason}; but {problem}")
    if not verdict.promote:
        record_rejection(models, candidate.meta.policy, candidate, _promotion_record(verdict, why))
    return verdict


def _promotion_record(verdict: GateVerdict, why: str) -> PromotionRecord:
    seeds: dict[str, int | float] = {}
    if verdict.live:
        seeds = {"live_pairs": verdict.num_pairs, "seconds": verdict.seconds}
    elif verdict.first_seed is not None:
        seeds = {"first": verdict.first_seed, "count": verdict.num_pairs, "seconds": verdict.seconds}
    return PromotionRecord(why=why, reason=verdict.reason, numbers=verdict.numbers, seeds=seeds)


def judge_in_embedded_games(
    models: Path, candidate: Path, why: str, progress: Callable[[int, int], None]
) -> tuple[bool, str]:
    """Tests the candidate in fresh worlds beside the live game; returns whether it was promoted, and the reason."""
    try:
        verdict = gate_candidate(models, "executor", candidate, GateConfig(), why, progress)
    except CheckpointError as problem:
        return False, str(problem)
    return verdict.promote, verdict.reason
