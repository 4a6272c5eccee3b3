"""Sends actions to the game's window, only while it has the focus and shows the game."""

from collections.abc import Callable

import numpy as np

from understudy.worlds.desktop.input.input_controller import InputController
from understudy.worlds.desktop.input.input_state import InputState
from understudy.worlds.desktop.windows.target_window import TargetWindow


class ActionSender:
    """Sends actions through an InputController. Belongs to the control thread; the owner closes the controller."""

    def __init__(
        self, controller: InputController, place: TargetWindow, input_state: InputState, clock: Callable[[], float]
    ) -> None:
        """Args:
        controller: of the real mouse and keyboard.
        place: the game's window.
        input_state: receives every change that was sent.
        clock: monotonic seconds.
        """
        self._controller, self._place, self._input_state, self._clock = controller, place, input_state, clock

    def send(self, action: np.void) -> None:
        """Sets cursor, button and keys to those of an action.

        Without the focus, or with another page's title, it sends no new press and releases everything held. Presses
        refused by the controller's guard are not sent.

        Args:
            action: a record of dtype ACTION.
        """
        controller, area = self._controller, self._place.area
        pixel = area.pixel(float(action["cursor_x"]), float(action["cursor_y"]))
        button, keys = int(action["button"]), int(action["keys"])
        before = controller.down
        fresh = set(controller.held_inputs(button, keys)) - before
        if fresh and not self._place.is_the_game:
            self.release()  # the held inputs were meant for the game, too
            return
        clicks = controller.send(pixel, button, keys)
        if not controller.is_stopped:
            self._input_state.moved(area.fractions(*pixel), self._clock())
        self._input_state.turned(before ^ controller.down, controller.down, self._clock())
        self._input_state.scrolled(clicks, self._clock())

    def release(self) -> None:
        """Releases all buttons and keys."""
        before = self._controller.down
        if not before:
            return
        self._controller.release()
        self._input_state.moved(self._place.area.fractions(*self._controller.pixel), self._clock())
        self._input_state.turned(before, frozenset(), self._clock())
