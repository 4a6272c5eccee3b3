"""Screen capture on Windows through the Desktop Duplication API (dxcam), which avoids the copy through GDI.

Written from its documentation and untested: we had no Windows machine.
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
    """Implements Camera with one duplication per monitor, opened at first use."""

    def __init__(self) -> None:
        """Raises:
        WorldError: if there is no screen.
        """
        self._layout = MssCamera()  # for the monitors' positions
        self._cameras: dict[int, Any] = {}
        self._last: tuple[Area, Frame] | None = None

    def grab(self, area: Area) -> Frame:
        """Captures an area. Desktop duplication returns a frame only when the screen has changed; without a new one,
        the last frame is still valid and is returned with the present time.

        Raises:
            WorldError: if the area is not on one monitor, or no frame arrives within a second.
        """
        number, monitor = self._monitor_of(area)
        left, top = area.left - monitor.left, area.top - monitor.top
        region = (left, top, left + area.width, top + area.height)
        until_s = time.perf_counter() + _PATIENCE_S
        while True:
            picture = self._camera(number).grab(region=region)
            now_s = time.perf_counter()
            if picture is not None:
                self._last = (area, Frame(np.ascontiguousarray(picture), now_s))
                return self._last[1]
            if self._last is not None and self._last[0] == area:
                return Frame(self._last[1].pixels.copy(), now_s)
            if now_s > until_s:
                raise WorldError(
                    f"Windows returned no frame of the screen at {area} within {_PATIENCE_S:g} s: is the monitor on?"
                )
            time.sleep(0.005)

    def monitors(self) -> tuple[Area, ...]:
        """Returns all monitors; the first is number 1."""
        return self._layout.monitors()

    def close(self) -> None:
        """Releases the duplications. May be called twice."""
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
        raise WorldError(
            f"The window at {area} spans several monitors or lies partly off the screen: move it onto one monitor"
        )
