"""An RL run: collects rollouts, updates the policy, saves checkpoints, plots progress, and evaluates candidates."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from understudy.contract.errors import CheckpointError, TrainingError
from understudy.contract.workers.worker_pool import PartExecutor
from understudy.evaluation.gate.gate_verdict import GateVerdict
from understudy.evaluation.gate.simulator_gate import GateConfig, gate_candidate
from understudy.learning.registry.policy_lock import training_lock
from understudy.learning.rl.ppo_trainer import PPOTrainer, PPOTrainerConfig, RolloutUpdateStats
from understudy.learning.rl.rl_checkpoint import (
    RLCheckpoint,
    TrainingProgress,
    load_policy_and_reference,
    to_plain_settings,
)
from understudy.learning.training.metric_logger import MetricLogger
from understudy.policies.executor import Executor
from understudy.policies.policy_bundle import load_policies
from understudy.practice.plot import draw_practice
from understudy.practice.rollout_collector import CollectorConfig, RolloutCollector, RolloutStats
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile

_log = logging.getLogger(__name__)

PLOT, LOGS = "practice.png", "curves"
TICKS_AN_HOUR = 72_000


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Settings of an RL run."""

    models: Path
    """Folder of the three policies."""
    out: Path
    """Folder for the training state, the plot and the learning curves."""
    hours: float = 8.0
    """Simulated hours summed over all worlds, including those of earlier runs that are resumed."""
    judge_hours: float = 8.0
    """Simulated hours between two evaluations of a candidate by the gate; one more follows at the end."""
    trainer: PPOTrainerConfig = field(default_factory=PPOTrainerConfig)
    ground: CollectorConfig = field(default_factory=CollectorConfig)
    gate: GateConfig | None = field(default_factory=GateConfig)
    """Settings of the gate; None stages candidates without an evaluation."""
    resume: bool = False
    """Resume from the training state in `out`."""
    save_every_s: float = 20.0
    """Seconds between two saves of the state and the plot."""


@dataclass(frozen=True, kw_only=True)
class RolloutReport:
    """Progress of the run after one rollout and update."""

    hours: float
    score: float
    """Points a minute in this rollout."""
    deaths_per_hour: float
    learned: RolloutUpdateStats
    times_real: float
    """Simulated seconds for each second of this process's CPU time so far, updates included."""


@dataclass(frozen=True, kw_only=True)
class EvaluatedCandidate:
    """A staged candidate, with the gate's verdict; None where the run has no gate."""

    hours: float
    path: Path
    verdict: GateVerdict | None


class PracticeRun:
    """One RL run; used by one thread."""

    def __init__(
        self,
        settings: RunSettings,
        on_report: Callable[[RolloutReport], None] = lambda report: None,
        on_evaluated: Callable[[EvaluatedCandidate], None] = lambda evaluated: None,
        on_gate: Callable[[int, int], None] | None = None,
        executor: PartExecutor | None = None,
    ) -> None:
        """Loads the policies and, with `resume`, the training state.

        Args:
            settings: of the run.
            on_report: called after each rollout and update.
            on_evaluated: called with each candidate.
            on_gate: called with the gate's progress.
            executor: plays the games and the gate's; None for this process. Does not change the result.

        Raises:
            CheckpointError: if there are no usable policies, or there is nothing to resume.
            TrainingError: if the state to resume belongs to a run with other settings.
        """
        torch.set_num_threads(1)
        self._executor = executor
        self.settings, self._on_report, self._on_evaluated, self._on_gate = settings, on_report, on_evaluated, on_gate
        self.store = RLCheckpoint(settings.models, settings.out)
        model, person = load_policy_and_reference(self.store)
        self.policies = replace(load_policies(settings.models), executor=model)
        self.trainer = PPOTrainer(model, person, self.policies.sampling, settings.trainer)
        self.progress = self.store.restore(self.trainer, self._fixed()) if settings.resume else TrainingProgress()
        self.evaluated: list[EvaluatedCandidate] = []
        self._hierarchy = HierarchicalPolicy(self.policies, load_profile("darkorbit"))
        self._simulated_s = self._saved_s = self._cpu_s = 0.0

    @property
    def hours(self) -> float:
        """Simulated hours so far."""
        return self.progress.world_ticks / TICKS_AN_HOUR

    def run(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Trains until the hours are over or `stopped` returns True; then saves, plots, and evaluates a candidate.

        Raises:
            TrainingError: if the update fails, such as by a loss that is not finite; the state is saved. Or if another
                process practises into the same folder.
        """
        with training_lock(self.settings.out):
            self._run(stopped)

    def _run(self, stopped: Callable[[], bool]) -> None:
        """Trains while the folder's lock is held."""
        ground = RolloutCollector(self._hierarchy, self.settings.ground, self.progress.seeds_used, self._executor)
        self._saved_s = time.perf_counter()
        with MetricLogger(self.settings.out / LOGS) as journal:
            journal.log_settings(self._fixed(), ("score", "deaths_per_hour", "kl_to_reference"))
            try:
                while self.hours < self.settings.hours and not stopped():
                    before = self.hours
                    self._rollout_and_update(ground, journal)
                    over = self.hours // self.settings.judge_hours > before // self.settings.judge_hours
                    if over and self.hours < self.settings.hours:
                        self.judge()
                    if time.perf_counter() - self._saved_s > self.settings.save_every_s:
                        self._keep(journal)
            except TrainingError:
                self._keep(journal)
                raise
            finally:
                ground.close()
            self._keep(journal)
        if not stopped() and self.trainer.policy.num_steps:
            self.judge()
            self._draw()

    def reference_hierarchy(self) -> HierarchicalPolicy:
        """Returns a pilot with the reference policy of the KL penalty."""
        return self._hierarchy_of(self.trainer.policy.reference_policy)

    def averaged_hierarchy(self) -> HierarchicalPolicy:
        """Returns a pilot with the averaged weights (EMA) of this run, promoted or not."""
        return self._hierarchy_of(self.trainer.policy.averaged)

    def _hierarchy_of(self, executor: Executor) -> HierarchicalPolicy:
        return HierarchicalPolicy(replace(self.policies, executor=executor), load_profile("darkorbit"))

    def _rollout_and_update(self, ground: RolloutCollector, journal: MetricLogger) -> None:
        begun_s = time.process_time()
        experience, stats = ground.play()
        learned = self.trainer.learn(experience)
        self._cpu_s += time.process_time() - begun_s
        self._simulated_s += 60 * stats.minutes
        self.progress.seeds_used = ground.seeds_used
        self.progress.world_ticks += stats.world_ticks
        point = self._point(stats, learned)
        self.progress.curve.append(point)
        journal.log(self.trainer.num_rollouts, point)
        self._on_report(
            RolloutReport(
                hours=self.hours,
                score=stats.score,
                deaths_per_hour=stats.deaths_per_hour,
                learned=learned,
                times_real=self._simulated_s / max(self._cpu_s, 1e-9),
            )
        )

    def _point(self, stats: RolloutStats, learned: RolloutUpdateStats) -> dict[str, float]:
        point = {
            "hours": self.hours,
            "score": stats.score,
            "deaths_per_hour": stats.deaths_per_hour,
            "explained_variance": learned.explained_variance,
            "value_loss": learned.value_loss,
        }
        return point if learned.policy is None else point | {k: float(v) for k, v in asdict(learned.policy).items()}

    def judge(self) -> EvaluatedCandidate | None:
        """Stages the averaged weights (EMA) and evaluates them with the gate; None if they could not be written."""
        recent = self.progress.curve[-max(1, len(self.progress.curve) // 8) :]
        metrics = {
            "hours": self.hours,
            "score": sum(point["score"] for point in recent) / len(recent),
            "deaths_per_hour": sum(point["deaths_per_hour"] for point in recent) / len(recent),
        }
        try:
            path = self.store.stage(self.trainer.policy.ema_state_dict, metrics, "practice")
            verdict = self._verdict(path)
        except CheckpointError as problem:
            _log.warning("a candidate could not be evaluated: %s", problem)
            return None
        evaluated = EvaluatedCandidate(hours=self.hours, path=path, verdict=verdict)
        self.evaluated.append(evaluated)
        self._on_evaluated(evaluated)
        return evaluated

    def _verdict(self, path: Path) -> GateVerdict | None:
        if self.settings.gate is None:
            return None
        why = f"practice: {self.hours:.1f} simulated hours"
        return gate_candidate(
            self.settings.models, "executor", path, self.settings.gate, why, self._on_gate, self._executor
        )

    def _keep(self, journal: MetricLogger) -> None:
        """Saves the state and the plot. A full disk loses the updates since the last save, not the run."""
        journal.flush()
        try:
            self.store.save(self.trainer, self.progress, self._fixed())
        except CheckpointError as problem:
            _log.warning("%s", problem)
        self._draw()
        self._saved_s = time.perf_counter()

    def _draw(self) -> None:
        outcomes = [(one.hours, one.verdict is not None and one.verdict.promote) for one in self.evaluated]
        try:
            draw_practice(self.progress.curve, self.settings.out / PLOT, outcomes)
        except OSError as problem:
            _log.warning("the plot could not be written (%s)", problem.strerror)

    def _fixed(self) -> dict[str, Any]:
        """Returns the settings that must be equal when a run is resumed."""
        return to_plain_settings(self.settings.trainer) | asdict(self.settings.ground)
