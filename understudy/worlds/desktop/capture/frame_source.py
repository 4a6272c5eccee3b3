"""What the game looks like now, or why it cannot be played by: its window first, then the picture itself."""

from collections.abc import Callable

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.capture.frame_checks import FrameWatch
from understudy.worlds.desktop.capture.screen_capture import Camera, Frame
from understudy.worlds.desktop.windows.target_window import TargetWindow

FROZEN_S = 5.0
"""A picture that has not changed for so long is worth a sentence."""
CHECK_S = 0.2


class FrameSource:
    """Takes the pictures of one game. Belongs to the thread that plays; place and camera are its owner's to close."""

    def __init__(
        self, place: TargetWindow, camera: Camera, say: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        """Args:
        place: where the game is.
        camera: sees it.
        say: is told in a sentence what does not stop it.
        clock: monotonic seconds.
        """
        self._place, self._camera, self._say, self._clock = place, camera, say, clock
        self.frames = FrameWatch()
        self._frozen_told_s = self._next_check_s = float("-inf")
        self._covered_told = False

    def take(self, *, holding: bool) -> tuple[Frame | None, str | None]:
        """A picture, or why there is none that could be played by.

        Args:
            holding: something is held down in the game, so its window is looked after at once.
        """
        why = self._trouble(holding=holding)
        if why is not None:
            return None, why
        try:
            frame = self._camera.grab(self._place.area)
        except WorldError as problem:  # it was moved or resized between the two
            return None, str(problem)
        if not self._place.has_stayed:
            self._next_check_s = float("-inf")
            return None, self._place.trouble() or "the window is being moved or resized"
        if self.frames.look(frame, self._clock()):
            return None, "the picture is black (a loading screen, a locked screen, or a game that hides from capture)"
        self._tell_frozen(frame)
        return frame, None

    def _trouble(self, *, holding: bool) -> str | None:
        """What keeps the game from being played, and what to do; None for nothing. The window is looked after only five
        times a second, for a look is a dozen round trips to the display, but each tick while something is held; before
        each press focus is asked for again."""
        if self._clock() < self._next_check_s and not holding:
            return None
        why = self._place.trouble()
        self._next_check_s = self._clock() + (CHECK_S if why is None else 0.0)
        if why is None:
            self._tell_covered()
        return why

    def _tell_covered(self) -> None:
        """Once for each time that something comes to lie over the game."""
        covered = self._place.is_covered
        if covered and not self._covered_told:
            self._say("Another window lies over a part of the game: what it covers is neither seen nor clicked.")
        self._covered_told = covered

    def _tell_frozen(self, frame: Frame) -> None:
        changed_s = self.frames.changed_s
        if changed_s is None or frame.time_s - changed_s < FROZEN_S or self._frozen_told_s == changed_s:
            return
        self._frozen_told_s = changed_s
        self._say(f"The picture has not changed for {FROZEN_S:.0f} s: does the game still run?")
