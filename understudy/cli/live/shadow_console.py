"""Console output of --shadow-train: the guide's lines word for word, and the reason for an empty buffer."""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from understudy.contract.protocols import InputEvent
from understudy.learning.shadow.listener import disagreement_events
from understudy.learning.shadow.messages import (
    AgreementScore,
    BufferFill,
    Disagreements,
    PromotionResult,
    ShadowReady,
    ShadowReport,
    ShadowUpdateStats,
)
from understudy.learning.worker.messages import WorkerFailure

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_UPDATES = 10
"""Without --debug every tenth update is printed, one in half a minute; the logs hold all of them."""


class Bookmarks:
    """Queue of moments to mark in the recording, without duplicates. Any thread adds; the thread that plays takes."""

    def __init__(self) -> None:
        self._known: set[float] = set()
        self._new: deque[float] = deque()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, times_s: Sequence[float]) -> None:
        """Adds times in monotonic seconds; a restarted learner reports some of them twice."""
        for time_s in times_s:
            if time_s not in self._known:
                self._known.add(time_s)
                self._new.append(time_s)

    def take(self) -> tuple[InputEvent, ...]:
        """Removes and returns the new moments as marks for the recording."""
        taken = [self._new.popleft() for _ in range(len(self._new))]
        return disagreement_events(tuple(taken))


class ShadowConsole:
    """Prints the lines. `hear` is called on the learner's monitoring thread, `say` on any."""

    def __init__(self, console: "Console", learning_rate: float, debug: bool) -> None:
        """Args: `debug`, whether to print every update and every full block of samples."""
        self._console, self._learning_rate, self._debug = console, learning_rate, debug
        self._filled: BufferFill | None = None
        self._scored: AgreementScore | None = None
        self._num_updates = 0
        self.bookmarks = Bookmarks()
        """Moments at which the policy would have clicked another target."""

    def lines(self) -> tuple[str, ...]:
        """Returns the present state in a few short lines for the window."""
        scored, filled = self._scored, self._filled
        agreement = "no click of yours is judged yet"
        if scored is not None:
            before = f"before {scored.initial_agreement:.0%}"
            agreement = f"would click as you: {scored.agreement:.0%} of {scored.num_clicks}, {before}"
        buffer = "" if filled is None else f", {filled.num_samples} samples"
        return ("SHADOW: you play, it learns", agreement, f"{self._num_updates} updates{buffer}")

    def notify(self, text: str) -> None:
        """Prints one line."""
        self._console.print(f"[SHADOW] {text}", highlight=False, markup=False)

    def begin(self) -> None:
        """Prints the guide's first three lines."""
        self.notify("Shadow training mode ACTIVE")
        self.notify("Bot is WATCHING - play the game normally!")
        self.notify(f"Learning rate: {short(self._learning_rate)} (with warmup + cosine decay)")

    def hear(self, report: ShadowReport) -> None:
        """Prints the report if it is to be shown, else stores it for the next line."""
        if isinstance(report, BufferFill):
            is_first, self._filled = self._filled is None, report
            if is_first or self._debug:
                self.notify(buffer_line(report))
        elif isinstance(report, AgreementScore):
            self._scored = report
        elif isinstance(report, Disagreements):
            self.bookmarks.add(report.times_s)
            if self._debug:
                self.notify(f"Bookmarks: {len(self.bookmarks)}, where it would have clicked another target")
        elif isinstance(report, ShadowUpdateStats):
            self._hear_update(report)
        elif isinstance(report, ShadowReady):
            self.notify(ready_line(report))
        elif isinstance(report, PromotionResult):
            self.notify(f"{'Promoted' if report.promoted else 'Kept aside'}: {report.reason} ({report.path})")
        elif isinstance(report, WorkerFailure):
            self.notify(report.text)

    def _hear_update(self, report: ShadowUpdateStats) -> None:
        self._num_updates = report.number
        if not (self._debug or report.number % SHOWN_UPDATES == 1):
            return
        if not self._debug and self._filled is not None and self._filled.num_samples < self._filled.buffer_size:
            self.notify(buffer_line(self._filled))
        self.notify(update_line(report))
        if self._scored is not None and report.number % SHOWN_UPDATES == 1:
            self.notify(score_line(self._scored))


def short(value: float) -> str:
    """Returns a learning rate in the guide's format: 1e-4."""
    mantissa, exponent = f"{value:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def buffer_line(report: BufferFill) -> str:
    """Returns `Buffer: 234/5000 samples`."""
    return f"Buffer: {report.num_samples}/{report.buffer_size} samples"


def update_line(report: ShadowUpdateStats) -> str:
    """Returns `Update #12: loss=0.0234, pos_err=0.087, click_acc=78%, lr=1.00e-04`."""
    return (
        f"Update #{report.number}: loss={report.loss:.4f}, pos_err={report.position_error:.3f}, "
        f"click_acc={100 * report.click_accuracy:.0f}%, lr={report.learning_rate:.2e}"
    )


def score_line(report: AgreementScore) -> str:
    """Returns the agreement of the policy with the person's clicks, now and before learning."""
    return (
        f"It would have clicked where you did in {report.agreement:.0%} of your last {report.num_clicks} clicks "
        f"(before learning {report.initial_agreement:.0%})"
    )


def ready_line(report: ShadowReady) -> str:
    """Returns a description of the rehearsed recordings."""
    if report.note:
        return f"Nothing to rehearse, the old skill may fade: {report.note}"
    return (
        f"Rehearsing {report.base_minutes:.0f} minutes of base recordings, "
        f"{report.held_out_minutes:.0f} more are only looked at"
    )


def why_empty(
    *, has_focus: bool, window: tuple[int, int], desktop: tuple[int, int], num_active_ticks: int, learner_had_time: bool
) -> str | None:
    """Returns why the buffer is empty; None while the learner may still need time.

    Args:
        has_focus: whether the game's window has the keyboard.
        window, desktop: sizes in pixels.
        num_active_ticks: number of ticks with mouse or keyboard input.
        learner_had_time: whether the learner has run long enough to have samples.
    """
    if window[0] > desktop[0] or window[1] > desktop[1]:
        return (
            f"the window of {window[0]} x {window[1]} is larger than the screen of {desktop[0]} x {desktop[1]}, part "
            "of the game cannot be reached: give a smaller --size."
        )
    if num_active_ticks == 0:
        if not has_focus:
            return "the game window is not in focus: click into it."
        return "neither mouse nor keyboard has done anything in the game: move the mouse into the window and play."
    if not learner_had_time:
        return None
    return (
        "what you do is seen, but none of it has become a sample: the learner takes only what other programs leave of "
        "the processor; close some, and play on."
    )
