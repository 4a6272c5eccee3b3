"""The screen as a World: pictures become observations, actions become real mouse and key events, in real time.

A tick lasts 50 ms from one picture to the next, at absolute deadlines; ticks for which there was no time are left out
and counted, for the game on the screen does not wait. A policy's action is sent as soon as it is decided. While the
person is in charge nothing is sent, and what is held is released.

The world stands still, with nothing held down, while its window is gone, covered, without focus or partly off the
screen, while the picture is black, and in a pause; it says why, and goes on by itself when that is over.
"""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from understudy.contract.action import Action
from understudy.contract.errors import WorldError
from understudy.contract.observation import Button, Observation, empty_observation
from understudy.contract.profile import Profile
from understudy.contract.rate import Beat
from understudy.perception.outcomes.end_screen import EndScreenReader
from understudy.worlds.desktop.capture.frame_source import FrameSource
from understudy.worlds.desktop.capture.game_fingerprint import GameFingerprint
from understudy.worlds.desktop.capture.screen_capture import Camera, Frame
from understudy.worlds.desktop.input.action_sender import ActionSender
from understudy.worlds.desktop.input.input_controller import InputController
from understudy.worlds.desktop.input.input_listener import InputListener
from understudy.worlds.desktop.input.input_state import InputState
from understudy.worlds.desktop.input.key_grabs import KeyGrabs
from understudy.worlds.desktop.input.raw_input import RawInput, RawInputListener
from understudy.worlds.desktop.latency_compensation import AHEAD_S, extrapolate_tracks
from understudy.worlds.desktop.perception_thread import Perception, PerceptionThread
from understudy.worlds.desktop.windows.press_guard import Refused
from understudy.worlds.desktop.windows.target_window import TargetWindow
from understudy.worlds.desktop.windows.window_system import Area, WindowSystem
from understudy.worlds.input_accumulator import InputAccumulator

_PAUSE_S = 0.05
"""How often a standing world looks whether it can go on."""
RESTART_WAIT_S, RESTART_EVERY_S = 2.0, 6.0
"""Seconds that an end screen is shown before the click that begins a new game, and between two such clicks."""
RESTART_PRESS_S = 0.06
_GOOD_LOOKS = 3
"""It goes on after so many good looks in succession: a page that is loading or a menu that opens shows many things."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DesktopSettings:
    """Which part of the screen, and what may be done there."""

    window: str | None = None
    """Title of the game's window; None takes a whole monitor, in which nothing may be sent."""
    monitor: int = 1
    """The monitor where no window is named, counted from 1."""
    sends: bool = False
    """Whether actions become real events."""
    handback_delay_s: float = 1.5
    """Nothing is sent until the person has not touched mouse and keyboard for so many seconds."""
    ahead_s: float = AHEAD_S
    """Things are told where their motion has taken them so long after their picture; the same in recording and play."""
    unusable_after_s: float | None = None
    """How long the game may be closed, covered or without focus before the session ends by an error; None: for ever."""

    def __post_init__(self) -> None:
        if self.sends and not self.window:
            raise ValueError("to send mouse and key events the window has to be named")


@dataclass
class DesktopBackends:
    """What a DesktopWorld is made of; it closes them all."""

    windows: WindowSystem
    camera: Camera
    input_listener: InputListener
    watcher: RawInputListener
    controller: InputController | None = None
    """None where nothing may be sent."""
    key_grabs: KeyGrabs | None = None
    """None where the game may get our own keys, too."""


class DesktopWorld:
    """One game on the screen. Implements World with B = 1; belongs to the thread that plays."""

    def __init__(
        self,
        profile: Profile,
        eye: Perception,
        parts: DesktopBackends,
        settings: DesktopSettings,
        *,
        cursor: tuple[int, int] = (0, 0),
        fingerprint: GameFingerprint | None = None,
        notify: Callable[[str], None] = _log.info,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Finds the window; nothing is sent before the first `act`.

        Args:
            profile: of the game.
            eye: sees.
            parts: of the platform; closed by this one, also if this fails.
            settings: which window.
            cursor: where it is now, a pixel of the desktop.
            fingerprint: what earlier sessions have shown of what never changes in the game.
            notify: receives one sentence whenever the game stops or goes on; must not block.
            clock: monotonic seconds, the watcher's.

        Raises:
            WorldError: if there is no such window or monitor, or it shows something else than the game.
        """
        self._profile, self._parts, self._settings = profile, parts, settings
        self._end_screen = None if profile.eye is None else profile.eye.game_over
        self._games_over, self._next_restart_s = 0, float("-inf")
        self.perception = PerceptionThread(eye, clock=clock)
        """Sees on a thread of its own."""
        self._told, self._clock = notify, clock
        self.keys_not_taken: tuple[str, ...] = ()
        """Keys of ours that the game gets, too."""
        self._keys_taken_from: int | None = -1
        self.frame: Frame | None = None
        """What perception saw of the observation that is valid now: the picture that a recording keeps."""
        self.closed = False
        """It is over: nothing is seen or sent any more."""
        self.paused, self.is_suspended = False, False
        """F1 was pressed; for whatever reason it is not played just now."""
        self.during_pause: Callable[[], None] = lambda: None
        """Is called twenty times a second in a pause, so that whoever sits at the world can end it."""
        self.totals = dict.fromkeys(("value", "kills", "loot", "deaths"), 0.0)
        """What the eye has seen happen."""
        try:
            self.place = TargetWindow(
                parts.windows, parts.camera.monitors(), settings.window, settings.monitor, profile.margins
            )
            if settings.sends:
                self.place.require_reachable()
            self._sight = FrameSource(
                self.place,
                parts.camera,
                self._notify,
                clock,
                profile.forbidden,
                compares_pictures=settings.sends,
                fingerprint=fingerprint,
                locates=profile.locate_play_area,
                end_screen=None if self._end_screen is None else EndScreenReader(self._end_screen),
                unusable_after_s=settings.unusable_after_s,
            )
            self._sight.find_game()
        except WorldError:
            self.close()
            raise
        self._checks_told = not settings.sends
        if parts.controller is not None:
            parts.controller.guard_with(self._sight, profile.click_keys)
        self._input_state = InputState(profile, self.area.fractions(*cursor))
        self._sender = (
            None if parts.controller is None else ActionSender(parts.controller, self.place, self._input_state, clock)
        )
        self._seen, self._has_looked = empty_observation(1), False
        self._beat, self._has_begun, self._parent = Beat(clock), False, os.getppid()
        parts.input_listener.on_stop = self.stop
        self._take_keys()

    @property
    def profile(self) -> Profile:
        """Which game this is."""
        return self._profile

    @property
    def num_worlds(self) -> int:
        """One."""
        return 1

    @property
    def num_ticks(self) -> int:
        """All that have passed, with those that were left out."""
        return self._beat.num_ticks

    @property
    def num_missed(self) -> int:
        """Those for which there was no time."""
        return self._beat.num_missed

    @property
    def refused(self) -> Refused:
        """How many presses were not made, by reason."""
        return Refused() if self._parts.controller is None else self._parts.controller.refused

    @property
    def person_in_charge(self) -> bool:
        """Whether the person holds something or has touched mouse or keyboard a moment ago."""
        input_listener = self._parts.input_listener
        return input_listener.holding or self._clock() - input_listener.touched_s < self._settings.handback_delay_s

    @property
    def hands(self) -> InputAccumulator:
        """The person's."""
        return self._input_state.person

    @property
    def area(self) -> Area:
        """The play area: where the game is on the desktop."""
        return self.place.area

    def observe(self) -> Observation:
        """How the game looked when this tick began; stands still while it cannot be played. Until the next `act`, and
        after the end, it is the same observation again. The first tick begins with the first call."""
        if not self._has_begun:
            self._has_begun = True
            self._beat.restart()
        if self._has_looked or self.closed:
            return self._seen
        frame, why = self._picture()
        if why is not None and not self.closed:
            frame = self._stand_still(why)
        if frame is None:
            return self._seen
        # nothing that was done after the tick before is in it: the action must not be read off the observation
        self._seen, self._has_looked = self._look(frame), True
        if not self._checks_told and not self._sight.is_learning:
            self._checks_told = True
            self._notify(self._sight.checks())
        return self._seen

    def toggle_pause(self) -> None:
        """Pauses or goes on; where the world stands still because the window may not show the game, takes what it
        shows for the game."""
        if self.is_suspended and not self.paused and self._sight.accept():
            self._notify("Taken for the game.")
            return
        self.paused = not self.paused

    def warm_up(self) -> None:
        """Lets the eye look at the game before time matters: its first pictures take long (compiling, allocations).

        Raises whatever the eye raises.
        """
        frame = None
        with suppress(WorldError):  # partly off the screen: `observe` will say so
            frame = self._parts.camera.grab(self.area)
        if frame is not None:
            self.perception.warm_up(frame.pixels)
        self._parts.input_listener.forget()

    def act(self, action: Action) -> None:
        """Sends the action, unless the person is in charge, and waits until the tick is over."""
        self._has_looked = False
        if self._sender is not None and not self.closed:
            if self.person_in_charge or self.paused:
                self._sender.release()
            else:
                self._sender.send(action.records[0])
        self.wait_tick()
        self._beat.next()

    def wait_tick(self) -> None:
        """Returns when the tick is over, with its events taken in."""
        until_s = self._beat.end_s
        remaining_s = until_s - self._clock()
        if remaining_s > 0 and not self.closed:
            time.sleep(remaining_s)
        self.take_events(until_s)

    def take_events(self, until_s: float) -> None:
        """Takes in what mouse and keyboard did until a moment; in a pause nothing is pressed."""
        for heard in self._parts.input_listener.take(until_s):
            self._input_state.hear(heard, self.area)

    def take_commands(self) -> list[RawInput]:
        """Presses of the keys that are meant for us."""
        return self._parts.input_listener.take_commands()

    def learnt_fingerprint(self) -> GameFingerprint | None:
        """Returns what never changes in the game, by this session and earlier ones; None for nothing new."""
        return self._sight.learnt_fingerprint()

    def stop(self, why: str) -> None:
        """Ends it at once, with nothing held down. Any thread may call it."""
        if self.closed:
            return
        self.closed = True
        try:
            if self._parts.controller is not None:
                self._parts.controller.stop()
        except WorldError as problem:  # the display is gone, and all that was held with it
            why = f"{why} ({problem})"
        self._notify(f"Stopped: {why}.")

    def close(self) -> None:
        """Releases what is held, and ends all connections and threads. May be called twice."""
        self.closed = True
        parts = self._parts
        if parts.controller is not None:
            parts.controller.close()
        parts.watcher.close()
        if parts.key_grabs is not None:
            parts.key_grabs.close()
        parts.camera.close()
        parts.windows.close()
        self.perception.close()

    def _notify(self, line: str) -> None:
        self._told(self._profile.our_keys.in_words(line))

    def _picture(self) -> tuple[Frame | None, str | None]:
        """A picture, or why there is none that could be played by."""
        self._take_keys()
        if self.paused:
            return None, "F1 was pressed; press it again to go on"
        return self._sight.take()

    def _take_keys(self) -> None:
        """Takes our own keys from the game's window, again when the game was restarted."""
        if self._parts.key_grabs is not None and self._keys_taken_from != self.place.window:
            self._keys_taken_from = self.place.window
            keys = self._parts.input_listener.command_keys
            self.keys_not_taken = self._parts.key_grabs.take(keys, self.place.window)

    def _stand_still(self, why: str) -> Frame | None:
        """Holds nothing and waits until it can be played again; None when it was stopped meanwhile."""
        if self._sender is not None:
            self._sender.release()
        self._notify(f"Paused: {why}.")
        self.is_suspended = True
        told, frame = why, None
        if self._sight.is_over:
            self._games_over += 1
            self._next_restart_s = self._clock() + RESTART_WAIT_S
        self.hands.release_all(self._clock())
        num_good = 0
        while num_good < _GOOD_LOOKS and not self.closed:
            time.sleep(_PAUSE_S)
            self._pass_pause()
            if self._sight.is_over:
                self._restart_game()
            if os.getppid() != self._parent:
                self.stop("the program that started this one is gone")
            frame, now_why = self._picture()
            num_good = 0 if frame is None else num_good + 1
            if now_why is not None and now_why != told:
                self._notify(f"Paused: {now_why}.")
                told = now_why
        if frame is not None and not self.closed:
            self._notify("Going on.")
            self.perception.forget_before(frame.time_s)
        self.is_suspended = False
        self._beat.restart()
        return frame

    def _restart_game(self) -> None:
        """Clicks where the profile says that a new game begins, a moment after the game is over."""
        restart = None if self._end_screen is None else self._end_screen.restart
        controller = self._parts.controller
        if restart is None or controller is None or self.paused or self.closed or self.person_in_charge:
            return
        if self._clock() < self._next_restart_s:
            return
        self._next_restart_s = self._clock() + RESTART_EVERY_S
        pixel = self.area.pixel(*restart)
        controller.send(pixel, Button.NONE, 0)
        controller.send(pixel, Button.LEFT, 0)
        time.sleep(RESTART_PRESS_S)
        controller.send(pixel, Button.NONE, 0)

    def _pass_pause(self) -> None:
        """What mouse and keyboard do in a pause is not played; but where the cursor is and what comes up is known."""
        for heard in self._parts.input_listener.take(self._clock()):
            self._input_state.hear(heard, self.area, presses=False)
        self.during_pause()

    def _look(self, frame: Frame) -> Observation:
        done = self._input_state.end_tick().records[0]
        cursor = (float(done["cursor_x"]), float(done["cursor_y"]))
        self.frame = frame
        seen = self.perception.process(frame.pixels, frame.time_s, cursor, int(done["keys"]), int(done["button"]))
        extrapolate_tracks(seen.records, self._settings.ahead_s)
        events = seen.records["events"][0]
        if self._games_over:
            events["deaths"] = np.nan_to_num(events["deaths"]) + self._games_over
            self._games_over = 0
        for name in self.totals:
            self.totals[name] += float(np.nan_to_num(events[name]))
        return seen
