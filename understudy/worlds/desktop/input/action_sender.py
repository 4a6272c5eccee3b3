"""From a decision to the game: inside its window only, with the focus, and not on what lies over it."""

from collections.abc import Callable

import numpy as np

from understudy.worlds.desktop.input.input_controller import Reins
from understudy.worlds.desktop.input.input_state import Felt
from understudy.worlds.desktop.windows.target_window import Place


class Sender:
    """Sends through the reins. Belongs to the thread that plays; the reins are its owner's to close."""

    def __init__(self, reins: Reins, place: Place, felt: Felt, clock: Callable[[], float]) -> None:
        """Args:
        reins: to the real mouse and keyboard.
        place: where the game is.
        felt: is told what was done.
        clock: monotonic seconds.
        """
        self._reins, self._place, self._felt, self._clock = reins, place, felt, clock
        self.num_covered = 0
        """Presses that were not made because another window lay over the place."""

    @property
    def holds(self) -> bool:
        """Whether something is down."""
        return bool(self._reins.down)

    def send(self, wished: np.void) -> None:
        """Makes mouse and keyboard so.

        Args:
            wished: a record of dtype ACTION.
        """
        reins, area = self._reins, self._place.area
        pixel = area.pixel(float(wished["cursor_x"]), float(wished["cursor_y"]))
        button, keys = int(wished["button"]), int(wished["keys"])
        before = reins.down
        fresh = set(reins.wanted(button, keys)) - before
        if fresh and not self._place.has_focus:
            self.release()  # what is held was meant for the game, too
            return
        if any(kind == "button" for kind, _ in fresh) and not self._place.is_free(pixel):
            self.num_covered += 1
            button = 0
        reins.send(pixel, button, keys)
        if not reins.is_stopped:
            self._felt.moved(area.fractions(*pixel), self._clock())
        self._felt.turned(before ^ reins.down, reins.down, self._clock())

    def release(self) -> None:
        """Lets go of everything."""
        before = self._reins.down
        self._reins.release()
        self._felt.turned(before, frozenset(), self._clock())
