"""Mouse and keyboard state per tick: the person's inputs alone, and the person's together with our own."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from understudy.contract.action import Action
from understudy.contract.observation import BUTTONS_BY_NAME
from understudy.contract.profile import WHEEL, Profile
from understudy.contract.protocols import event_code
from understudy.worlds.desktop.input.raw_input import RawInput
from understudy.worlds.desktop.windows.window_system import Area
from understudy.worlds.input_accumulator import InputAccumulator


class InputState:
    """Accumulates the person's inputs and all inputs. Belongs to the control thread."""

    def __init__(self, profile: Profile, place: Float32[np.ndarray, " 2"]) -> None:
        """Args:
        profile: gives the keys and their bits.
        place: present cursor position, window fractions.
        """
        self.person, self._all_inputs = InputAccumulator(profile), InputAccumulator(profile)
        """The person's inputs alone, which are recorded."""
        for accumulator in (self.person, self._all_inputs):
            accumulator.rest(place)
        self._bits = {event_code(name): profile.key_bit(name) for name in profile.keys}

    def hear(self, heard: RawInput, area: Area, *, presses: bool = True) -> None:
        """Adds one event of the person; our own events were added when they were sent.

        Args:
            heard: the event.
            area: the game's window now.
            presses: whether presses count.
        """
        if heard.own or (heard.kind == "press" and not presses):
            return
        for accumulator in (self._all_inputs, self.person):
            self._accumulate(accumulator, heard, area)

    def end_tick(self) -> Action:
        """Ends the tick; returns the action of all inputs, which goes into the observation."""
        done = self._all_inputs.end_tick()
        self._all_inputs.take_inputs()  # discarded: only the person's events are recorded
        return done

    def moved(self, place: Float32[np.ndarray, " 2"], time_s: float) -> None:
        """Adds a move of the cursor that we sent, window fractions."""
        self._all_inputs.move(place, time_s)

    def turned(self, turned: frozenset[tuple[str, str]], down: frozenset[tuple[str, str]], time_s: float) -> None:
        """Adds our own presses and releases, so that the observation has them from the moment they are sent.

        Args:
            turned: inputs that we have pressed or released, in the form of `InputController.down`.
            down: inputs that we hold now, in the same form.
            time_s: now, monotonic.
        """
        accumulator = self._all_inputs
        for what in sorted(turned):
            kind, code = what
            if kind == "button":
                accumulator.turn_button(
                    BUTTONS_BY_NAME[code], down=what in down, place=accumulator.cursor, time_s=time_s
                )
            else:
                accumulator.turn_key(self._bits[event_code(code)], down=what in down, time_s=time_s)

    def scrolled(self, clicks: Sequence[str], time_s: float) -> None:
        """Adds clicks of the wheel that we sent, by their key names."""
        for name in clicks:
            for down in (True, False):
                self._all_inputs.turn_key(self._bits[event_code(name)], down=down, time_s=time_s)

    def _accumulate(self, accumulator: InputAccumulator, heard: RawInput, area: Area) -> None:
        place = area.fractions(heard.x, heard.y)
        if heard.kind == "move":
            accumulator.move(place, heard.time_s)
        elif heard.code in BUTTONS_BY_NAME:
            down = heard.kind == "press"
            if not down or area.contains(heard.x, heard.y):
                accumulator.turn_button(BUTTONS_BY_NAME[heard.code], down=down, place=place, time_s=heard.time_s)
        elif heard.code in self._bits:
            if heard.code in WHEEL and not area.contains(heard.x, heard.y):
                return
            accumulator.turn_key(self._bits[heard.code], down=heard.kind == "press", time_s=heard.time_s)
