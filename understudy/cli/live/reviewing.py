"""Reviews a live game: sends moments to a reviewer, and takes the person's corrections (F2 and a number)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pygame

    from understudy.cli.live.assembly import LiveGame
    from understudy.contract.protocols import Step
    from understudy.feedback.reviewer import ReviewRequest, ReviewThread
    from understudy.viewer.annotated_clip import Clip
    from understudy.worlds.simulator.rendering.scene import Scene
    from understudy.worlds.simulator.window.human_operator import WindowOperator

FOLDER = Path("logs/vlm_corrections")
QUESTION = "What would have been right?   1 FIGHT   2 LOOT   3 FLEE   4 EXPLORE   5 CAUTIOUS"


@dataclass(frozen=True, kw_only=True)
class CriticChoice:
    """Settings of the reviewer of a live game."""

    endpoint: str | None = None
    model: str | None = None
    every_s: float = 3.0
    max_calls: int = 2000
    none: bool = False
    """Whether only the person gives corrections."""
    folder: Path = FOLDER


class ReviewSession:
    """A Listener that sends the reviewer a moment every few seconds. Belongs to the thread that plays."""

    def __init__(self, critic: "ReviewThread", game: "LiveGame", clip: "Clip") -> None:
        from understudy.learning.data.context_window import ContextWindow

        self.critic = critic
        self._game, self._clip = game, clip
        self._back = ContextWindow(1, game.window.profile)
        self._marked_s = game.seat.marked_s
        self._marked: ReviewRequest | None = None

    def on_step(self, step: "Step") -> None:
        """Updates the context window; requests a review if one is due or the person pressed F2."""
        self._back.append(step.observation)
        now_s = float(step.observation.records["time_s"][0])
        pixels = seen_pixels(step, self._game.window) if self._clip.due(now_s) else None
        if pixels is not None:
            self._clip.keep(pixels, step.observation.records)
        if self._game.seat.marked_s > self._marked_s:
            self._marked_s = self._game.seat.marked_s
            self._marked = self._look(step)
        if self.critic.due(now_s):
            self.critic.look(self._look(step))

    def choose(self, number: int) -> None:
        """Stores the person's correction of the moment at which F2 was pressed."""
        from understudy.contract.intent import Mode

        if self._marked is not None:
            self.critic.notify(self._marked, Mode(number))
            self._marked = None

    def close(self) -> None:
        """Does nothing: the owner closes the reviewer after the session, so that its last answers are still saved."""

    def _look(self, step: "Step") -> "ReviewRequest":
        from understudy.feedback.reviewer import ReviewRequest
        from understudy.viewer.annotated_clip import jpegs

        shots, intent = self._clip.shots(), step.intent.records[0]
        return ReviewRequest(
            observation=step.observation.records[:1].copy(),
            mode=int(intent["mode"]),
            target_id=int(intent["target_id"]),
            window=self._back.window(),
            encoding=self._back.encoding,
            pictures=lambda: jpegs(shots),
        )


def seen_pixels(step: "Step", window: object) -> "np.ndarray | None":
    """Returns the RGB picture of a step: its own, or the captured frame; None in the embedded game's window, whose
    pictures are copied as they are drawn."""
    from understudy.worlds.desktop.world import DesktopWorld

    if step.observation.frames is not None:
        pixels: np.ndarray = step.observation.frames[0]
        return pixels
    if isinstance(window, DesktopWorld) and window.frame is not None:
        return window.frame.pixels
    return None


@contextmanager
def review_session(game: "LiveGame", choice: CriticChoice) -> "Iterator[ReviewSession]":
    """Opens the reviewer and attaches it to the game; closes it when the block ends, also by an exception.

    Raises:
        FlagError: if endpoint and model do not go together.
        MissingExtraError: if the client is not installed.
    """
    from understudy.cli.feedback import described, provider_of
    from understudy.feedback.correction_log import CorrectionLog
    from understudy.feedback.reviewer import Reviewer, ReviewThread
    from understudy.runtime.latest_value import Latest
    from understudy.viewer.annotated_clip import Clip

    provider = None if choice.none else provider_of(choice.endpoint, choice.model, 30.0, choice.max_calls)
    log = CorrectionLog.create(choice.folder)
    asks_a_model = provider is not None and provider.source == "vlm"
    mailbox: Latest[ReviewRequest] = Latest()
    critic = ReviewThread(Reviewer(provider, log, game.window.profile), mailbox, choice.every_s, game.announcer.notify)
    seat = ReviewSession(critic, game, Clip(num_shots=3 if asks_a_model else 1))
    _sit_down(game, seat)
    if provider is not None:
        game.announcer.notify(f"Critic: {described(provider)}, every {choice.every_s:g} s.")
    try:
        yield seat
    finally:
        critic.close()


def _sit_down(game: "LiveGame", seat: ReviewSession) -> None:
    """In the embedded game's window: copies pictures as they are drawn, and accepts a number key after F2."""
    from understudy.worlds.simulator.window.human_operator import WindowOperator

    if isinstance(game.seat, WindowOperator):
        game.seat.choose = seat.choose
        _look_over_the_shoulder(game.seat, seat._clip, game.settings.size)


def _look_over_the_shoulder(seat: "WindowOperator", clip: "Clip", size: tuple[int, int]) -> None:
    """Copies pictures after the overlay and before the question is drawn, which the reviewer must not read."""
    from understudy.worlds.simulator.rendering.text_renderer import TextRenderer

    paint, lettering = seat.paint, TextRenderer(size[1])

    def painted(surface: "pygame.Surface", scene: "Scene") -> None:
        paint(surface, scene)
        if clip.due(float(scene.observation["time_s"])):
            clip.take(surface, _as_array(scene.observation))
        if seat.is_choosing(time.perf_counter()):
            lettering.write(surface, QUESTION, (size[0] / 2, 0.26 * size[1]), 18, (255, 226, 110), anchor="center")

    seat.paint = painted


def _as_array(record: "np.void") -> "np.ndarray":
    import numpy as np

    array = np.zeros(1, record.dtype)
    array[0] = record
    return array


def in_a_line(seat: ReviewSession) -> str:
    """Returns the counts of a session in one line."""
    counts, critic = seat.critic.counts, seat.critic
    line = f"Critic: {counts.corrected} corrections, {counts.agreed} agreements"
    if counts.by_person:
        line += f", {counts.by_person} of yours"
    for number, what in (
        (counts.num_malformed, "malformed answers"),
        (counts.failed, "without answer"),
        (critic.num_replaced, "looks left out for newer ones"),
        (counts.lost, "not written"),
    ):
        line += f", {number} {what}" if number else ""
    return f"{line}."
