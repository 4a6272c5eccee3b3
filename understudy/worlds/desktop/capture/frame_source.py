"""Captures the game's play area, and checks in every tick, and at each press, that the window still shows the game: its
state first, then the pixels."""

from collections.abc import Callable, Sequence

import numpy as np

from understudy.contract.errors import WorldError
from understudy.contract.profile import Rectangle
from understudy.worlds.desktop.capture.frame_checks import FrameChecker
from understudy.worlds.desktop.capture.picture_identity import PictureIdentity
from understudy.worlds.desktop.capture.screen_capture import Camera, Frame
from understudy.worlds.desktop.windows.press_guard import Refusal
from understudy.worlds.desktop.windows.target_window import TargetWindow
from understudy.worlds.desktop.windows.window_system import Area

FROZEN_S = 5.0
"""Seconds without a change after which the operator is warned."""
COVERED_S = 0.2
"""Seconds between two checks for windows over the game."""


class FrameSource:
    """Captures frames of one game, and implements PressGuard for it. Belongs to the control thread; the owner closes
    `place` and `camera`."""

    def __init__(
        self,
        place: TargetWindow,
        camera: Camera,
        notify: Callable[[str], None],
        clock: Callable[[], float],
        forbidden: Sequence[Rectangle] = (),
        *,
        compares_pictures: bool = False,
    ) -> None:
        """Args:
        place: the game's window.
        camera: captures the screen.
        notify: receives warnings that do not stop the game, one sentence each.
        clock: monotonic seconds.
        forbidden: parts of the play area that are never pressed, in its fractions.
        compares_pictures: whether to check the parts of the picture that never change in the game.
        """
        self._place, self._camera, self._notify, self._clock = place, camera, notify, clock
        self._forbidden = tuple(forbidden)
        self._identity = PictureIdentity() if compares_pictures else None
        self._differing: np.ndarray | None = None
        self.frames = FrameChecker()
        self._frozen_warned_s = self._next_cover_s = float("-inf")
        self._covered_warned = False

    @property
    def area(self) -> Area:
        """The play area, pixels of the desktop."""
        return self._place.area

    @property
    def window(self) -> int | None:
        """The game's window; None for a whole monitor."""
        return self._place.window

    def take(self) -> tuple[Frame | None, str | None]:
        """Returns a usable frame of the play area, or the reason why there is none."""
        self._differing = None
        why = self._place.problem()
        if why is not None:
            return None, why
        self._warn_if_covered()
        try:
            whole = self._camera.grab(self._place.outer)
        except WorldError as problem:  # the window was moved or resized since the check
            return None, str(problem)
        if not self._place.has_stayed:
            return None, self._place.problem() or "the window is being moved or resized"
        frame = self._cut(whole)
        if self.frames.check(frame, self._clock()):
            return None, "the picture is black (a loading screen, a locked screen, or a game that hides from capture)"
        changed = None if self._identity is None else self._identity.check(whole.pixels, self._edges())
        if changed is not None:
            self._differing = whole.pixels
            return None, f"{changed}; bring the game back, or press F1 if this is the game"
        self._warn_if_frozen(frame)
        return frame, None

    def accept(self) -> bool:
        """Accepts the window's present size or picture, as the person confirms; returns whether one was in doubt."""
        if self._place.is_resized and not self._place.problem_besides_size():
            self._place.accept_size()
            return True
        if self._identity is None or self._differing is None:
            return False
        self._identity.accept(self._differing)
        return True

    def checks(self) -> str:
        """Returns a sentence about what is checked in every tick."""
        pictures = "" if self._identity is None else f"; and {self._identity.summary()}"
        return f"Checked in every tick: title, focus, place and size of the window{pictures}."

    @property
    def is_learning(self) -> bool:
        """Whether the unchanging parts of the picture are not known yet."""
        return self._identity is not None and self._identity.is_learning

    def _edges(self) -> tuple[int, int, int, int]:
        """Returns the edges of the play area in pixels of the window."""
        outer, area = self._place.outer, self._place.area
        left, top = area.left - outer.left, area.top - outer.top
        return left, top, left + area.width, top + area.height

    def _cut(self, whole: Frame) -> Frame:
        if self._place.area == self._place.outer:
            return whole
        left, top, right, bottom = self._edges()
        return Frame(np.ascontiguousarray(whole.pixels[top:bottom, left:right]), whole.time_s)

    def refusal(self, kind: str, pixel: tuple[int, int]) -> Refusal | None:
        """Returns why a press is not allowed now at the cursor's position; None if it is."""
        place = self._place
        if kind == "button":
            if not place.area.contains(*pixel):
                return Refusal.OUTSIDE
            x, y = place.area.fractions(*pixel).tolist()
            if any(part.contains(x, y) for part in self._forbidden):
                return Refusal.FORBIDDEN
        if not (place.is_the_game and place.has_stayed):
            return Refusal.NOT_THE_GAME
        if kind == "button" and not place.is_free(pixel):
            return Refusal.COVERED
        return None if self._still_shows_the_game() else Refusal.NOT_THE_GAME

    def release_pixel(self, pixel: tuple[int, int]) -> tuple[int, int] | None:
        """Returns a pixel of the play area far from what lies over the cursor; None when nothing does."""
        return self._place.pixel_away_from_cover(pixel)

    def _still_shows_the_game(self) -> bool:
        """Whether the newest picture, taken now, is the game's."""
        if self._identity is None:
            return True
        try:
            pixels = self._camera.grab(self._place.outer).pixels
        except WorldError:
            return False
        return self._identity.peek(pixels) is None

    def _warn_if_covered(self) -> None:
        """Warns once each time another window covers the game."""
        if self._clock() < self._next_cover_s:
            return
        self._next_cover_s = self._clock() + COVERED_S
        covered = self._place.is_covered
        if covered and not self._covered_warned:
            self._notify("Another window lies over a part of the game: what it covers is neither seen nor clicked.")
        self._covered_warned = covered

    def _warn_if_frozen(self, frame: Frame) -> None:
        changed_s = self.frames.changed_s
        if changed_s is None or frame.time_s - changed_s < FROZEN_S or self._frozen_warned_s == changed_s:
            return
        self._frozen_warned_s = changed_s
        self._notify(f"The picture has not changed for {FROZEN_S:.0f} s: does the game still run?")
