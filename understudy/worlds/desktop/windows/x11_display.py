"""Opens a connection to the X server; every failure becomes a WorldError of one sentence."""

import os

from Xlib import display, error, xauth

from understudy.contract.errors import WorldError


def open_display() -> display.Display:
    """Opens a new connection to the X server of DISPLAY; belongs to one thread.

    Raises:
        WorldError: if DISPLAY is not set or its server cannot be reached.
    """
    name = os.environ.get("DISPLAY", "")
    if not name:
        wayland = " This session is Wayland: start the game under an X11 session." if _is_wayland() else ""
        raise WorldError(
            f"There is no X display (DISPLAY is not set), so the desktop cannot be seen: use a terminal "
            f"of the desktop, or name its display, such as  DISPLAY=:0 .{wayland}"
        )
    try:
        opened = display.Display(name)
    except (error.DisplayError, error.XauthError, xauth.error.XauthError, OSError) as problem:
        raise WorldError(
            f"The X display {name} cannot be reached ({problem}): is it running, and may you use it?"
        ) from problem
    _raise_when_gone(opened, name)
    return opened


def _raise_when_gone(opened: display.Display, name: str) -> None:
    """Makes every later use of a connection that the server closed raise a WorldError: python-xlib raises the
    connection's stored `socket_error` on each use."""
    connection = opened.display
    close = connection.close_internal

    def close_with_error(whom: str) -> None:
        close(whom)
        if whom != "client":
            connection.socket_error = WorldError(f"The X display {name} is gone: it was closed, or you were logged out")

    connection.close_internal = close_with_error


def _is_wayland() -> bool:
    return bool(os.environ.get("WAYLAND_DISPLAY")) or os.environ.get("XDG_SESSION_TYPE") == "wayland"
