"""What mouse and keyboard do at a game, tick by tick: the person's hands alone, and together with our own."""

import numpy as np
from jaxtyping import Float32

from understudy.contract.action import Action
from understudy.contract.observation import Button
from understudy.contract.profile import Profile
from understudy.worlds.desktop.input.raw_input import RawInput
from understudy.worlds.desktop.windows.window_system import Area
from understudy.worlds.input_accumulator import InputAccumulator

_BUTTONS = {"left": Button.LEFT, "right": Button.RIGHT}


class InputState:
    """Keeps account of both. Belongs to the thread that plays."""

    def __init__(self, profile: Profile, place: Float32[np.ndarray, " 2"]) -> None:
        """Args:
        profile: names the keys.
        place: of the cursor now, in window fractions.
        """
        self.person, self._everybody = InputAccumulator(profile), InputAccumulator(profile)
        """The person's alone: what is recorded."""
        for hands in (self.person, self._everybody):
            hands.rest(place)
        self._bits = {name: profile.key_bit(name) for name in profile.keys}

    def hear(self, heard: RawInput, area: Area, *, presses: bool = True) -> None:
        """Takes in one event; our own are known since they were sent.

        Args:
            heard: the event.
            area: where the game is now.
            presses: whether what goes down counts.
        """
        if heard.own or (heard.kind == "press" and not presses):
            return
        for hands in (self._everybody, self.person):
            self._feel(hands, heard, area)

    def end_tick(self) -> Action:
        """What was done in the tick, by whomever; the observation tells it."""
        done = self._everybody.end_tick()
        self._everybody.take_inputs()  # only the person's are recorded
        return done

    def moved(self, place: Float32[np.ndarray, " 2"], time_s: float) -> None:
        """We have moved the cursor."""
        self._everybody.move(place, time_s)

    def turned(self, turned: frozenset[tuple[str, str]], down: frozenset[tuple[str, str]], time_s: float) -> None:
        """What we press is in the observation too, from the moment it is sent and not only when it is heard.

        Args:
            turned: what we have pressed or let go of, in the words of the reins.
            down: what we hold now.
            time_s: now.
        """
        hands = self._everybody
        for what in sorted(turned):
            kind, code = what
            if kind == "button":
                hands.turn_button(_BUTTONS[code], down=what in down, place=hands.cursor, time_s=time_s)
            else:
                hands.turn_key(self._bits[code], down=what in down, time_s=time_s)

    def _feel(self, hands: InputAccumulator, heard: RawInput, area: Area) -> None:
        place = area.fractions(heard.x, heard.y)
        if heard.kind == "move":
            hands.move(place, heard.time_s)
        elif heard.code in _BUTTONS:
            down = heard.kind == "press"
            if not down or area.contains(heard.x, heard.y):
                hands.turn_button(_BUTTONS[heard.code], down=down, place=place, time_s=heard.time_s)
        elif heard.code in self._bits:
            hands.turn_key(self._bits[heard.code], down=heard.kind == "press", time_s=heard.time_s)
