"""The Listener of shadow learning (the guide's ShadowTrainer): sends a person's play to a learner process, never waits.

The learner runs in shadow/process.py. Imports no torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.contract.action import Actor
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent, Step
from understudy.learning.registry.audit_log import STAGED
from understudy.learning.shadow.messages import (
    BufferFill,
    ShadowJob,
    ShadowPaths,
    ShadowReport,
    ShadowSettings,
    ShadowUpdateStats,
)
from understudy.learning.shadow.process import run_shadow_worker
from understudy.learning.worker.block_listener import BlockListener
from understudy.learning.worker.worker_endpoint import Block
from understudy.learning.worker.worker_process import NICENESS, WorkerTimeouts
from understudy.recordings.mcap_channels import inputs_to_records

REPLAYED_BLOCKS = 2400
"""The newest 20 minutes, for a restarted learner."""
EXPERT_ACTORS = (Actor.PERSON, Actor.TEACHER)


@dataclass
class InputStats:
    """Counts of ticks with input so far, for the check of an empty buffer."""

    num_ticks: int = 0
    num_active_ticks: int = 0
    """Ticks in which the cursor moved or a button or key was down."""
    num_expert_ticks: int = 0
    """Ticks in which a person or the teacher acted."""


class ShadowTrainer(BlockListener[tuple[bytes, bytes, bytes], ShadowReport]):
    """A Listener that imitates the person or teacher who plays, by the guide's names and defaults."""

    def __init__(
        self,
        executor: Path,
        profile: Profile,
        on_report: Callable[[ShadowReport], None] = lambda report: None,
        *,
        learning_rate: float = 1e-4,
        buffer_size: int = 5000,
        batch_size: int = 64,
        update_interval: float = 3.0,
        min_samples: int = 32,
        session: str = "session",
        logs: Path = Path("logs/shadow"),
        recordings: Path | None = None,
        world: int = 0,
        timeouts: WorkerTimeouts | None = None,
        niceness: int = NICENESS,
    ) -> None:
        """Starts the learner; play can begin at once.

        Args:
            executor: folder of the Executor's best_model.pt; the slower levels lie in the folders beside it.
            profile: the game that is played.
            on_report: called with each report, on a thread of its own.
            learning_rate, buffer_size, batch_size, update_interval, min_samples: as in ShadowSettings.
            session: names the candidate and the curves.
            logs: folder for the curves.
            recordings: base recordings to rehearse; None for the default folders.
            world: index of the world in the session's batch that is imitated.
            timeouts: when the learner counts as lost.
            niceness: scheduling priority of the learner, 0 to 19 (lowest).

        Raises:
            ValueError: if a setting makes no sense.
        """
        self.settings = ShadowSettings(
            learning_rate=learning_rate,
            buffer_size=buffer_size,
            batch_size=batch_size,
            update_interval=update_interval,
            min_samples=min_samples,
        )
        self.candidate = executor / STAGED / f"candidate_{session}.pt"
        paths = ShadowPaths(
            models=executor.parent, candidate=self.candidate, log_folder=logs / session, recordings=recordings
        )
        self.input_stats = InputStats()
        self.num_samples = 0
        self._world = world
        self._last_action: bytes = b""
        job = ShadowJob(settings=self.settings, paths=paths, profile=profile)
        super().__init__(run_shadow_worker, job, on_report, timeouts, REPLAYED_BLOCKS, niceness)

    def _copy_tick(self, step: Step) -> tuple[bytes, bytes, bytes] | None:
        """Copies a tick; None for a policy's own actions, which are not imitated."""
        world = slice(self._world, self._world + 1)
        action, actor = step.action.records[world].tobytes(), step.actors[self._world]
        self._count(action, actor in EXPERT_ACTORS)
        if actor not in EXPERT_ACTORS:
            return None
        return step.observation.records[world].tobytes(), action, inputs_to_records(step.inputs).tobytes()

    def _block(self, ticks: Sequence[tuple[bytes, bytes, bytes]], first_index: int, is_continuous: bool) -> Block:
        observations, actions, inputs = zip(*ticks, strict=True)
        return first_index, b"".join(observations), b"".join(actions), b"".join(inputs)

    def _count(self, action: bytes, is_expert: bool) -> None:
        stats = self.input_stats
        is_active = self._last_action not in (b"", action) or any(action[8:])  # bytes 8.. are keys and button
        self._last_action = action
        stats.num_ticks += 1
        stats.num_active_ticks += is_active
        stats.num_expert_ticks += is_expert

    def _on_message(self, report: Any) -> None:
        if isinstance(report, BufferFill | ShadowUpdateStats):
            self.num_samples = report.num_samples
        super()._on_message(report)


def disagreement_events(times_s: tuple[float, ...]) -> tuple[InputEvent, ...]:
    """Bookmarks for a recording: the policy would have clicked another target at these times."""
    return tuple(InputEvent(time_s, "mark", "disagreement", 0.5, 0.5) for time_s in times_s)
