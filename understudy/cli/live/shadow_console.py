"""What --shadow-train says: the guide's lines, word for word in form, and why a buffer stays empty."""

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
"""Without --debug every tenth update is printed, one each half minute; the curves hold them all."""


class Bookmarks:
    """Moments on their way into the recording, each once. Any thread adds, the thread that plays takes."""

    def __init__(self) -> None:
        self._known: set[float] = set()
        self._new: deque[float] = deque()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, times_s: Sequence[float]) -> None:
        """Monotonic seconds; a learner that was started again names some twice."""
        for time_s in times_s:
            if time_s not in self._known:
                self._known.add(time_s)
                self._new.append(time_s)

    def take(self) -> tuple[InputEvent, ...]:
        """Those that are new, as marks for the recording."""
        taken = [self._new.popleft() for _ in range(len(self._new))]
        return disagreement_events(tuple(taken))


class ShadowConsole:
    """Prints the lines. `hear` is called on the learner's watching thread, `say` on any."""

    def __init__(self, console: "Console", learning_rate: float, debug: bool) -> None:
        """Args: `debug`, whether every update and every full block of samples gets its line."""
        self._console, self._learning_rate, self._debug = console, learning_rate, debug
        self._filled: BufferFill | None = None
        self._scored: AgreementScore | None = None
        self._num_updates = 0
        self.bookmarks = Bookmarks()
        """Moments at which the understudy would have clicked elsewhere."""

    def lines(self) -> tuple[str, ...]:
        """How it stands, in a few short lines for the window."""
        scored, filled = self._scored, self._filled
        agreement = "no click of yours is judged yet"
        if scored is not None:
            before = f"before {scored.initial_agreement:.0%}"
            agreement = f"would click as you: {scored.agreement:.0%} of {scored.num_clicks}, {before}"
        buffer = "" if filled is None else f", {filled.num_samples} samples"
        return ("SHADOW: you play, it learns", agreement, f"{self._num_updates} updates{buffer}")

    def say(self, text: str) -> None:
        """One line."""
        self._console.print(f"[SHADOW] {text}", highlight=False, markup=False)

    def begin(self) -> None:
        """The guide's first three lines."""
        self.say("Shadow training mode ACTIVE")
        self.say("Bot is WATCHING - play the game normally!")
        self.say(f"Learning rate: {short(self._learning_rate)} (with warmup + cosine decay)")

    def hear(self, report: ShadowReport) -> None:
        """Prints what is worth a line, and keeps the rest for the next one."""
        if isinstance(report, BufferFill):
            is_first, self._filled = self._filled is None, report
            if is_first or self._debug:
                self.say(buffer_line(report))
        elif isinstance(report, AgreementScore):
            self._scored = report
        elif isinstance(report, Disagreements):
            self.bookmarks.add(report.times_s)
        elif isinstance(report, ShadowUpdateStats):
            self._hear_update(report)
        elif isinstance(report, ShadowReady):
            self.say(ready_line(report))
        elif isinstance(report, PromotionResult):
            self.say(f"{'Promoted' if report.promoted else 'Kept aside'}: {report.reason} ({report.path})")
        elif isinstance(report, WorkerFailure):
            self.say(report.text)

    def _hear_update(self, report: ShadowUpdateStats) -> None:
        self._num_updates = report.number
        if not (self._debug or report.number % SHOWN_UPDATES == 1):
            return
        if not self._debug and self._filled is not None and self._filled.num_samples < self._filled.buffer_size:
            self.say(buffer_line(self._filled))
        self.say(update_line(report))
        if self._scored is not None and report.number % SHOWN_UPDATES == 1:
            self.say(score_line(self._scored))


def short(value: float) -> str:
    """A learning rate as the guide writes it: 1e-4."""
    mantissa, exponent = f"{value:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def buffer_line(report: BufferFill) -> str:
    """`Buffer: 234/5000 samples`."""
    return f"Buffer: {report.num_samples}/{report.buffer_size} samples"


def update_line(report: ShadowUpdateStats) -> str:
    """`Update #12: loss=0.0234, pos_err=0.087, click_acc=78%, lr=1.00e-04`."""
    return (
        f"Update #{report.number}: loss={report.loss:.4f}, pos_err={report.position_error:.3f}, "
        f"click_acc={100 * report.click_accuracy:.0f}%, lr={report.learning_rate:.2e}"
    )


def score_line(report: AgreementScore) -> str:
    """How often the understudy would have done the same, and how often it would have before learning."""
    return (
        f"It would have clicked where you did in {report.agreement:.0%} of your last {report.num_clicks} clicks "
        f"(before learning {report.initial_agreement:.0%})"
    )


def ready_line(report: ShadowReady) -> str:
    """What is rehearsed so that the old skill stays."""
    if report.note:
        return f"Nothing to rehearse, the old skill may fade: {report.note}"
    return (
        f"Rehearsing {report.base_minutes:.0f} minutes of base recordings, "
        f"{report.held_out_minutes:.0f} more are only looked at"
    )


def why_empty(
    *, has_focus: bool, window: tuple[int, int], desktop: tuple[int, int], num_active_ticks: int, learner_had_time: bool
) -> str | None:
    """Why nothing has come into the buffer; None while the learner may only not have come to it yet.

    Args:
        has_focus: whether the game's window has the keyboard.
        window, desktop: sizes in pixels.
        num_active_ticks: ticks in which mouse or keyboard did something.
        learner_had_time: whether the learner has begun long enough ago.
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
