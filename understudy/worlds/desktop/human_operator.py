"""The person at a game on the screen: at the seat beside a policy, or playing alone.

F1 pauses, F2 marks that the policy was wrong, F3 stops; these keys are heard wherever they are pressed, and the game
hears them too, for they are not taken away from it.
"""

import time
from collections.abc import Callable

import numpy as np
from jaxtyping import UInt64

from understudy.contract.action import Action
from understudy.contract.intent import no_intent
from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision, InputEvent
from understudy.worlds.desktop.input.input_listener import InputListener
from understudy.worlds.desktop.input.raw_input import RawInput
from understudy.worlds.desktop.world import DesktopWorld

PAUSE_KEY, WRONG_KEY = "f1", "f2"
MARK, WRONG = "mark", "wrong"


class DesktopOperator:
    """A person at a `DesktopWorld` who need not be playing. Belongs to the thread that plays."""

    def __init__(
        self,
        world: DesktopWorld,
        input_listener: InputListener,
        *,
        on_mark: Callable[[], None] = lambda: None,
        on_command: Callable[[str], None] = lambda key: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Takes the seat.

        Args:
            world: whose pause this ends.
            input_listener: the world's.
            on_mark: is called when F2 was pressed.
            on_command: is called with every other key that is meant for us.
            clock: the world's.
        """
        self._world, self._ears, self._clock = world, input_listener, clock
        self._on_mark, self._on_command = on_mark, on_command
        self._marks: list[InputEvent] = []
        self.marked_s = float("-inf")
        """When F2 was last pressed."""
        world.during_pause = self.obey

    @property
    def touched_s(self) -> float:
        """When the person last touched mouse or keyboard."""
        return self._ears.touched_s

    @property
    def holding(self) -> bool:
        """Whether the person holds a button or key down."""
        return self._ears.holding

    def wait_tick(self) -> None:
        """Returns when the tick is over; at once while a policy is in charge, whose action should not wait for that."""
        if self._world.person_in_charge:
            self._world.wait_tick()

    def end_tick(self) -> Action:
        """What the person's hands did since this was last called."""
        self.obey()
        self._world.take_events(self._clock())
        return self._world.hands.end_tick()

    def take_inputs(self) -> tuple[InputEvent, ...]:
        """The person's raw events and marks since this was last called, in order of time."""
        marks, self._marks = self._marks, []
        inputs = self._world.hands.take_inputs()
        return tuple(sorted((*inputs, *marks), key=lambda event: event.time_s)) if marks else inputs

    def mark(self, code: str) -> None:
        """Notes this moment in the recording, so that it can be found again."""
        self.note(MARK, code)

    def note(self, kind: str, code: str, time_s: float | None = None) -> None:
        """Puts something that happened, now by default, among the raw events of the recording."""
        x, y = (float(axis) for axis in self._world.hands.cursor)
        self._marks.append(InputEvent(self._clock() if time_s is None else time_s, kind, code, x, y))

    def obey(self) -> None:
        """Does what the keys that are meant for us ask for."""
        for asked in self._world.take_commands():
            self._do(asked)

    def _do(self, asked: RawInput) -> None:
        if asked.code == PAUSE_KEY:
            self._world.paused = not self._world.paused
        elif asked.code == WRONG_KEY:
            self.marked_s = asked.time_s
            self.note(MARK, WRONG, asked.time_s)
            self._on_mark()
        else:
            self._on_command(asked.code)


class DesktopHumanPilot:
    """Plays through mouse and keyboard: a Pilot whose decision is what the person did by the end of the tick."""

    def __init__(self, world: DesktopWorld, seat: DesktopOperator) -> None:
        self._world, self._seat = world, seat

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """A person remembers by himself."""
        assert len(seeds) == 1
        return None

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Returns when the tick is over, with what was done in it."""
        self._world.wait_tick()
        self._seat.obey()
        return Decision(self._world.hands.end_tick(), no_intent(1), carry)
