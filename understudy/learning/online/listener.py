"""The Listener of online learning (the guide's VisualOutcomeLearner): sends the policy's own play to a learner process.

The learner runs in online/process.py at the lowest priority; the thread that plays never waits for it. Its weights
play only after a promotion check has accepted them; without one, candidates are only staged. Imports no torch.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.action import Actor
from understudy.contract.profile import Profile
from understudy.contract.protocols import Step
from understudy.learning.online.messages import OnlineJob, OnlinePaths, OnlineReport, OnlineSettings, PromotionCheck
from understudy.learning.online.process import run_online_worker
from understudy.learning.worker.block_listener import BlockListener
from understudy.learning.worker.worker_endpoint import Block
from understudy.learning.worker.worker_process import NICENESS, WorkerTimeouts
from understudy.policies.sampling import ExecutorStep

REPLAYED_BLOCKS = 600
"""The newest five minutes, for a restarted learner."""


class VisualOutcomeLearner(BlockListener[tuple[bytes, ExecutorStep], OnlineReport]):
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
        timeouts: WorkerTimeouts | None = None,
        niceness: int = NICENESS,
    ) -> None:
        """Starts the learner; play can begin at once.

        Args:
            executor_folder: folder of the Executor's best_model.pt; the slower levels lie in the folders beside it.
            profile: the game that is played.
            on_report: called with each report, on a thread of its own.
            learning_rate, buffer_size, update_interval, kl_coef, from_vision: as in OnlineSettings.
            device: `cpu`; the networks are too small to gain from another.
            session: names the candidate and the curves.
            logs: folder for the curves.
            judge: evaluates and promotes candidates, in the learner's process; a function of a module. None only
                stages candidates.
            timeouts: when the learner counts as lost.
            niceness: scheduling priority of the learner, 0 to 19 (lowest).

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
            from_vision=from_vision,
        )
        self.num_ticks = 0
        paths = OnlinePaths(models=executor_folder.parent, session=session, log_folder=logs / session)
        job = OnlineJob(settings=self.settings, paths=paths, profile=profile, judge=judge)
        super().__init__(run_online_worker, job, on_report, timeouts, REPLAYED_BLOCKS, niceness)

    @property
    def learning_rate(self) -> float:
        """The learner's learning rate; fixed at its start."""
        return self.settings.learning_rate

    def _copy_tick(self, step: Step) -> tuple[bytes, ExecutorStep] | None:
        """Copies the first world's tick; None for a person's own actions, which are not trained on."""
        executor_step = step.rollout_step
        if not isinstance(executor_step, ExecutorStep) or step.actors[0] != Actor.POLICY:
            return None
        self.num_ticks += 1
        return step.observation.records[:1].tobytes(), executor_step

    def _block(self, ticks: Sequence[tuple[bytes, ExecutorStep]], first_index: int, is_continuous: bool) -> Block:
        observations, steps = zip(*ticks, strict=True)
        fields: dict[str, Any] = {
            name: np.concatenate([getattr(step, name)[:1] for step in steps])
            for name in ExecutorStep.__dataclass_fields__
        }
        return is_continuous, b"".join(observations), fields
