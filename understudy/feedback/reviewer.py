"""Reviews play every few seconds on a thread of its own and appends the judgements to the correction log.

The control thread puts a copy of a moment into a one-slot mailbox and does not wait; a newer moment replaces one that
was not taken, because a review is about the present. The mode and target of the moment are stored, however late the
answer. A person's corrections (F2 and a choice) go through the same thread into the same file and are never replaced.
"""

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from understudy.contract.intent import Mode
from understudy.contract.profile import Profile
from understudy.feedback.correction import Correction
from understudy.feedback.correction_log import CorrectionLog
from understudy.feedback.provider import (
    Judgement,
    MalformedResponse,
    Provider,
    ProviderError,
    ProviderExhausted,
    ReviewMoment,
)
from understudy.feedback.state_snapshot import describe, pack_window

PATIENCE_S = 2.0
"""Maximum time that `close` waits for a request in progress."""
POLL_S = 0.25

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ReviewRequest:
    """A moment to review, from the control thread; its arrays are copies and do not change."""

    observation: np.ndarray
    """Record of dtype OBSERVATION, shape (1,)."""
    mode: int
    """The pilot's mode, -1 for none."""
    target_id: int
    window: Float32[np.ndarray, "seconds features"] | None = None
    """The Strategist's input window, oldest second first."""
    encoding: str = ""
    pictures: Callable[[], tuple[bytes, ...]] = tuple
    """Makes the clip; called on the reviewer's thread."""
    when: str = ""
    """ISO 8601, UTC; the present time if empty."""


@runtime_checkable
class Mailbox(Protocol):
    """One slot between two threads (`runtime.latest.Latest`)."""

    def put(self, value: ReviewRequest) -> None:
        """Stores a request, replacing one that was not taken."""
        ...

    def take(self, timeout_s: float = 0.0) -> ReviewRequest | None:
        """Removes and returns the newest request."""
        ...

    @property
    def num_replaced(self) -> int:
        """Number of requests that were replaced before they were taken."""
        ...


@dataclass
class ReviewCounts:
    """Counts of a reviewer's requests by result."""

    agreed: int = 0
    corrected: int = 0
    num_malformed: int = 0
    failed: int = 0
    by_person: int = 0
    lost: int = 0
    """Judgements that could not be written."""


class Reviewer:
    """Sends requests to a provider and writes its judgements to the log. Belongs to one thread."""

    def __init__(self, provider: Provider | None, log: CorrectionLog, profile: Profile) -> None:
        """Args:
        provider: gives the judgements; None if only a person's corrections are logged.
        log: receives the corrections.
        profile: of the game.
        """
        self.provider, self.log, self.profile = provider, log, profile
        self.counts = ReviewCounts()
        self.problems: Counter[str] = Counter()
        """Number of requests without a valid answer, by kind of failure."""
        self.ended: str | None = None
        """Why there will be no more judgements; None while there are."""

    def review(self, look: ReviewRequest) -> Correction | None:
        """Requests a judgement and writes it; returns None if there was none.

        Raises:
            ProviderExhausted: if there will be no more judgements.
        """
        if self.provider is None or look.mode < 0:
            return None
        moment = moment_of(look, self.profile)
        try:
            opinion = self.provider.judge(moment)
        except ProviderExhausted as problem:
            self.ended = str(problem)
            raise
        except ProviderError as problem:
            self.counts.num_malformed += isinstance(problem, MalformedResponse)
            self.counts.failed += not isinstance(problem, MalformedResponse)
            self.problems[str(problem)] += 1
            return None
        return self._write(look, moment, opinion, self.provider.source, self.provider.model)

    def note(self, look: ReviewRequest, mode: Mode) -> Correction | None:
        """Writes a person's correction."""
        self.counts.by_person += 1
        opinion = Judgement(mode=mode, confidence=1.0, reason="a person said so")
        return self._write(look, moment_of(look, self.profile), opinion, "person", "")

    def _write(
        self, look: ReviewRequest, moment: ReviewMoment, opinion: Judgement, source: str, model: str
    ) -> Correction | None:
        state = moment.state
        if look.window is not None:
            state = replace(state, window=pack_window(look.window, look.encoding))
        correction = Correction(
            state=state,
            bot_action=moment.mode,
            vlm_correction=opinion.mode,
            reason=opinion.reason,
            confidence=opinion.confidence,
            bot_target=moment.target_id,
            target=opinion.target,
            source=source,
            model=model,
            time_s=moment.time_s,
            when=moment.when,
        )
        try:
            if moment.pictures and correction.differs:
                name = self.log.keep_frame(self.log.num_lines + 1, moment.pictures[-1])
                correction = replace(correction, frame=name)
            self.log.append(correction)
        except OSError as problem:
            self.counts.lost += 1
            if self.counts.lost == 1:
                _log.error("Corrections cannot be written to %s (%s).", self.log.path, problem.strerror or problem)
            return None
        if source != "person":
            self.counts.corrected += correction.differs
            self.counts.agreed += not correction.differs
        return correction


def moment_of(look: ReviewRequest, profile: Profile) -> ReviewMoment:
    """Converts a request into the moment that a provider judges."""
    return ReviewMoment(
        observation=look.observation,
        mode=Mode(max(look.mode, 0)),
        target_id=look.target_id,
        state=describe(look.observation[0], profile),
        profile=profile,
        pictures=look.pictures(),
        when=look.when or datetime.now(UTC).isoformat(timespec="milliseconds"),
    )


class ReviewThread:
    """Runs a Reviewer on a thread of its own. `look`, `say` and `due` are for the control thread and never block."""

    def __init__(
        self,
        reviewer: Reviewer,
        mailbox: Mailbox,
        every_s: float = 3.0,
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Starts the thread.

        Args:
            reviewer: sends and writes; used only by this thread from now on.
            mailbox: empty, and used by no one else.
            every_s: seconds between two reviews.
            notify: called on the reviewer's thread with one line for each event.
        """
        self._reviewer, self._mailbox, self._every_s, self._notify = reviewer, mailbox, every_s, notify
        self._said: queue.SimpleQueue[tuple[ReviewRequest, Mode]] = queue.SimpleQueue()
        self._next_s = float("-inf")
        self._over = threading.Event()
        self.ended: str | None = None
        """Why there are no more judgements; None while there are."""
        self._thread = threading.Thread(target=self._run, name="critic", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> ReviewCounts:
        """Counts of the results so far."""
        return self._reviewer.counts

    @property
    def problems(self) -> Counter[str]:
        """Number of requests without a valid answer, by kind of failure."""
        return self._reviewer.problems

    @property
    def num_replaced(self) -> int:
        """Number of requests that a newer one replaced."""
        return self._mailbox.num_replaced

    def due(self, time_s: float) -> bool:
        """Returns whether the next review is due."""
        return self._reviewer.provider is not None and self.ended is None and time_s >= self._next_s

    def look(self, look: ReviewRequest) -> None:
        """Requests a review, replacing a request that was not taken yet."""
        self._next_s = float(look.observation["time_s"][0]) + self._every_s
        self._mailbox.put(look)

    def notify(self, look: ReviewRequest, mode: Mode) -> None:
        """Queues a person's correction of a moment."""
        self._said.put((look, mode))

    def close(self) -> None:
        """Cancels the request in progress, writes the queued corrections, and ends the thread."""
        self._over.set()
        if self._reviewer.provider is not None:
            self._reviewer.provider.close()
        self._thread.join(PATIENCE_S)
        if self._thread.is_alive():
            _log.warning("The critic is still waiting for an answer; it is left behind.")

    def _run(self) -> None:
        while not self._over.is_set():
            self._write_said()
            look = self._mailbox.take(POLL_S)
            if look is not None and self.ended is None:
                self._review(look)
        self._write_said()
        self._reviewer.log.close()

    def _write_said(self) -> None:
        while not self._said.empty():
            look, mode = self._said.get()
            written = self._reviewer.note(look, mode)
            if written is not None:
                self._notify(f"You said: not {written.bot_action.name} but {written.vlm_correction.name}.")

    def _review(self, look: ReviewRequest) -> None:
        try:
            correction = self._reviewer.review(look)
        except ProviderExhausted as problem:
            if not self._over.is_set():
                self.ended = str(problem)
                self._notify(f"The critic has ended: {problem}.")
            return
        except Exception:  # a provider's fault must not end the play; the thread still logs a person's corrections
            _log.exception("The critic failed.")
            self.ended = "an error of its own"
            return
        if correction is not None and correction.differs:
            was, better = correction.bot_action.name, correction.vlm_correction.name
            self._notify(f"Critic: not {was} but {better} ({correction.confidence:.0%}): {correction.reason}")
