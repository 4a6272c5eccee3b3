"""Captures on Windows through the desktop duplication API (dxcam): no copy through the CPU's drawing, and each picture
is taken once. Written by its documentation and not run by us: nothing of ours could be run on Windows.
"""

import time
from typing import Any

import dxcam
import numpy as np

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.capture.screen_capture import Frame, MssCamera
from understudy.worlds.desktop.windows.window_system import Area

_PATIENCE_S = 1.0


class DxcamCamera:
    """Implements Camera. One duplication per monitor, opened when it is first looked at."""

    def __init__(self) -> None:
        """Raises:
        WorldError: if there is no screen.
        """
        self._layout = MssCamera()  # knows where the monitors are
        self._cameras: dict[int, Any] = {}
        self._last: tuple[Area, Frame] | None = None

    def grab(self, area: Area) -> Frame:
        """What the screen shows now in an area. Desktop duplication gives a picture only when something has changed:
        without one, the last is still true, and its time is now.

        Raises:
            WorldError: if the area is not on one monitor or nothing comes.
        """
        number, monitor = self._monitor_of(area)
        left, top = area.left - monitor.left, area.top - monitor.top
        region = (left, top, left + area.width, top + area.height)
        until_s = time.monotonic() + _PATIENCE_S
        while True:
            picture = self._camera(number).grab(region=region)
            now_s = time.monotonic()
            if picture is not None:
                self._last = (area, Frame(np.ascontiguousarray(picture), now_s))
                return self._last[1]
            if self._last is not None and self._last[0] == area:
                return Frame(self._last[1].pixels.copy(), now_s)
            if now_s > until_s:
                raise WorldError(f"Windows gives no picture of the screen at {area}: is the monitor on?")
            time.sleep(0.005)

    def monitors(self) -> tuple[Area, ...]:
        """The monitors; the first is number 1."""
        return self._layout.monitors()

    def close(self) -> None:
        """Ends it. May be called twice."""
        for camera in self._cameras.values():
            camera.release()
        self._cameras.clear()
        self._layout.close()

    def _camera(self, number: int) -> Any:
        if number not in self._cameras:
            self._cameras[number] = dxcam.create(output_idx=number, output_color="RGB")
        return self._cameras[number]

    def _monitor_of(self, area: Area) -> tuple[int, Area]:
        for number, monitor in enumerate(self._layout.monitors()):
            if monitor.covers(area):
                return number, monitor
        raise WorldError(f"The window at {area} lies on no one monitor as a whole: move it onto one")
