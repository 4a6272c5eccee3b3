"""The person at the window as a Pilot: decides what his hands did by the end of the tick."""

import numpy as np
from jaxtyping import UInt64

from understudy.contract.intent import no_intent
from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision
from understudy.worlds.simulator.window import GameWindow


class WindowPerson:
    """Plays through the mouse and keyboard of one `GameWindow`."""

    def __init__(self, window: GameWindow) -> None:
        self._window = window
        window.person_plays = True

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """A person remembers by himself."""
        assert len(seeds) == 1
        return None

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Returns when the tick is over, with what was done in it."""
        self._window.pass_tick()
        return Decision(self._window.hands.end_tick(), no_intent(1), carry)
