"""Learns in the background from a person's play: the Listener that hands ticks over, and never waits.

The learner itself runs in a process of its own (`shadow_process.py`); what it reports is passed on. Imports no torch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from understudy.contract.action import Actor
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent, Step
from understudy.learning.registry.audit_log import STAGED
from understudy.learning.shadow.messages import (
    BufferFill,
    Report,
    ShadowPaths,
    ShadowSettings,
    UpdateStats,
    WorkerReady,
)
from understudy.learning.shadow.process import ShadowJob, run_shadow_worker
from understudy.learning.worker.worker_endpoint import WorkerFailure
from understudy.learning.worker.worker_process import NICENESS, WorkerProcess, WorkerTimeouts

BLOCK_TICKS = 10
"""Half a second of play is handed over at a time."""
KEPT_BLOCKS = 2400
"""The newest 20 minutes, for a learner that has to be started again."""
TEACHING = (Actor.PERSON, Actor.TEACHER)


@dataclass
class InputStats:
    """What the trainer has seen itself, for the check of an empty buffer."""

    num_ticks: int = 0
    num_active_ticks: int = 0
    """Ticks in which the cursor moved or a button or key was down."""
    num_expert_ticks: int = 0
    """Ticks in which a person or the teacher acted."""


class ShadowTrainer:
    """A Listener that learns the style of whoever plays, by the guide's names and defaults."""

    def __init__(
        self,
        executor: Path,
        profile: Profile,
        on_report: Callable[[Report], None] = lambda report: None,
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
        patience: WorkerTimeouts | None = None,
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
            world: which of the session's worlds is watched.
            patience: when the learner counts as lost.
            niceness: how much the learner gives way to the game.
        """
        self.settings = ShadowSettings(
            learning_rate=learning_rate,
            buffer_size=buffer_size,
            batch_size=batch_size,
            update_interval=update_interval,
            min_samples=min_samples,
        )
        self.candidate = executor / STAGED / f"candidate_{session}.pt"
        places = ShadowPaths(
            models=executor.parent, candidate=self.candidate, log_folder=logs / session, recordings=recordings
        )
        self.seen = InputStats()
        self.is_ready = False
        self.num_samples = self.num_updates = 0
        self._on_report, self._world = on_report, world
        self._observations: list[bytes] = []
        self._actions: list[bytes] = []
        self._first_index = 0
        self._last_place: bytes = b""
        self.background = WorkerProcess(
            run_shadow_worker,
            ShadowJob(settings=self.settings, places=places, profile=profile),
            self._hear,
            lambda text: self._hear(WorkerFailure(text=text)),
            patience,
            KEPT_BLOCKS,
            niceness,
        )

    def on_step(self, step: Step) -> None:
        """Copies one tick; what a policy did is not learnt from."""
        world = slice(self._world, self._world + 1)
        action = step.action.records[world]
        self._note(action.tobytes(), int(step.actors[self._world]))
        if step.actors[self._world] not in TEACHING:
            self._hand_over()
            return
        if not self._actions:
            self._first_index = step.index
        self._observations.append(step.observation.records[world].tobytes())
        self._actions.append(action.tobytes())
        if len(self._actions) == BLOCK_TICKS:
            self._hand_over()

    def close(self, timeout_s: float = 60.0) -> None:
        """Hands over what is left, and lets the learner judge and stage what it has learnt. May be called twice.

        A learner that has learnt nothing yet is not waited for.
        """
        self._hand_over()
        self.background.close(timeout_s if self.num_updates else 0.0)

    def _hand_over(self) -> None:
        if self._actions:
            self.background.put((self._first_index, b"".join(self._observations), b"".join(self._actions)))
            self._observations, self._actions = [], []

    def _note(self, action: bytes, actor: int) -> None:
        seen = self.seen
        touched = self._last_place not in (b"", action) or any(action[8:])  # bytes 8.. are keys and button
        self._last_place = action
        seen.num_ticks += 1
        seen.num_active_ticks += touched
        seen.num_expert_ticks += actor in TEACHING

    def _hear(self, report: Report) -> None:
        if isinstance(report, WorkerReady):
            self.is_ready = True
        elif isinstance(report, BufferFill):
            self.num_samples = report.num_samples
        elif isinstance(report, UpdateStats):
            self.num_updates, self.num_samples = report.number, report.num_samples
        self._on_report(report)


def disagreement_events(times_s: tuple[float, ...]) -> tuple[InputEvent, ...]:
    """Bookmarks for a recording: the understudy would have clicked elsewhere at these moments."""
    return tuple(InputEvent(time_s, "mark", "disagreement", 0.5, 0.5) for time_s in times_s)
