"""Captures the game's window and checks that the frame can be used: window state first, then the pixels."""

from collections.abc import Callable

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.capture.frame_checks import FrameChecker
from understudy.worlds.desktop.capture.screen_capture import Camera, Frame
from understudy.worlds.desktop.windows.target_window import TargetWindow

FROZEN_S = 5.0
"""Seconds without a change after which the operator is warned."""
CHECK_S = 0.2


class FrameSource:
    """Captures frames of one game. Belongs to the control thread; the owner closes `place` and `camera`."""

    def __init__(
        self, place: TargetWindow, camera: Camera, say: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        """Args:
        place: the game's window.
        camera: captures the screen.
        say: receives warnings that do not stop the game, one sentence each.
        clock: monotonic seconds.
        """
        self._place, self._camera, self._say, self._clock = place, camera, say, clock
        self.frames = FrameChecker()
        self._frozen_warned_s = self._next_check_s = float("-inf")
        self._covered_warned = False

    def take(self, *, holding: bool) -> tuple[Frame | None, str | None]:
        """A usable frame, or the reason why there is none.

        Args:
            holding: whether an input is held down in the game; the window is then checked in every tick.
        """
        why = self._window_problem(holding=holding)
        if why is not None:
            return None, why
        try:
            frame = self._camera.grab(self._place.area)
        except WorldError as problem:  # the window was moved or resized since the check
            return None, str(problem)
        if not self._place.has_stayed:
            self._next_check_s = float("-inf")
            return None, self._place.problem() or "the window is being moved or resized"
        if self.frames.check(frame, self._clock()):
            return None, "the picture is black (a loading screen, a locked screen, or a game that hides from capture)"
        self._warn_if_frozen(frame)
        return frame, None

    def _window_problem(self, *, holding: bool) -> str | None:
        """Why the window cannot be played in, and what to do; None if it can.

        A check costs a dozen round trips to the display, so it runs five times a second, and in every tick while an
        input is held. The focus is checked again before each press (ActionSender).
        """
        if self._clock() < self._next_check_s and not holding:
            return None
        why = self._place.problem()
        self._next_check_s = self._clock() + (CHECK_S if why is None else 0.0)
        if why is None:
            self._warn_if_covered()
        return why

    def _warn_if_covered(self) -> None:
        """Warns once each time that another window comes to cover the game."""
        covered = self._place.is_covered
        if covered and not self._covered_warned:
            self._say("Another window lies over a part of the game: what it covers is neither seen nor clicked.")
        self._covered_warned = covered

    def _warn_if_frozen(self, frame: Frame) -> None:
        changed_s = self.frames.changed_s
        if changed_s is None or frame.time_s - changed_s < FROZEN_S or self._frozen_warned_s == changed_s:
            return
        self._frozen_warned_s = changed_s
        self._say(f"The picture has not changed for {FROZEN_S:.0f} s: does the game still run?")
