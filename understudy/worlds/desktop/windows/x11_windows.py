"""Windows on X11 through python-xlib: from the window manager's client list, or else from the window tree."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from Xlib import X, Xatom, error
from Xlib.xobject.drawable import Window

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.windows.window_system import Area
from understudy.worlds.desktop.windows.x11_display import open_display

_GONE = (error.BadWindow, error.BadDrawable, error.BadMatch)
P = ParamSpec("P")
T = TypeVar("T")
LOCK_PATIENCE_S = 2.0
"""Seconds for which a thread waits for another one's question to the display."""
_DEEPEST = 4
"""Depth to which the window tree is searched for titles without a window manager's list."""


def _one_at_a_time(method: Callable[Concatenate["X11Windows", P], T]) -> Callable[Concatenate["X11Windows", P], T]:
    """Lets one thread at a time ask the display: a thread that waits for its answer in python-xlib while another one
    reads it waits forever. A stop asks from the listener's thread, while the game is looked at."""

    @wraps(method)
    def alone(self: "X11Windows", /, *arguments: P.args, **named: P.kwargs) -> T:
        if not self._lock.acquire(timeout=LOCK_PATIENCE_S):
            raise WorldError("The X server does not answer")
        try:
            return method(self, *arguments, **named)
        finally:
            self._lock.release()

    return alone


class X11Windows:
    """The windows of one X screen. Implements WindowSystem; any thread may ask, one at a time."""

    def __init__(self) -> None:
        """Raises:
        WorldError: if there is no X server.
        """
        self._lock = threading.RLock()
        self._display = open_display()
        self._root: Window = self._display.screen().root
        self._atoms = {
            name: self._display.intern_atom(name)
            for name in ("_NET_CLIENT_LIST", "_NET_WM_NAME", "_NET_ACTIVE_WINDOW", "UTF8_STRING")
        }
        self._closed = False

    @_one_at_a_time
    def titles(self) -> dict[int, str]:
        """Returns all visible windows that have a title."""
        listed = self._property(self._root, "_NET_CLIENT_LIST")
        windows = [self._window(number) for number in listed] if listed else self._below(self._root, _DEEPEST)
        found: dict[int, str] = {}
        for window in windows:
            try:
                title = self._title(window)
                if title and window.get_attributes().map_state == X.IsViewable:
                    found[window.id] = title
            except _GONE:  # closed in the meantime
                continue
        return found

    @_one_at_a_time
    def title(self, window: int) -> str:
        """Returns the present title of a window; empty when it has none or is gone."""
        try:
            return self._title(self._window(window))
        except _GONE:
            return ""

    @_one_at_a_time
    def program(self, window: int) -> str:
        """Returns the window's class (WM_CLASS), in lower case; empty when unknown."""
        try:
            named = self._window(window).get_wm_class()
        except _GONE:
            return ""
        return "" if not named else str(named[-1]).lower()

    def input_obstacle(self, window: int) -> str:
        """Returns nothing: X11 takes injected input for every window."""
        return ""

    @_one_at_a_time
    def has_popup(self, window: int, area: Area) -> bool:
        """Whether a menu, bubble or dialog of the window's own program lies over an area of it.

        It is one when it was made by the same client of the X server, or is declared transient for the window.
        """
        line = self._ancestry(self._window(window))
        for above in reversed(self._root.query_tree().children):  # the topmost child is the last
            if above.id in line:
                return False
            if self._belongs_to(above, window) and self._lies_over(above, area):
                return True
        return False

    @_one_at_a_time
    def area(self, window: int) -> Area | None:
        """Returns the content area of a window; None when it is gone or hidden."""
        try:
            found = self._window(window)
            if found.get_attributes().map_state != X.IsViewable:
                return None
            size = found.get_geometry()
            place = found.translate_coords(self._root, 0, 0)
        except _GONE:
            return None
        return Area(left=-place.x, top=-place.y, width=size.width, height=size.height)

    @_one_at_a_time
    def has_focus(self, window: int) -> bool:
        """Whether this window has the keyboard focus. Without a window manager the focus may follow the pointer; the
        window then counts as focused while nothing covers its middle."""
        active = self._property(self._root, "_NET_ACTIVE_WINDOW")
        if active:
            return int(active[0]) == window
        focus = self._display.get_input_focus().focus
        if not hasattr(focus, "id"):  # X.NONE or X.PointerRoot
            area = self.area(window)
            middle = None if area is None else area.pixel(0.5, 0.5)
            return focus == X.PointerRoot and middle is not None and self.is_uppermost(window, *middle)
        return window in self._ancestry(focus)

    @_one_at_a_time
    def is_uppermost(self, window: int, x: int, y: int) -> bool:
        """Whether this window is the topmost one at a pixel."""
        try:
            line = self._ancestry(self._window(window))
            for level in self._root.query_tree().children[::-1]:  # the topmost child is the last
                if self._shows(level, x, y):
                    return level.id in line
        except _GONE:
            return False
        return False

    @_one_at_a_time
    def desktop(self) -> Area:
        """Returns the whole desktop, all monitors together."""
        size = self._root.get_geometry()
        return Area(left=0, top=0, width=size.width, height=size.height)

    def close(self) -> None:
        """Closes the connection. May be called twice."""
        if not self._closed:
            self._closed = True
            with suppress(WorldError):  # the display is gone
                self._display.close()

    def _window(self, number: int) -> Window:
        return self._display.create_resource_object("window", number)

    def _shows(self, window: Window, x: int, y: int) -> bool:
        return self._lies_over(window, Area(left=x, top=y, width=1, height=1))

    def _lies_over(self, window: Window, area: Area) -> bool:
        """Whether a child of the root is visible and shares a pixel with an area."""
        try:
            attributes = window.get_attributes()
            if attributes.map_state != X.IsViewable or attributes.win_class == X.InputOnly:
                return False
            size = window.get_geometry()
        except _GONE:
            return False
        return Area(left=size.x, top=size.y, width=size.width, height=size.height).overlaps(area)

    def _belongs_to(self, window: Window, owner: int) -> bool:
        own_ids = ~self._display.display.info.resource_id_mask
        if window.id & own_ids == owner & own_ids:
            return True
        try:
            transient_for = window.get_wm_transient_for()
        except _GONE:
            return False
        return transient_for is not None and bool(transient_for.id == owner)

    def _ancestry(self, window: Window) -> set[int]:
        """Returns a window and its ancestors, without the root."""
        line: set[int] = set()
        try:
            while window and window.id != self._root.id:
                line.add(window.id)
                window = window.query_tree().parent
        except _GONE:
            pass
        return line

    def _below(self, window: Window, depth: int) -> list[Window]:
        try:
            children = window.query_tree().children
        except _GONE:
            return []
        deeper = [below for child in children for below in self._below(child, depth - 1)] if depth > 1 else []
        return [*children, *deeper]

    def _title(self, window: Window) -> str:
        named = window.get_full_property(self._atoms["_NET_WM_NAME"], self._atoms["UTF8_STRING"])
        if named is None:
            named = window.get_full_property(Xatom.WM_NAME, X.AnyPropertyType)
        if named is None:
            return ""
        return named.value if isinstance(named.value, str) else bytes(named.value).decode("utf-8", "replace")

    def _property(self, window: Window, name: str) -> list[int]:
        found = window.get_full_property(self._atoms[name], X.AnyPropertyType)
        return [] if found is None else [int(number) for number in found.value if number]
