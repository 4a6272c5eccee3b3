"""Captures the game's play area, and checks in every tick, and at each press, that the window still shows the game: its
state first, then the pixels."""

from collections.abc import Callable, Sequence

import numpy as np

from understudy.contract.errors import WorldError
from understudy.contract.profile import Margins, Rectangle
from understudy.perception.outcomes.end_screen import EndScreenReader
from understudy.worlds.desktop.capture.frame_checks import FrameChecker
from understudy.worlds.desktop.capture.game_fingerprint import FingerprintLearner, GameFingerprint
from understudy.worlds.desktop.capture.picture_identity import PictureIdentity
from understudy.worlds.desktop.capture.play_area_locator import locate_play_area
from understudy.worlds.desktop.capture.screen_capture import Camera, Frame
from understudy.worlds.desktop.windows.press_guard import Refusal
from understudy.worlds.desktop.windows.target_window import TargetWindow
from understudy.worlds.desktop.windows.window_system import Area

LEARN_EVERY_S = 1.0
"""Seconds between two pictures from which is learnt what never changes."""
SEARCH_EVERY_S = 0.5
"""Seconds between two searches for the play area, which take about 0.1 s."""
MIN_MATCHED, CLEARLY_MATCHED = 0.5, 0.9
"""Part of the fingerprint below which a window does not show the game, and from which it does where it is."""
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
        fingerprint: GameFingerprint | None = None,
        locates: bool = False,
        end_screen: EndScreenReader | None = None,
        unusable_after_s: float | None = None,
    ) -> None:
        """Args:
        place: the game's window.
        camera: captures the screen.
        notify: receives warnings that do not stop the game, one sentence each.
        clock: monotonic seconds.
        forbidden: parts of the play area that are never pressed, in its fractions.
        compares_pictures: whether to check the parts of the picture that never change in the game.
        fingerprint: of earlier sessions, with which the first picture is compared.
        locates: whether the play area is where the fingerprint is found, and not where the profile says.
        end_screen: recognises that the game is over.
        unusable_after_s: how long the game may be closed, minimised, covered, without focus or not shown before `take`
                raises; None for ever.
        """
        self._place, self._camera, self._notify, self._clock = place, camera, notify, clock
        self._forbidden = tuple(forbidden)
        self._fingerprint, self._locates = fingerprint, locates and fingerprint is not None
        self._identity = PictureIdentity(fingerprint) if compares_pictures else None
        self._learner, self._next_learn_s, self._next_search_s = FingerprintLearner(), float("-inf"), float("-inf")
        self._differing: np.ndarray | None = None
        self._in_doubt = False
        self._end_screen = end_screen
        self._unusable_after_s, self._unusable_since_s = unusable_after_s, float("inf")
        self.is_over = False
        """Whether the newest picture was the game's end screen."""
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
        """Returns a usable frame of the play area, or the reason why there is none.

        Raises:
            WorldError: if there has been none for longer than there may be, or the window was covered for as long.
        """
        frame, why = self._take()
        covered = "another window lies over the game" if self._place.any_covered else None
        self._refuse_long_absence(why or covered)
        return frame, why

    def _take(self) -> tuple[Frame | None, str | None]:
        self._differing, self.is_over = None, False
        was_in_doubt, self._in_doubt = self._in_doubt, False
        why = self._place.problem()
        if why is not None:
            self._in_doubt = True
            if not (was_in_doubt and self._is_found_in_another_size()):
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
        self.is_over = self._shows_the_end(whole)
        if self.is_over:
            if self._identity is not None and not self._identity.has_begun:  # what is around it counts from now on
                self._identity.check(whole.pixels, self._edges())
            return None, "the game is over; start it again, or stop with F3"
        changed = None if self._identity is None else self._identity.check(whole.pixels, self._edges())
        if changed is not None and was_in_doubt and self._search(whole.pixels):
            changed, frame = None, self._cut(whole)
        if changed is not None:  # what is held is released before anything is searched, which takes a while
            self._in_doubt = True
            self._differing = whole.pixels
            return None, f"{changed}; bring the game back, or press F1 if this is the game"
        self._warn_if_frozen(frame)
        if whole.time_s >= self._next_learn_s:
            self._next_learn_s = whole.time_s + LEARN_EVERY_S
            self._learner.look(whole.pixels, self._edges())
        return frame, None

    def _refuse_long_absence(self, why: str | None) -> None:
        """Raises WorldError if the game could not be used for too long; `why` it cannot be now, None if it can."""
        now_s = self._clock()
        self._unusable_since_s = float("inf") if why is None else min(self._unusable_since_s, now_s)
        if self._unusable_after_s is not None and now_s - self._unusable_since_s >= self._unusable_after_s:
            raise WorldError(
                f"Nothing could be recorded for {self._unusable_after_s:.0f} s ({why}): have the game's window open, "
                "in front and in focus, and give the same command again"
            )

    def _shows_the_end(self, whole: Frame) -> bool:
        return self._end_screen is not None and self._end_screen.is_shown(self._cut(whole).pixels)

    def find_game(self) -> None:
        """Finds the play area by picture, and checks that the window shows the game, before anything is played. A
        window that is covered or partly off the screen is left to the checks of each tick.

        Raises:
            WorldError: if the window shows something else.
        """
        if self._fingerprint is None or not self._place.is_wholly_visible:
            return
        try:
            whole = self._camera.grab(self._place.outer)
        except WorldError:
            return
        is_found = self._locates and self._search(whole.pixels)
        if self._shows_the_end(whole):
            return
        if self._fingerprint.size != (self.area.width, self.area.height):
            width, height = self._fingerprint.size
            self._notify(
                f"The play area is {self.area.width} x {self.area.height} and was {width} x {height} in earlier "
                "sessions: what never changes in it is learnt again."
            )
            return
        matched = self._fingerprint.matched(whole.pixels, self._edges())
        if self._identity is not None and matched < MIN_MATCHED:
            raise WorldError(
                f"The window {self._place.title!r} does not show the game: {matched:.0%} of what never changes in the "
                "game's picture is there. Show the game, or delete the profile's .fingerprint.png if it looks "
                "different now"
            )
        if self._locates and not is_found and matched < CLEARLY_MATCHED:
            self._notify("The game was not found by its picture: the play area is where the profile says.")

    def learnt_fingerprint(self) -> GameFingerprint | None:
        """Returns what this session and earlier ones have shown of what never changes; None for nothing new."""
        found = self._learner.fingerprint(self._fingerprint)
        kept = self._fingerprint
        if found is None or (kept is not None and np.array_equal(found.state, kept.state)):
            return None
        return found

    def _search(self, whole: np.ndarray) -> bool:
        """Moves the play area to where the game is in a picture of the window; returns whether it is clearly there."""
        if not self._locates or self._clock() < self._next_search_s:
            return False
        assert self._fingerprint is not None
        self._next_search_s = self._clock() + SEARCH_EVERY_S
        edges = locate_play_area(self._fingerprint, whole)
        if edges is None:
            return False
        before = self._edges()
        identity = None if self._identity is None else PictureIdentity(self._fingerprint)
        if identity is not None and identity.check(whole, edges) is not None:
            return False
        height, width = whole.shape[:2]
        self._place.set_margins(Margins(left=edges[0], top=edges[1], right=width - edges[2], bottom=height - edges[3]))
        if identity is not None:
            self._identity = identity
        if edges != before:
            self._notify(
                f"The game was found by its picture {_shift(edges[0] - before[0], 'right', 'left')} and "
                f"{_shift(edges[1] - before[1], 'down', 'up')} of where it was expected."
            )
        return True

    def _is_found_in_another_size(self) -> bool:
        """Whether the window has only another size, and the whole game is found in it."""
        place = self._place
        if not (self._locates and place.is_resized and place.problem_besides_size() is None):
            return False
        try:
            whole = self._camera.grab(place.outer)
        except WorldError:
            return False
        if not (place.has_stayed and self._search(whole.pixels)):
            return False
        place.accept_size()
        return True

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
            whole = self._camera.grab(self._place.outer)
        except WorldError:
            return False
        if self.is_over:  # the one press that the profile names for it
            return self._shows_the_end(whole) and self._identity.peek_around(whole.pixels)
        return self._identity.peek(whole.pixels) is None

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


def _shift(pixels: int, ahead: str, back: str) -> str:
    return f"{abs(pixels)} pixels {ahead if pixels >= 0 else back}"
