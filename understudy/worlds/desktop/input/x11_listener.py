"""Mouse and keyboard listener on X11 through the RECORD extension, with the server's times as monotonic times.

The server stamps each event with its millisecond counter; the offset to our monotonic clock is measured once. Events
are unpacked with `struct`: python-xlib's parser takes a hundred times as long, too slow for a mouse at 1000 Hz.
"""

import logging
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Any

from Xlib import XK, X, Xatom
from Xlib.display import Display
from Xlib.ext import record

from understudy.contract.errors import WorldError
from understudy.contract.profile import WHEEL
from understudy.contract.protocols import event_code
from understudy.worlds.desktop.input.key_names import x11_keysyms
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.raw_input import LOST, OnEvent, RawInput
from understudy.worlds.desktop.windows.x11_display import open_display

_EVENT = struct.Struct("=BBHIIIIhhhhHBx")
"""One X device event: kind, detail, -, time, -, -, -, root x, root y, ...; 32 bytes in native byte order."""
_KINDS = {X.KeyPress: "press", X.KeyRelease: "release", X.ButtonPress: "press", X.ButtonRelease: "release"}
_BUTTONS = {1: "left", 2: "middle", 3: "right"}
_WHEEL = {4: "wheel_up", 5: "wheel_down"}
_PROBES = 5
_PATIENCE_S = 10.0

_log = logging.getLogger(__name__)


class X11Listener:
    """Implements RawInputListener."""

    def __init__(self, keys: Sequence[str], own_events: OwnEventFilter, on_event: OnEvent) -> None:
        """Starts listening; returns once the server sends events.

        Raises:
            WorldError: if there is no X server, or its RECORD extension is missing or does not work.
        """
        with ExitStack() as undo:
            self._control = open_display()
            undo.callback(self._control.close)
            self._data = open_display()
            undo.callback(self._data.close)
            if not self._control.has_extension("RECORD"):
                raise WorldError(
                    "This X server has no RECORD extension, so mouse and keyboard cannot be read: use another X server"
                )
            self._names = _names_by_code(self._control, [key for key in keys if key not in WHEEL])
            self._buttons = _BUTTONS | {number: name for number, name in _WHEEL.items() if name in keys}
            self._server_ms, self._at_s = _server_clock(self._control)
            self._context = self._data.record_create_context(0, [record.AllClients], [_WANTED])
            undo.pop_all()
        self._own_events, self._on_event = own_events, on_event
        self._down: set[tuple[str, int]] = set()
        self._started, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._listen, name="x11-listener", daemon=True)
        self._thread.start()
        if not self._started.wait(_PATIENCE_S):
            self.close()
            raise WorldError("The X server does not send the events of mouse and keyboard: its RECORD does not work")

    def close(self) -> None:
        """Stops listening and joins the thread. May be called twice."""
        if self._closed:
            return
        self._closed = True
        with suppress(WorldError):  # the display is gone, and the thread has ended with it
            self._control.record_disable_context(self._context)
            self._control.flush()
        self._thread.join(_PATIENCE_S)
        with suppress(WorldError):
            self._control.close()

    def _listen(self) -> None:
        try:
            self._data.record_enable_context(self._context, self._on_reply)
            self._data.record_free_context(self._context)
            self._data.close()
        except Exception as problem:
            if self._closed:
                return
            if not isinstance(problem, WorldError):
                _log.exception("mouse and keyboard are no longer heard")
            self._on_event(RawInput(time.perf_counter(), LOST, "", 0, 0, own=False))

    def _on_reply(self, reply: Any) -> None:
        if reply.category == record.StartOfData:
            self._started.set()
        if reply.category != record.FromServer or reply.client_swapped:
            return
        for kind, detail, _, time_ms, _, _, _, x, y, *_ in _EVENT.iter_unpack(
            reply.data[: len(reply.data) // _EVENT.size * _EVENT.size]
        ):
            self._on_input(kind & 0x7F, detail, time_ms, x, y)

    def _on_input(self, kind: int, detail: int, time_ms: int, x: int, y: int) -> None:
        time_s = self._monotonic(time_ms)
        if kind == X.MotionNotify:
            self._on_event(RawInput(time_s, "move", "", x, y, self._own_events.claim(("move", "", x, y), time_s)))
        elif kind in _KINDS:
            names = self._buttons if kind in (X.ButtonPress, X.ButtonRelease) else self._names
            name, kind_name = names.get(detail), _KINDS[kind]
            if name is not None and self._is_change(name, detail, kind_name):
                self._on_event(
                    RawInput(time_s, kind_name, name, x, y, self._own_events.claim((kind_name, name, 0, 0), time_s))
                )

    def _is_change(self, name: str, detail: int, kind_name: str) -> bool:
        """Whether a button or key changes state: filters key repeat, and treats both keys of a modifier as one."""
        was_down = any(held == name for held, _ in self._down)
        if kind_name == "press":
            self._down.add((name, detail))
            return not was_down
        self._down.discard((name, detail))
        return was_down and all(held != name for held, _ in self._down)

    def _monotonic(self, time_ms: int) -> float:
        """Converts a server time to monotonic seconds; the server's counter wraps around every 49.7 days."""
        passed_ms = (time_ms - self._server_ms + 2**31) % 2**32 - 2**31
        time_s = self._at_s + passed_ms / 1000.0
        now_s = time.perf_counter()
        if now_s - time_s > 2**31 / 1000.0:  # no event for more than 24 days: recalibrate from this event
            self._server_ms, self._at_s, time_s = time_ms, now_s, now_s
        return min(time_s, now_s)


_WANTED = {
    "core_requests": (0, 0),
    "core_replies": (0, 0),
    "ext_requests": (0, 0, 0, 0),
    "ext_replies": (0, 0, 0, 0),
    "delivered_events": (0, 0),
    "device_events": (X.KeyPress, X.MotionNotify),
    "errors": (0, 0),
    "client_started": False,
    "client_died": False,
}


def _names_by_code(display: Display, keys: Sequence[str]) -> dict[int, str]:
    """Maps the server's key codes to the event codes of the keys to report."""
    found: dict[int, str] = {}
    for name in keys:
        for keysym in x11_keysyms(name):
            for code, _ in display.keysym_to_keycodes(XK.string_to_keysym(keysym)):
                found.setdefault(code, event_code(name))
    return found


def _server_clock(display: Display) -> tuple[int, float]:
    """Returns a server time and the monotonic time of the same moment, from the shortest of a few round trips.

    Appending zero bytes to a property of our own window makes the server send an event with its time.
    """
    window = display.screen().root.create_window(
        0, 0, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask, override_redirect=True
    )
    best: tuple[float, int, float] | None = None
    for _ in range(_PROBES):
        began_s = time.perf_counter()
        window.change_property(Xatom.WM_NAME, Xatom.STRING, 8, b"", X.PropModeAppend)
        display.flush()
        event = display.next_event()
        while event.type != X.PropertyNotify:
            event = display.next_event()
        ended_s = time.perf_counter()
        if best is None or ended_s - began_s < best[0]:
            # the server's counter is truncated to whole milliseconds: on average 0.5 ms have passed since
            best = (ended_s - began_s, event.time, (began_s + ended_s) / 2 - 0.0005)
    window.destroy()
    assert best is not None
    return best[1], best[2]
