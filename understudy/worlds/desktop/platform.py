"""What this platform offers: its windows, its screen capture, its input listener and its input injector.

Imports the backend of the platform only when it is opened.
"""

import logging
import sys
from collections.abc import Sequence

from understudy.contract.errors import MissingExtraError
from understudy.worlds.desktop.capture.screen_capture import Camera, MssCamera
from understudy.worlds.desktop.input.input_injector import InputInjector
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.raw_input import Hear, RawInputListener
from understudy.worlds.desktop.windows.window_system import WindowSystem

_log = logging.getLogger(__name__)


def open_windows() -> WindowSystem:
    """The windows of the platform that this runs on.

    Raises:
        WorldError: if there is no display.
        MissingExtraError: if the platform's package is missing.
    """
    if sys.platform == "win32":
        from understudy.worlds.desktop.windows.win32_windows import Win32Windows

        return Win32Windows()
    if sys.platform == "darwin":
        try:
            from understudy.worlds.desktop.windows.quartz_windows import QuartzWindows
        except ImportError as missing:
            raise MissingExtraError("pyobjc-framework-Quartz", "desktop") from missing
        return QuartzWindows()
    try:
        from understudy.worlds.desktop.windows.x11_windows import X11Windows
    except ImportError as missing:
        raise MissingExtraError("python-xlib", "desktop") from missing
    return X11Windows()


def open_camera() -> Camera:
    """The fastest camera that this platform has and that is installed.

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


def open_raw_listener(keys: Sequence[str], own_events: OwnEventFilter, hear: Hear) -> RawInputListener:
    """Begins to hear.

    Args:
        keys: names of the keys that matter; what else is typed is not looked at.
        own_events: what we send ourselves.
        hear: is called for each event.

    Raises:
        WorldError: if there is no display, or it does not let programs hear.
        MissingExtraError: if the platform's package is missing.
    """
    if sys.platform == "win32" or sys.platform == "darwin":
        try:
            from understudy.worlds.desktop.input.pynput_listener import PynputWatcher
        except ImportError as missing:
            raise MissingExtraError("pynput", "desktop") from missing
        return PynputWatcher(keys, own_events, hear)
    try:
        from understudy.worlds.desktop.input.x11_listener import X11Watcher
    except ImportError as missing:
        raise MissingExtraError("python-xlib", "desktop") from missing
    return X11Watcher(keys, own_events, hear)


def open_injector() -> InputInjector:
    """The input injector of the platform that this runs on.

    Raises:
        WorldError: if there is no display, or it does not let programs act.
        MissingExtraError: if the platform's package is missing.
    """
    if sys.platform == "win32" or sys.platform == "darwin":
        try:
            from understudy.worlds.desktop.input.pynput_injector import PynputPointer
        except ImportError as missing:
            raise MissingExtraError("pynput", "desktop") from missing
        return PynputPointer()
    try:
        from understudy.worlds.desktop.input.x11_injector import X11Pointer
    except ImportError as missing:
        raise MissingExtraError("python-xlib", "desktop") from missing
    return X11Pointer()
