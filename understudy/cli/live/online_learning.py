"""Online learning beside a live game, and its console lines: the guide's Phase 3, on by default."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.learning.online.messages import (
    OnlineReport,
    OnlineUpdateStats,
    SegmentStats,
)
from understudy.learning.worker.messages import CandidateResult, WorkerFailure, WorkerReady

if TYPE_CHECKING:
    from understudy.cli.live.assembly import LiveGame
    from understudy.contract.protocols import Listener, Step
    from understudy.evaluation.gate.live_gate_runner import LiveGateRunner
    from understudy.runtime.hierarchical_policy import HierarchicalPolicy

LOGS = Path("logs/online")
SHOWN_UPDATES = 100
"""Every hundredth update is printed, one in five minutes; the logs hold all of them."""


@dataclass(frozen=True, kw_only=True)
class OnlineChoice:
    """Settings of online learning."""

    off: bool
    learning_rate: float = 1e-5
    interval_s: float = 3.0


@contextmanager
def online_learning(game: "LiveGame", choice: OnlineChoice) -> "Iterator[list[Listener]]":
    """Starts the learner; closes it when the block ends, also by an exception.

    Yields:
        The session's listeners: none if it is off; else the learner and, for a game on the screen, its live gate.
    """
    if choice.off:
        yield []
        return
    from understudy.evaluation.gate.simulator_gate import judge_in_embedded_games
    from understudy.learning.online.listener import VisualOutcomeLearner
    from understudy.runtime.hierarchical_policy import HierarchicalPolicy

    hierarchy = game.pilot.policy
    assert isinstance(hierarchy, HierarchicalPolicy)
    on_screen = game.settings.desktop is not None
    notify = game.announcer.notify
    session = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    learner = VisualOutcomeLearner(
        game.settings.models / "executor",
        game.window.profile,
        lambda report: print_report(report, notify),
        learning_rate=choice.learning_rate,
        update_interval=choice.interval_s,
        from_vision=on_screen,
        session=session,
        logs=LOGS,
        judge=None if on_screen else judge_in_embedded_games,
    )
    for line in first_lines(choice, on_screen):
        notify(line)
    trials = live_trials(game, hierarchy, session) if on_screen else None
    try:
        yield [learner] if trials is None else [IncumbentSteps(learner, lambda: trials.candidate_plays), trials]
    finally:
        if trials is not None:
            trials.close()
        learner.close()


@dataclass(frozen=True)
class IncumbentSteps:
    """A Listener that passes steps on to the learner, without the rollout steps of a candidate that is on trial."""

    learner: "Listener"
    candidate_plays: Callable[[], bool]
    """Returns whether the candidate decided the latest step."""

    def on_step(self, step: "Step") -> None:
        """Passes the step on."""
        self.learner.on_step(replace(step, rollout_step=None) if self.candidate_plays() else step)

    def close(self) -> None:
        """Closes the learner."""
        self.learner.close()


def live_trials(game: "LiveGame", hierarchy: "HierarchicalPolicy", session: str) -> "LiveGateRunner":
    """Returns the gate that alternates candidate and incumbent in the live game, which cannot be reset."""
    from understudy.evaluation.gate.live_gate import LiveGateConfig
    from understudy.evaluation.gate.live_gate_runner import LiveGateRunner
    from understudy.learning.registry.candidates import staged_path
    from understudy.perception.outcomes.outcome_detector import VISION_CONFIG
    from understudy.policies.inference_backend import fastest_backend

    trials = LiveGateRunner(
        game.settings.models,
        staged_path(game.settings.models, "executor", f"online_{session}"),
        hierarchy,
        game.window.profile,
        game.swapper,
        lambda judged: print_report(
            CandidateResult(promoted=judged.verdict.promote, reason=judged.verdict.reason, path=str(judged.path)),
            game.announcer.notify,
        ),
        config=LiveGateConfig(watch=VISION_CONFIG),
        library=fastest_backend(),
    )
    game.pilot.before_tick = trials
    return trials


def first_lines(choice: OnlineChoice, on_screen: bool) -> tuple[str, ...]:
    """Returns the console lines at the start."""
    gate = "tried by turns with what plays" if on_screen else "played only after the gate has let it through"
    return (
        "[ONLINE] Learning from outcomes ACTIVE (--no_online_learning turns it off)",
        f"[ONLINE] Learning rate: {choice.learning_rate:g}, an update every {choice.interval_s:g} s; "
        f"what is learnt is {gate}",
    )


def print_report(report: OnlineReport, notify: Callable[[str], None]) -> None:
    """Prints the reports to be shown. Called on the worker's monitoring thread."""
    if isinstance(report, SegmentStats):
        if report.kills or report.deaths or report.loot:
            notify(outcome_line(report))
    elif isinstance(report, OnlineUpdateStats):
        if report.number % SHOWN_UPDATES == 1:
            notify(update_line(report))
    elif isinstance(report, CandidateResult):
        result = "Promoted, it plays now" if report.promoted else "Kept aside"
        notify(f"[ONLINE] {result}: {report.reason} ({report.path})")
    elif isinstance(report, WorkerFailure):
        notify(f"[ONLINE] {report.text}")
    elif isinstance(report, WorkerReady):
        notify("[ONLINE] The learner is ready")


def outcome_line(report: SegmentStats) -> str:
    """Returns `Outcomes: 12 hits, 3 misses, 1 kills, 0 loot, 0 deaths; buffer 234/2000 samples`."""
    return (
        f"[ONLINE] Outcomes: {report.hits:.0f} hits, {report.misses:.0f} misses, {report.kills:.0f} kills, "
        f"{report.loot:.0f} loot, {report.deaths:.0f} deaths; buffer {report.num_samples}/{report.buffer_size} samples"
    )


def update_line(report: OnlineUpdateStats) -> str:
    """Returns `Update #12: approx_kl=0.012 nats/min, kl_to_reference=0.034 nats/min, lr=1.00e-05`."""
    return (
        f"[ONLINE] Update #{report.number}: approx_kl={report.approx_kl:.3f} nats/min, "
        f"kl_to_reference={report.kl_to_reference:.3f} nats/min, lr={report.learning_rate:.2e}"
    )
