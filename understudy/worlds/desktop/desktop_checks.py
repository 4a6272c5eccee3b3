"""Diagnostics of the desktop (`understudy doctor --desktop`): each finding is measured, with advice where needed.

It moves the mouse to the corners of the game's window and back, and grabs each key for a moment to find out whether
another program has grabbed it. It presses nothing.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from understudy.contract.errors import UnderstudyError, WorldError
from understudy.contract.observation import TICK_S
from understudy.contract.profile import Margins, Profile
from understudy.worlds.desktop.capture.frame_checks import FrameChecker
from understudy.worlds.desktop.capture.screen_capture import Camera
from understudy.worlds.desktop.input.guarded_injector import GuardedInjector
from understudy.worlds.desktop.input.key_grabs import is_browser
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.raw_input import RawInput
from understudy.worlds.desktop.platform import open_camera, open_injector, open_raw_listener, open_windows
from understudy.worlds.desktop.windows.window_system import Area, WindowSystem, find_window, monitor_area

NUM_TIMED, NUM_WATCHED = 60, 40
"""Frames that are timed back to back, and frames that are checked at the tick rate (2 s)."""
SLOW_PICTURE_S = 0.010
WRONG_SHAPE = 0.03
SMALLEST_SCALE = 0.5
"""Smallest usable scale. At 0.5 of the embedded game's window size, the minimap's dot was read in 33 of 40 frames, at
0.4 in none; bars and objects were read as well as at full size."""
CURSOR_TOLERANCE = 2
"""Tolerance of the cursor's position, pixels."""
SETTLE_S = 0.15


class Severity(IntEnum):
    """Severity of a finding."""

    FINE = 0
    NOTE = 1
    WARNING = 2
    SERIOUS = 3


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Result of one check."""

    weight: Severity
    """`FINE` if the check passed."""
    what: str
    """What was checked."""
    figure: str
    """The number, for people."""
    advice: str = ""
    """Advice; empty if nothing is wrong."""


def examine(profile: Profile, window: str | None, monitor: int = 1) -> Iterator[Finding]:
    """Runs all checks, in about five seconds; yields each finding as soon as it is measured.

    Args:
        profile: of the game.
        window: title of its window; None for a whole monitor.
        monitor: used where no window is named, counted from 1.

    Raises:
        WorldError: at the first finding, if there is no display, or no such window or monitor.
        MissingExtraError: if a package of the platform is missing.
    """
    with closing(open_windows()) as windows, closing(open_camera()) as camera:
        yield from _run_checks(profile, window, monitor, windows, camera)


def _run_checks(
    profile: Profile, title: str | None, monitor: int, windows: WindowSystem, camera: Camera
) -> Iterator[Finding]:
    number = None if title is None else find_window(windows, title)
    outer = monitor_area(camera.monitors(), monitor) if number is None else windows.area(number)
    if outer is None:
        raise WorldError(f"The window {title!r} has just been closed: leave the game open meanwhile")
    area = outer.without(profile.margins)
    if area is None:
        raise WorldError(f"The window ({outer}) is smaller than the edges that play_area leaves out: make it larger")
    yield _check_position(outer, windows.desktop())
    if number is not None:
        yield _check_focus(windows, number, area)
        yield from check_obstacle(windows.input_obstacle(number))
        yield from _check_browser(windows.program(number), profile, title)
    if windows.desktop().covers(outer):  # otherwise the checks of frames and cursor would fail for that reason alone
        yield from _check_shape(profile, area, camera)
        yield from _check_frames(camera, area)
        yield from _check_input(area, profile)
    keys = [key for key in profile.keys if key not in profile.wheel]
    yield from _check_keys((*keys, *profile.our_keys.names))


def _check_position(area: Area, desktop: Area) -> Finding:
    if desktop.covers(area):
        return Finding(weight=Severity.FINE, what="the window is on the screen as a whole", figure=str(area))
    return Finding(
        weight=Severity.SERIOUS,
        what="the window is partly off the screen",
        figure=f"{area} of {desktop}",
        advice="move it onto the screen, or make it smaller",
    )


def _check_focus(windows: WindowSystem, number: int, area: Area) -> Finding:
    if not windows.has_focus(number):
        return Finding(
            weight=Severity.NOTE,
            what="the window is not in focus",
            figure="keys go elsewhere",
            advice="click into it before you play; without focus nothing is sent",
        )
    if not windows.is_uppermost(number, *area.pixel(0.5, 0.5)):
        return Finding(
            weight=Severity.WARNING,
            what="another window lies over the game",
            figure="in its middle",
            advice="move that window away: what it covers is neither seen nor clicked",
        )
    return Finding(weight=Severity.FINE, what="the window has the focus", figure="and lies on top")


def check_obstacle(obstacle: str) -> Iterator[Finding]:
    """Yields a serious finding if there is an obstacle between our input and the game, see `input_obstacle`."""
    if obstacle:
        yield Finding(
            weight=Severity.SERIOUS, what="the system keeps our input from the game", figure="nothing arrives",
            advice=obstacle,
        )  # fmt: skip


def _check_browser(program: str, profile: Profile, title: str | None) -> Iterator[Finding]:
    """Checks that apply to a game in a browser's window."""
    if not is_browser(program):
        return
    yield Finding(
        weight=Severity.NOTE,
        what="the window is a browser",
        figure=program,
        advice="F5 would reload it and F6 take its address bar: understudy keeps its own keys from it while it runs "
        "(not on macOS), or choose others with --hotkeys",
    )
    if profile.margins == Margins():
        yield Finding(
            weight=Severity.SERIOUS,
            what="the profile has no play area",
            figure="tabs and toolbar belong to the game",
            advice="leave them out with [play_area] in the profile, or clicks may fall on them",
        )
    if title is not None and title.lower() in program:
        yield Finding(
            weight=Severity.SERIOUS,
            what="the title fits every page of this browser",
            figure=repr(title),
            advice="give the title of the game's page with --window or window_title",
        )


def _check_shape(profile: Profile, area: Area, camera: Camera) -> Iterator[Finding]:
    off = (area.width / area.height) / (profile.window_width / profile.window_height) - 1
    same = "same shape" if abs(off) <= WRONG_SHAPE else f"{abs(off):.0%} {'wider' if off > 0 else 'narrower'}"
    scale = area.height / profile.window_height
    yield Finding(
        weight=Severity.FINE if abs(off) <= WRONG_SHAPE else Severity.WARNING,
        what=f"the shape of the profile ({profile.window_width} x {profile.window_height})",
        figure=f"{same}, scale {scale:.2f}",
        advice=""
        if abs(off) <= WRONG_SHAPE
        else "bars and minimap lie elsewhere: resize the window or mend the profile",
    )
    if scale < SMALLEST_SCALE:
        yield Finding(
            weight=Severity.WARNING,
            what="the window is small",
            figure=f"{area.width} x {area.height}",
            advice="make it at least half as large as the profile's: small things, such as a dot on a minimap, can no "
            "longer be read",
        )
    scales = [f"{name}={os.environ[name]}" for name in ("GDK_SCALE", "QT_SCALE_FACTOR") if name in os.environ]
    true_pixels = any(one.covers(area) for one in camera.monitors())
    if scales or not true_pixels:
        yield Finding(
            weight=Severity.NOTE if true_pixels else Severity.SERIOUS,
            what="scaling of the display",
            figure=", ".join(scales) or f"the window {area} lies on no monitor as a whole",
            advice="set the scaling to 100 % if clicks miss what they aim at",
        )
    else:
        yield Finding(weight=Severity.FINE, what="scaling of the display", figure="pixels are true ones")


def _check_frames(camera: Camera, area: Area) -> Iterator[Finding]:
    watch, took_s = FrameChecker(), []
    try:
        for _ in range(NUM_TIMED):
            began_s = time.perf_counter()
            camera.grab(area)
            took_s.append(time.perf_counter() - began_s)
        for _ in range(NUM_WATCHED):
            watch.check(camera.grab(area), time.perf_counter())
            time.sleep(TICK_S)
    except UnderstudyError as problem:
        yield Finding(weight=Severity.SERIOUS, what="pictures", figure="none", advice=str(problem))
        return
    p50, p99 = np.percentile(took_s, [50, 99])
    slow = p50 > SLOW_PICTURE_S
    yield Finding(
        weight=Severity.WARNING if slow else Severity.FINE,
        what="taking a picture",
        figure=f"{1000 * p50:.1f} ms, 99 %: {1000 * p99:.1f} ms ({1 / p50:.0f} a second)",
        advice="close other programs, or make the window smaller" if slow else "",
    )
    counts = watch.counts
    black, doubled = counts.num_black / counts.num_frames, counts.num_doubled / counts.num_frames
    yield Finding(
        weight=Severity.SERIOUS if black > 0.5 else Severity.NOTE if black else Severity.FINE,
        what="black pictures",
        figure=f"{black:.0%}",
        advice="set the game to windowed or borderless: what draws in exclusive full screen cannot be captured"
        if black
        else "",
    )
    yield Finding(
        weight=Severity.WARNING if doubled > 0.9 else Severity.FINE,
        what="pictures that equal the one before",
        figure=f"{doubled:.0%} at 20 a second",
        advice="does the game run? A paused one is no trial" if doubled > 0.9 else "",
    )


def _check_input(area: Area, profile: Profile) -> Iterator[Finding]:
    """Moves the mouse to the window's corners and back, and checks that the listener receives the moves."""
    heard: list[tuple[float, RawInput]] = []
    own_events = OwnEventFilter()
    try:
        injector = open_injector()
        listener = open_raw_listener(
            (*profile.keys, *profile.our_keys.names),
            own_events,
            lambda event: heard.append((time.perf_counter(), event)),
        )
    except UnderstudyError as problem:
        yield Finding(weight=Severity.SERIOUS, what="mouse and keyboard", figure="out of reach", advice=str(problem))
        return
    try:
        yield _check_cursor_range(area, injector, own_events)
        yield _check_listener(heard)
    finally:
        listener.close()
        injector.close()


def _check_cursor_range(area: Area, injector: GuardedInjector, own_events: OwnEventFilter) -> Finding:
    home, missed = injector.place(), []
    for x, y in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.5, 0.5)):
        wanted = area.pixel(x, y)
        own_events.note(("move", "", *wanted), time.perf_counter())
        injector.move(*wanted)
        time.sleep(SETTLE_S / 5)
        came = injector.place()
        if max(abs(came[0] - wanted[0]), abs(came[1] - wanted[1])) > CURSOR_TOLERANCE:
            missed.append(f"{wanted} became {came}")
    injector.move(*home)
    time.sleep(SETTLE_S)
    if not missed:
        return Finding(weight=Severity.FINE, what="the cursor reaches all of the window", figure="5 places of 5")
    return Finding(
        weight=Severity.SERIOUS,
        what="the cursor does not go where it is sent",
        figure="; ".join(missed),
        advice="set the display's scaling to 100 %, and let no game catch the mouse meanwhile",
    )


def _check_listener(heard: Sequence[tuple[float, RawInput]]) -> Finding:
    own = [(at_s, event) for at_s, event in heard if event.own]
    if not own:
        return Finding(
            weight=Severity.SERIOUS,
            what="mouse moves do not arrive",
            figure="0 of 5",
            advice="allow this terminal to watch the input (macOS: Privacy & Security, Input Monitoring)",
        )
    delay_s = float(np.median([at_s - event.time_s for at_s, event in own]))
    return Finding(
        weight=Severity.FINE,
        what="mouse and keyboard events arrive, our own recognised",
        figure=f"{len(own)} moves, {1000 * max(delay_s, 0):.1f} ms after they happened",
    )


def _check_keys(names: Sequence[str]) -> Iterator[Finding]:
    if sys.platform == "win32" or sys.platform == "darwin":
        yield Finding(
            weight=Severity.NOTE,
            what="keys that the system keeps for itself",
            figure="cannot be asked here",
            advice="try F1 to F7 and the game's keys in the game",
        )
    else:
        from understudy.worlds.desktop.input.x11_key_grabs import grabbed_keys

        claimed = grabbed_keys(tuple(dict.fromkeys(names)))
        if claimed:
            yield Finding(
                weight=Severity.WARNING,
                what="keys that the system or another program keeps for itself",
                figure=", ".join(claimed),
                advice="free them in the settings of the desktop, or the game will not get them",
            )
        else:
            yield Finding(weight=Severity.FINE, what="keys that the system keeps for itself", figure="none of ours")
