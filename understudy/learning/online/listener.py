"""Learns in the background from what the understudy's own play led to: the Listener that hands ticks over, never waits.

The learner itself runs in a process of its own at the lowest priority (`online_process.py`). Nothing that it learns
plays before a judge has let it: without one, candidates are only staged. Imports no torch.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.action import Actor
from understudy.contract.profile import Profile
from understudy.contract.protocols import Step
from understudy.learning.online.messages import (
    OnlinePaths,
    OnlineReport,
    OnlineSettings,
    UpdateStats,
    WorkerReady,
)
from understudy.learning.online.process import OnlineJob, PromotionCheck, run_online_worker
from understudy.learning.worker.worker_endpoint import WorkerFailure
from understudy.learning.worker.worker_process import NICENESS, WorkerProcess, WorkerTimeouts
from understudy.policies.sampling import ExecutorStep

BLOCK_TICKS = 10
"""Half a second of play is handed over at a time."""
REPLAYED_BLOCKS = 600
"""The newest five minutes, for a learner that has to be started again."""


class VisualOutcomeLearner:
    """A Listener that learns from the outcomes of a HierarchicalPolicy's play, by the guide's names and defaults.

    It learns from steps that carry an ExecutorStep; any other pilot's steps end the present block.
    """

    def __init__(
        self,
        executor_folder: Path,
        profile: Profile,
        on_report: Callable[[OnlineReport], None] = lambda report: None,
        *,
        learning_rate: float = 1e-5,
        buffer_size: int = 2000,
        device: str = "cpu",
        update_interval: float = 3.0,
        kl_coef: float = 0.3,
        from_vision: bool = False,
        session: str = "session",
        logs: Path = Path("logs/online"),
        judge: PromotionCheck | None = None,
        patience: WorkerTimeouts | None = None,
        niceness: int = NICENESS,
    ) -> None:
        """Starts the learner; play can begin at once.

        Args:
            executor: folder of the Executor's best_model.pt; the slower levels lie in the folders beside it.
            profile: the game that is played.
            on_report: called with each report, on a thread of its own.
            learning_rate, buffer_size, update_interval, kl_coef, from_vision: as in OnlineSettings.
            device: `cpu`; the networks are too small to gain from another.
            session: names the candidate and the curves.
            logs: folder for the curves.
            judge: decides in the learner's process whether a candidate may play; a function of a module. None only
                stages candidates.
            patience: when the learner counts as lost.
            niceness: how much the learner gives way to the game.

        Raises:
            ValueError: if a setting makes no sense.
        """
        if device != "cpu":
            raise ValueError(f"the online learner runs on the cpu, not on {device}")
        self.settings = OnlineSettings(
            learning_rate=learning_rate,
            buffer_size=buffer_size,
            update_interval=update_interval,
            kl_coef=kl_coef,
            by_eye=from_vision,
        )
        self.num_updates = self.num_ticks = 0
        self.is_ready = False
        self._on_report = on_report
        self._observations: list[bytes] = []
        self._rollout_steps: list[ExecutorStep] = []
        self._follows = False
        places = OnlinePaths(models=executor_folder.parent, session=session, log_folder=logs / session)
        self.background = WorkerProcess(
            run_online_worker,
            OnlineJob(settings=self.settings, places=places, profile=profile, judge=judge),
            self._on_message,
            lambda text: self._on_message(WorkerFailure(text=text)),
            patience,
            REPLAYED_BLOCKS,
            niceness,
        )

    @property
    def learning_rate(self) -> float:
        """Of the learner; set when it is started."""
        return self.settings.learning_rate

    def on_step(self, step: Step) -> None:
        """Copies one tick of the first world; what a person did is not learnt from."""
        rollout_step = step.rollout_step
        if not isinstance(rollout_step, ExecutorStep) or step.actors[0] != Actor.POLICY:
            self._flush_block()
            self._follows = False
            return
        self.num_ticks += 1
        self._observations.append(step.observation.records[:1].tobytes())
        self._rollout_steps.append(rollout_step)
        if len(self._rollout_steps) == BLOCK_TICKS:
            self._flush_block()

    def close(self, timeout_s: float = 60.0) -> None:
        """Hands over what is left and lets the learner stage what it has learnt. May be called twice."""
        self._flush_block()
        self.background.close(timeout_s if self.num_updates else 0.0)

    def _flush_block(self) -> None:
        if self._rollout_steps:
            fields: dict[str, Any] = {
                name: np.concatenate([getattr(each, name)[:1] for each in self._rollout_steps])
                for name in ExecutorStep.__dataclass_fields__
            }
            self.background.put((self._follows, b"".join(self._observations), fields))
            self._observations, self._rollout_steps = [], []
            self._follows = True

    def _on_message(self, report: OnlineReport) -> None:
        if isinstance(report, WorkerReady):
            self.is_ready = True
        elif isinstance(report, UpdateStats):
            self.num_updates = report.number
        self._on_report(report)
