"""The seat at the game's window that a person shares with a policy: feels the person's touch, hears F1, F2 and F3.

A touch is a moved mouse, a mouse button or one of the game's own keys; keys of the window itself (pause, map) and the
motion that the desktop reports when the window opens under a resting mouse are none.

The person at the window as a Pilot: decides what his hands did by the end of the tick.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np
import pygame
from jaxtyping import UInt64

from understudy.contract.action import Action
from understudy.contract.intent import no_intent
from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision, InputEvent
from understudy.worlds.simulator.rendering.scene import Scene
from understudy.worlds.simulator.window.game_window import GameWindow
from understudy.worlds.simulator.window.pygame_input import key_codes

MARK = "mark"
WRONG = "wrong"
"""Code of the mark that F2 sets: what the policy did just now was wrong."""
PAUSE_KEY, WRONG_KEY, STOP_KEY = pygame.K_F1, pygame.K_F2, pygame.K_F3
CHOICE_KEYS = (pygame.K_1, pygame.K_2, pygame.K_3, pygame.K_4, pygame.K_5)
CHOICE_S = 4.0
"""So long after F2 a number says what would have been right, where somebody wants to know."""
_BUTTONS = (pygame.BUTTON_LEFT, pygame.BUTTON_RIGHT)


class WindowOperator:
    """A person at a `GameWindow` who need not be playing. Belongs to the window's thread; is its companion."""

    def __init__(
        self,
        window: GameWindow,
        clock: Callable[[], float] = time.monotonic,
        on_mark: Callable[[], None] = lambda: None,
    ) -> None:
        """Takes the seat.

        Args:
            window: whose companion this becomes.
            clock: the window's monotonic seconds.
            on_mark: is called when F2 was pressed; must not block.
        """
        self._window, self._clock, self._on_mark = window, clock, on_mark
        self._codes = key_codes(window.profile)
        self._down: set[tuple[str, int]] = set()
        self._marks: list[InputEvent] = []
        self._way: tuple[Sequence[float], Sequence[float]] | None = None
        self.touched_s = float("-inf")
        """When mouse or keyboard were last touched."""
        self.marked_s = float("-inf")
        """When F2 was last pressed."""
        self.paint: Callable[[pygame.Surface, Scene], None] = lambda surface, scene: None
        """Draws over each picture."""
        self.choose: Callable[[int], None] | None = None
        """Is told the number, from 0, that was pressed after F2; None leaves numbers to the game."""
        self._chosen_keys: set[int] = set()
        window.companion = self

    @property
    def holding(self) -> bool:
        """Whether a button or key is down."""
        return bool(self._down)

    def is_choosing(self, time_s: float) -> bool:
        """Whether a number means what would have been right."""
        return self.choose is not None and time_s < self.marked_s + CHOICE_S

    def wait_tick(self) -> None:
        """Draws and listens until the tick is over."""
        self._window.pass_tick()

    def end_tick(self) -> Action:
        """What the person's hands did in the tick that ends now."""
        return self._window.hands.end_tick()

    def take_inputs(self) -> tuple[InputEvent, ...]:
        """The person's raw events and marks since this was last called, in order of time."""
        marks, self._marks = self._marks, []
        inputs = self._window.take_inputs()
        return tuple(sorted((*inputs, *marks), key=lambda event: event.time_s)) if marks else inputs

    def mark(self, code: str) -> None:
        """Notes this moment in the recording, so that it can be found again."""
        self.note(MARK, code)

    def note(self, kind: str, code: str) -> None:
        """Puts something that happened now among the raw events of the recording."""
        x, y = (float(axis) for axis in self._window.hands.cursor)
        self._marks.append(InputEvent(self._clock(), kind, code, x, y))

    def lead_cursor(self, start: Sequence[float], end: Sequence[float]) -> None:
        """The policy moves the drawn cursor in this tick, from one place to another (window fractions)."""
        self._way = (start, end)

    def leave_cursor(self) -> None:
        """The drawn cursor is where the person's mouse is."""
        self._way = None

    def cursor(self, share: float) -> tuple[float, float] | None:
        """Where the policy's cursor is, so far into the tick."""
        if self._way is None or self.touched_s > self._window.observe().records["time_s"][0]:
            return None  # from the first touch on, the cursor is the person's
        start, end = self._way
        return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])

    def draw(self, surface: pygame.Surface, scene: Scene) -> None:
        """Draws over the game."""
        self.paint(surface, scene)

    def take_event(self, event: pygame.event.Event, time_s: float) -> bool:
        """Hears an event first; the three keys of the seat are not passed on to the game."""
        if event.type in (pygame.KEYDOWN, pygame.KEYUP) and event.key in (PAUSE_KEY, WRONG_KEY, STOP_KEY):
            if event.type == pygame.KEYDOWN:
                self._take_key(event.key, time_s)
            return True
        if event.type in (pygame.KEYDOWN, pygame.KEYUP) and self._take_choice(event, time_s):
            return True
        if event.type == pygame.WINDOWFOCUSLOST:
            self._down.clear()
        elif not self._window.paused:
            self._feel(event, time_s)
        else:
            self._forget_release(event)
        return False

    def _take_key(self, key: int, time_s: float) -> None:
        if key == PAUSE_KEY:
            self._window.toggle_pause()
        elif key == STOP_KEY:
            self._window.closed = True
        else:
            self.marked_s = time_s
            self.mark(WRONG)
            self._on_mark()

    def _take_choice(self, event: pygame.event.Event, time_s: float) -> bool:
        """A number that answers F2 is no touch, and the game does not hear of it, nor of its coming up."""
        if event.type == pygame.KEYUP:
            mine = event.key in self._chosen_keys
            self._chosen_keys.discard(event.key)
            return mine
        if self.choose is None or event.key not in CHOICE_KEYS or not self.is_choosing(time_s):
            return False
        self._chosen_keys.add(event.key)
        self.choose(CHOICE_KEYS.index(event.key))
        return True

    def _feel(self, event: pygame.event.Event, time_s: float) -> None:
        touched = event.type == pygame.MOUSEMOTION and event.rel != (0, 0)
        if event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP) and event.button in _BUTTONS:
            touched = True
            self._hold(("button", event.button), event.type == pygame.MOUSEBUTTONDOWN)
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP) and event.key in self._codes:
            touched = True
            self._hold(("key", event.key), event.type == pygame.KEYDOWN)
        if touched:
            self.touched_s = time_s

    def _forget_release(self, event: pygame.event.Event) -> None:
        """In a pause nothing is touched, but what comes up is up."""
        if event.type == pygame.MOUSEBUTTONUP:
            self._down.discard(("button", event.button))
        elif event.type == pygame.KEYUP:
            self._down.discard(("key", event.key))

    def _hold(self, which: tuple[str, int], down: bool) -> None:
        if down:
            self._down.add(which)
        else:
            self._down.discard(which)


class HumanPilot:
    """Plays through the mouse and keyboard of one `GameWindow`."""

    def __init__(self, window: GameWindow) -> None:
        self._window = window
        window.person_plays = True

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """A person remembers by himself."""
        assert len(seeds) == 1
        return None

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Returns when the tick is over, with what was done in it."""
        self._window.pass_tick()
        return Decision(self._window.hands.end_tick(), no_intent(1), carry)
