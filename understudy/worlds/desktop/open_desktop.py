"""Assembles the platform's backends into a DesktopWorld and its human operator."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from understudy.contract.errors import WorldError
from understudy.contract.profile import Profile
from understudy.worlds.desktop.capture.game_fingerprint import GameFingerprint
from understudy.worlds.desktop.human_operator import PAUSE_KEY, WRONG_KEY, DesktopOperator
from understudy.worlds.desktop.input.input_controller import InputController
from understudy.worlds.desktop.input.input_listener import InputListener
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.release_watchdog import ReleaseWatchdog
from understudy.worlds.desktop.perception_thread import Perception
from understudy.worlds.desktop.platform import (
    open_camera,
    open_injector,
    open_key_grabs,
    open_raw_listener,
    open_windows,
)
from understudy.worlds.desktop.world import DesktopBackends, DesktopSettings, DesktopWorld

_log = logging.getLogger(__name__)


def open_desktop(
    profile: Profile,
    eye: Perception,
    settings: DesktopSettings,
    *,
    fingerprint: GameFingerprint | None = None,
    watchdog: ReleaseWatchdog | None = None,
    notify: Callable[[str], None] = _log.info,
    commands: Sequence[str] = (PAUSE_KEY, WRONG_KEY),
    on_mark: Callable[[], None] = lambda: None,
    on_command: Callable[[str], None] = lambda key: None,
) -> tuple[DesktopWorld, DesktopOperator]:
    """Opens a world of one game on the screen and its human operator; sends nothing before the first `act`.

    Args:
        profile: of the game.
        eye: turns frames into observations.
        settings: which window, and whether input may be sent.
        fingerprint: what never changes in the game, as earlier sessions learnt it.
        watchdog: started before, because it takes a while; by default one is started where input is sent.
        notify: receives one sentence whenever the world suspends or resumes; must not block.
        commands: command keys; F3 always stops.
        on_mark: called when F2 was pressed.
        on_command: called with every other command key.

    Raises:
        WorldError: if there is no display or no such window, or the window shows something else than the game.
        MissingExtraError: if a package of the platform is missing.
    """
    with ExitStack() as undo:
        windows = open_windows()
        undo.callback(windows.close)
        camera = open_camera()
        undo.callback(camera.close)
        injector = open_injector()
        undo.callback(injector.close)
        cursor, own_events = injector.place(), OwnEventFilter()
        controller: InputController | None = None
        if settings.sends:
            watchdog = watchdog or ReleaseWatchdog(waits=False)
            undo.callback(watchdog.close)
            watchdog.require_ready()
            controller = InputController(injector, watchdog, own_events, profile.keys)
            undo.callback(controller.close)
        else:
            injector.close()
        corners_of = camera.monitors() if settings.sends else ()
        input_listener = InputListener(commands, corners_of, profile.our_keys)
        _require_free_hotkeys(profile, input_listener)
        key_grabs = open_key_grabs()
        undo.callback(key_grabs.close)
        raw_listener = open_raw_listener(
            (*profile.keys, *input_listener.command_keys), own_events, input_listener.on_event
        )
        undo.callback(raw_listener.close)
        world = DesktopWorld(
            profile,
            eye,
            DesktopBackends(windows, camera, input_listener, raw_listener, controller, key_grabs),
            settings,
            cursor=cursor,
            fingerprint=fingerprint,
            notify=notify,
        )
        undo.pop_all()
    return world, DesktopOperator(world, input_listener, on_mark=on_mark, on_command=on_command)


def _require_free_hotkeys(profile: Profile, input_listener: InputListener) -> None:
    """Raises WorldError if a key is the game's and ours."""
    both = [key for key in input_listener.command_keys if key in profile.keys]
    if both:
        raise WorldError(
            f"The key {both[0]!r} is one of the game's keys and a hotkey of understudy: choose another with "
            f"--hotkeys or under [hotkeys] in the profile {profile.name!r}"
        )
