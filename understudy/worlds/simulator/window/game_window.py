"""The game in a window and in real time: a World of one game, which continues with or without actions.

The thread that creates a `GameWindow` owns it; on macOS it must be the main thread. The game advances 20 times a second
at absolute deadlines and is drawn 60 times a second, interpolated between the last two ticks, so the picture is up to
a tick old. A pilot observes, decides and acts; `act` draws frames until the tick is over. A person acts through
`HumanPilot`, whose decision is the mouse and keyboard input until the end of the tick.

Under load, frames are dropped first. Then the game either advances without its pilot, with buttons and keys unchanged
(a policy has to be fast enough), or lags behind the clock by a few ticks and catches up as fast as it can, so that each
tick has its action (for recordings of a person).

A `WindowPlugin` receives events before the game, sets the drawn cursor, and draws over the game.
"""

import os
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
import pygame

from understudy.contract.action import Action
from understudy.contract.errors import WorldError
from understudy.contract.observation import TICK_S, Observation, Role
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent
from understudy.contract.rate import Beat
from understudy.worlds.simulator.rendering.frame_interpolation import blend
from understudy.worlds.simulator.rendering.overlay_screens import Tutorial, draw_death, draw_large_map, draw_pause
from understudy.worlds.simulator.rendering.renderer import Renderer
from understudy.worlds.simulator.rendering.scene import Scene, scene_of
from understudy.worlds.simulator.rendering.sprite_sheet import SpriteSheet
from understudy.worlds.simulator.window.pygame_input import PygameInput, key_codes
from understudy.worlds.simulator.world import Simulator

FRAME_S = 1.0 / 60.0
SLOWEST_FRAME_S = 0.1
"""Longest time between two frames in seconds, even under load."""
_PAUSE_KEYS, _MAP_KEY, _HELP_KEY, _LEAVE_KEY = (pygame.K_p, pygame.K_ESCAPE), pygame.K_m, pygame.K_h, pygame.K_q
_UNSEEN_DRIVERS = ("dummy", "offscreen", "evdev")


class GameWindow:
    """One live game in its own window. Implements World with B = 1."""

    def __init__(
        self,
        seed: int,
        start_map: str | None = None,
        size: tuple[int, int] | None = None,
        *,
        most_behind: int = 0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Opens the window; the game begins with the first `observe`.

        Args:
            seed: of the world.
            start_map: name of the map to begin on; None draws it from the seed.
            size: of the window in pixels; the profile's by default.
            most_behind: ticks that the game may lag behind the clock before it advances without its pilot.
            clock: monotonic seconds.

        Raises:
            WorldError: if there is no display or no such map.
        """
        self._game = Simulator(np.array([seed], np.uint64), start_map)
        self._renderer = Renderer(self._game.profile, size)
        self._screen = _open_window(self._game.profile, self._renderer.size)
        self.hands = PygameInput(self._game.profile, self._renderer.size, key_codes(self._game.profile))
        self._lessons = Tutorial()
        self._clock = clock
        self.closed = False
        """Whether the player has closed the game, which no longer advances."""
        self.paused = False
        self.person_plays = False
        """Whether to show the real mouse and the tutorial; if not, without a companion, the cursor is the pilot's."""
        self._large_map = False
        self.companion: WindowPlugin | None = None
        """Plugin that handles events and draws; with one, the tutorial is not shown."""
        self.num_frames = 0
        self._picture_s = 0.0  # present duration of drawing one frame
        self._beat = Beat(clock, most_behind)
        self._next_frame_s = self._paused_s = self._beat.start_s
        self._now = self._before = self._look(self._beat.start_s)
        self._renderer.paint_skies()
        self._draw(self._beat.start_s)  # paints the first sprites before the game starts
        self._has_begun = False

    @property
    def profile(self) -> Profile:
        """The embedded game."""
        return self._game.profile

    @property
    def num_worlds(self) -> int:
        """Number of worlds, always 1."""
        return 1

    @property
    def num_ticks(self) -> int:
        """Number of elapsed ticks, including missed ones."""
        return self._beat.num_ticks

    @property
    def num_missed(self) -> int:
        """Number of ticks that advanced without the pilot."""
        return self._beat.num_missed

    @property
    def state(self) -> np.void:
        """The game's state, a record of dtype WORLD; for the score, and for tests."""
        record: np.void = self._game.states[0]
        return record

    @property
    def totals(self) -> dict[str, float]:
        """Points, kills, boxes and deaths so far."""
        totals = self.state["totals"]
        return {name: float(totals[name]) for name in ("value", "kills", "loot", "deaths")}

    def observe(self) -> Observation:
        """Returns the observation at the beginning of this tick; `time_s` is that moment on the monotonic clock.

        The game's clock starts with the first call, so loading after the window was opened takes no game time.
        """
        if not self._has_begun:
            self._has_begun = True
            self._beat.restart()
            self._next_frame_s = self._beat.start_s
            self._now = self._before = self._look(self._beat.start_s)
        return self._now

    def act(self, action: Action) -> None:
        """Draws frames until the tick is over, then applies the action, and again for each missed tick."""
        self.pass_tick()
        if self.closed:
            return
        for start_s in self._beat.next():
            self._before = self._now
            self._game.act(action)
            self._now = self._look(start_s)

    def pass_tick(self) -> None:
        """Handles events and draws frames until the tick is over; in a pause the tick does not end."""
        self._take_events(0)
        while not self.closed:
            now_s = self._clock()
            if now_s >= self._next_frame_s and self._has_time_to_draw(now_s):
                self._draw(now_s)
                self._picture_s = max(self._clock() - now_s, 0.7 * self._picture_s)
                self._next_frame_s = max(self._next_frame_s, now_s - FRAME_S) + FRAME_S
                now_s = self._clock()
            if not self.paused and now_s >= self._beat.end_s:
                return
            until_s = self._next_frame_s
            if not self.paused:
                until_s = min(until_s, self._beat.end_s)
                if until_s <= now_s and not self._has_time_to_draw(now_s):
                    until_s = self._beat.end_s
            self._take_events(max(1, round(1000 * (until_s - now_s))))

    def _has_time_to_draw(self, now_s: float) -> bool:
        """Whether a frame can be drawn before the tick ends, or none was drawn for SLOWEST_FRAME_S."""
        left_s = self._beat.end_s - now_s
        return self.paused or self._picture_s < left_s or now_s > self._next_frame_s + SLOWEST_FRAME_S

    def take_inputs(self) -> tuple[InputEvent, ...]:
        """Returns the person's raw events since the last call."""
        return self.hands.take_inputs()

    def close(self) -> None:
        """Closes the window. May be called twice."""
        self.closed = True
        self._game.close()
        pygame.display.quit()

    def _look(self, time_s: float) -> Observation:
        observation = self._game.observe().copy()
        observation.records["time_s"] = time_s
        return observation

    def _take_events(self, timeout_ms: int) -> None:
        """Handles all queued events; if there is none, waits up to `timeout_ms` for one."""
        waited = [pygame.event.wait(timeout_ms)] if timeout_ms > 0 else []
        for event in (*waited, *pygame.event.get()):
            self._take_event(event, self._clock())

    def _take_event(self, event: pygame.event.Event, now_s: float) -> None:
        if event.type in (pygame.QUIT, pygame.WINDOWCLOSE):
            self.closed = True
        elif self.companion is not None and self.companion.take_event(event, now_s):
            return
        elif event.type == pygame.WINDOWFOCUSLOST:
            self.hands.release_all(now_s)
        elif event.type == pygame.KEYDOWN and event.key in _PAUSE_KEYS:
            self.toggle_pause()
        elif event.type == pygame.KEYDOWN and event.key == _MAP_KEY:
            self._large_map = not self._large_map
        elif event.type == pygame.KEYDOWN and event.key == _HELP_KEY:
            self._lessons.hidden = not self._lessons.hidden
        elif event.type == pygame.KEYDOWN and event.key == _LEAVE_KEY and self.paused:
            self.closed = True
        elif not self.paused or event.type in (pygame.MOUSEMOTION, pygame.MOUSEBUTTONUP, pygame.KEYUP):
            self.hands.take_event(event, now_s)

    def toggle_pause(self) -> None:
        """Pauses or resumes; the game's clock stops in a pause, and the tick continues where it was interrupted."""
        now_s = self._clock()
        if self.paused:
            self._beat.delay(now_s - self._paused_s)
        self._paused_s = now_s
        self.paused = not self.paused

    def _draw(self, now_s: float) -> None:
        shown_s = self._paused_s if self.paused else now_s
        share = min(1.0, max(0.0, (shown_s - self._beat.start_s) / TICK_S))
        observation = blend(self._before.records[0], self._now.records[0], share)
        cursor = None if self.companion is None else self.companion.cursor(share)
        if self.companion is not None or self.person_plays:
            observation["cursor_x"], observation["cursor_y"] = self.hands.cursor if cursor is None else cursor
        scene = scene_of(self.state, observation, share - 1.0)
        surface = self._renderer.draw(scene)
        self._draw_over(surface, scene)
        self._screen.blit(surface, (0, 0))
        pygame.display.flip()
        self.num_frames += 1

    def _draw_over(self, surface: pygame.Surface, scene: Scene) -> None:
        lettering = self._renderer.lettering
        if self.companion is not None:
            self.companion.draw(surface, scene)
        elif self.person_plays:
            self._lessons.watch(scene)
            self._lessons.draw(surface, lettering, self.num_ticks * TICK_S)
        if self._large_map:
            draw_large_map(surface, scene, lettering)
        if not scene.observation["player"]["alive"]:
            draw_death(surface, lettering)
        if self.paused:
            draw_pause(surface, scene, lettering)


def init_display(window: str, remedy: str = "is DISPLAY set?") -> None:
    """Prepares pygame for opening a window that shows frames without OpenGL, unless the environment selects it.

    A finished frame gains nothing from OpenGL, which runs in software without a graphics card: a window of
    1280x720 took 0.56 of a core with it and 0.20 without (docs/log.md).

    Args:
        window: what is to be opened, for the message.
        remedy: what to do where there is no display.

    Raises:
        WorldError: if there is no display, also where SDL falls back to a driver that shows no window.
    """
    os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
    try:
        pygame.display.init()
    except pygame.error as problem:
        raise WorldError(f"{window} cannot be opened ({problem}): it needs a display ({remedy})") from problem
    if pygame.display.get_driver() in _UNSEEN_DRIVERS and "SDL_VIDEODRIVER" not in os.environ:
        pygame.display.quit()
        raise WorldError(f"{window} cannot be opened: there is no display ({remedy})")


def _open_window(profile: Profile, size: tuple[int, int]) -> pygame.Surface:
    init_display("The game's window")
    try:
        screen = pygame.display.set_mode(size)
    except pygame.error as problem:
        raise WorldError(f"The game's window cannot be opened ({problem}): it needs a display") from problem
    pygame.display.set_caption(profile.window_title)
    pygame.display.set_icon(SpriteSheet().sprite("ship", Role.PLAYER, 42, 42, -np.pi / 2))
    pygame.mouse.set_visible(False)
    return screen


@runtime_checkable
class WindowPlugin(Protocol):
    """A plugin of the game's window. Called by the window's thread, up to 60 times a second; must not block."""

    def take_event(self, event: pygame.event.Event, time_s: float) -> bool:
        """Handles an event before the game; returns whether it is consumed."""
        ...

    def cursor(self, share: float) -> tuple[float, float] | None:
        """Returns the drawn cursor's position, window fractions; None for the person's mouse.

        Args:
            share: elapsed fraction of the tick, 0..1.
        """
        ...

    def draw(self, surface: pygame.Surface, scene: Scene) -> None:
        """Draws over a frame of the game."""
        ...
