"""Selects the platform's backends: windows, screen capture, input listener and input injector.

Each backend is imported only when it is opened.
"""

import logging
import sys
from collections.abc import Sequence

from understudy.contract.errors import MissingExtraError
from understudy.worlds.desktop.capture.screen_capture import Camera, MssCamera
from understudy.worlds.desktop.input.guarded_injector import GuardedInjector
from understudy.worlds.desktop.input.key_grabs import KeyGrabs, NoKeyGrabs
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.raw_input import OnEvent, RawInputListener
from understudy.worlds.desktop.windows.window_system import WindowSystem

_log = logging.getLogger(__name__)


def open_windows() -> WindowSystem:
    """Opens the platform's window system.

    Raises:
        WorldError: if there is no display.
        MissingExtraError: if the platform's package is missing.
    """
    if sys.platform == "win32":
        from understudy.worlds.desktop.windows.win32_windows import Win32Windows

        return Win32Windows()
    elif sys.platform == "darwin":
        try:
            from understudy.worlds.desktop.windows.quartz_windows import QuartzWindows
        except ImportError as missing:
            raise MissingExtraError("pyobjc-framework-Quartz", "desktop") from missing
        return QuartzWindows()
    else:
        try:
            from understudy.worlds.desktop.windows.x11_windows import X11Windows
        except ImportError as missing:
            raise MissingExtraError("python-xlib", "desktop") from missing
        return X11Windows()


def open_key_grabs() -> KeyGrabs:
    """Opens the platform's key grabs; on macOS there are none. Open it before the listener.

    Raises:
        WorldError: if there is no display.
        MissingExtraError: if the platform's package is missing.
    """
    if sys.platform == "win32":
        from understudy.worlds.desktop.input.win32_key_hook import Win32KeyHook

        return Win32KeyHook()
    elif sys.platform == "darwin":
        return NoKeyGrabs()
    else:
        try:
            from understudy.worlds.desktop.input.x11_key_grabs import X11KeyGrabs
        except ImportError as missing:
            raise MissingExtraError("python-xlib", "desktop") from missing
        return X11KeyGrabs()


def open_camera() -> Camera:
    """Opens the fastest installed screen capture of the platform.

    Raises:
        MissingExtraError: if the platform's package is missing.
        WorldError: if there is no screen.
    """
    if sys.platform == "win32":
        try:
            from understudy.worlds.desktop.capture.dxcam_camera import DxcamCamera
        except ImportError:
            _log.info("capturing through mss; quicker:  pip install 'understudy[windows]'")
        else:
            return DxcamCamera()
    return MssCamera()


def open_raw_listener(keys: Sequence[str], own_events: OwnEventFilter, on_event: OnEvent) -> RawInputListener:
    """Starts a listener of mouse and keyboard events.

    Args:
        keys: names of the keys to report; all other keys are ignored.
        own_events: recognises the events that we sent.
        on_event: called for each event, on the listener's thread.

    Raises:
        WorldError: if there is no display, or it does not let programs listen to input.
        MissingExtraError: if the platform's package is missing.
    """
    if sys.platform == "win32" or sys.platform == "darwin":
        try:
            from understudy.worlds.desktop.input.pynput_listener import PynputListener
        except ImportError as missing:
            raise MissingExtraError("pynput", "desktop") from missing
        return PynputListener(keys, own_events, on_event)
    else:
        try:
            from understudy.worlds.desktop.input.x11_listener import X11Listener
        except ImportError as missing:
            raise MissingExtraError("python-xlib", "desktop") from missing
        return X11Listener(keys, own_events, on_event)


def open_injector() -> GuardedInjector:
    """Opens the platform's input injector; nothing can be pressed by it before it has a guard.

    Raises:
        WorldError: if there is no display, or it does not let programs inject input.
        MissingExtraError: if the platform's package is missing.
    """
    if sys.platform == "win32" or sys.platform == "darwin":
        try:
            from understudy.worlds.desktop.input.pynput_injector import PynputInjector
        except ImportError as missing:
            raise MissingExtraError("pynput", "desktop") from missing
        return GuardedInjector(PynputInjector())
    else:
        try:
            from understudy.worlds.desktop.input.x11_injector import X11Injector
        except ImportError as missing:
            raise MissingExtraError("python-xlib", "desktop") from missing
        return GuardedInjector(X11Injector())
