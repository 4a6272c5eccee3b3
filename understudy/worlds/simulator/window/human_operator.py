"""The human operator of the game's window, who shares control with a policy: detects touches and handles F1, F2 and F3.

A touch is a mouse move, a mouse button or one of the game's own keys. Keys of the window itself (pause, map) and the
motion that the desktop reports when the window opens under a resting mouse do not count.

`HumanPilot` is the pilot of a person who plays alone.
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
"""Code of the mark that F2 sets: the policy's last behaviour was wrong."""
PAUSE_KEY, WRONG_KEY, STOP_KEY = pygame.K_F1, pygame.K_F2, pygame.K_F3
CHOICE_KEYS = (pygame.K_1, pygame.K_2, pygame.K_3, pygame.K_4, pygame.K_5)
CHOICE_S = 4.0
"""Seconds after F2 in which a number key selects the correct mode, if `choose` is set."""
_BUTTONS = (pygame.BUTTON_LEFT, pygame.BUTTON_RIGHT, pygame.BUTTON_MIDDLE)


class WindowOperator:
    """The person at a `GameWindow`, playing or watching; the window's companion. Belongs to the window's thread."""

    def __init__(
        self,
        window: GameWindow,
        clock: Callable[[], float] = time.perf_counter,
        on_mark: Callable[[], None] = lambda: None,
    ) -> None:
        """Attaches the operator to the window as its companion.

        Args:
            window: the game's window.
            clock: the window's monotonic seconds.
            on_mark: called when F2 was pressed; must not block.
        """
        self._window, self._clock, self._on_mark = window, clock, on_mark
        self._codes = key_codes(window.profile)
        self._down: set[tuple[str, int]] = set()
        self._marks: list[InputEvent] = []
        self._cursor_path: tuple[Sequence[float], Sequence[float]] | None = None
        self.touched_s = float("-inf")
        """Time of the last touch of mouse or keyboard, monotonic seconds."""
        self.marked_s = float("-inf")
        """Time of the last press of F2, monotonic seconds."""
        self.paint: Callable[[pygame.Surface, Scene], None] = lambda surface, scene: None
        """Draws over each frame."""
        self.choose: Callable[[int], None] | None = None
        """Called with the number, from 0, pressed after F2; None leaves number keys to the game."""
        self._chosen_keys: set[int] = set()
        window.companion = self

    @property
    def holding(self) -> bool:
        """Whether the person holds a button or key down."""
        return bool(self._down)

    def is_choosing(self, time_s: float) -> bool:
        """Whether a number key now selects the correct mode."""
        return self.choose is not None and time_s < self.marked_s + CHOICE_S

    def wait_tick(self) -> None:
        """Draws frames and handles events until the tick is over."""
        self._window.pass_tick()

    def end_tick(self) -> Action:
        """Ends the tick; returns the person's action in it."""
        return self._window.hands.end_tick()

    def take_inputs(self) -> tuple[InputEvent, ...]:
        """Returns the person's raw events and marks since the last call, in order of time."""
        marks, self._marks = self._marks, []
        inputs = self._window.take_inputs()
        return tuple(sorted((*inputs, *marks), key=lambda event: event.time_s)) if marks else inputs

    def mark(self, code: str) -> None:
        """Writes a mark at the present moment into the recording."""
        self.note(MARK, code)

    def note(self, kind: str, code: str) -> None:
        """Adds an event at the present time to the raw events of the recording."""
        x, y = (float(axis) for axis in self._window.hands.cursor)
        self._marks.append(InputEvent(self._clock(), kind, code, x, y))

    def lead_cursor(self, start: Sequence[float], end: Sequence[float]) -> None:
        """Draws the policy's cursor in this tick on its way between two points (window fractions)."""
        self._cursor_path = (start, end)

    def leave_cursor(self) -> None:
        """Draws the cursor at the person's mouse again."""
        self._cursor_path = None

    def cursor(self, share: float) -> tuple[float, float] | None:
        """Returns the policy's cursor position at a fraction of the tick; None when the person's mouse applies."""
        if self._cursor_path is None or self.touched_s > self._window.observe().records["time_s"][0]:
            return None  # after a touch the person's mouse applies
        start, end = self._cursor_path
        return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])

    def draw(self, surface: pygame.Surface, scene: Scene) -> None:
        """Draws over the game."""
        self.paint(surface, scene)

    def take_event(self, event: pygame.event.Event, time_s: float) -> bool:
        """Handles an event before the game; returns whether it is consumed (F1, F2, F3 and choices)."""
        if event.type in (pygame.KEYDOWN, pygame.KEYUP) and event.key in (PAUSE_KEY, WRONG_KEY, STOP_KEY):
            if event.type == pygame.KEYDOWN:
                self._take_key(event.key, time_s)
            return True
        if event.type in (pygame.KEYDOWN, pygame.KEYUP) and self._take_choice(event, time_s):
            return True
        if event.type == pygame.WINDOWFOCUSLOST:
            self._down.clear()
        elif not self._window.paused:
            self._register_touch(event, time_s)
        else:
            self._register_release(event)
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
        """Handles a number key after F2: it is no touch, and its press and release are hidden from the game."""
        if event.type == pygame.KEYUP:
            mine = event.key in self._chosen_keys
            self._chosen_keys.discard(event.key)
            return mine
        if self.choose is None or event.key not in CHOICE_KEYS or not self.is_choosing(time_s):
            return False
        self._chosen_keys.add(event.key)
        self.choose(CHOICE_KEYS.index(event.key))
        return True

    def _register_touch(self, event: pygame.event.Event, time_s: float) -> None:
        touched = event.type == pygame.MOUSEMOTION and event.rel != (0, 0)
        if event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP) and event.button in _BUTTONS:
            touched = True
            self._set_held(("button", event.button), event.type == pygame.MOUSEBUTTONDOWN)
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP) and event.key in self._codes:
            touched = True
            self._set_held(("key", event.key), event.type == pygame.KEYDOWN)
        if touched:
            self.touched_s = time_s

    def _register_release(self, event: pygame.event.Event) -> None:
        """Registers releases, but no touches, during a pause."""
        if event.type == pygame.MOUSEBUTTONUP:
            self._down.discard(("button", event.button))
        elif event.type == pygame.KEYUP:
            self._down.discard(("key", event.key))

    def _set_held(self, which: tuple[str, int], down: bool) -> None:
        if down:
            self._down.add(which)
        else:
            self._down.discard(which)


class HumanPilot:
    """A Pilot whose decisions are a person's mouse and keyboard at one `GameWindow`."""

    def __init__(self, window: GameWindow) -> None:
        self._window = window
        window.person_plays = True

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """No carry: the person needs none."""
        assert len(seeds) == 1
        return None

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Waits until the tick is over and returns the person's action in it."""
        self._window.pass_tick()
        return Decision(self._window.hands.end_tick(), no_intent(1), carry)
