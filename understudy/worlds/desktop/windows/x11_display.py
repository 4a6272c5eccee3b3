"""One connection to the X server, or one clear sentence about why there is none."""

import os

from Xlib import display, error, xauth

from understudy.contract.errors import WorldError


def open_display() -> display.Display:
    """A connection of its own to the X server that DISPLAY names; belongs to one thread.

    Raises:
        WorldError: if there is none.
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
            f"The X display {name} cannot be reached ({problem}): is it running, is it yours?"
        ) from problem
    _say_when_gone(opened, name)
    return opened


def _say_when_gone(opened: display.Display, name: str) -> None:
    """Every later use of a connection that the server has closed raises one clear sentence: python-xlib raises what it
    keeps as the connection's error, from wherever that is noticed."""
    connection = opened.display
    close = connection.close_internal

    def close_and_say(whom: str) -> None:
        close(whom)
        if whom != "client":
            connection.socket_error = WorldError(f"The X display {name} is gone: it was closed, or you were logged out")

    connection.close_internal = close_and_say


def _is_wayland() -> bool:
    return bool(os.environ.get("WAYLAND_DISPLAY")) or os.environ.get("XDG_SESSION_TYPE") == "wayland"
