"""The human operator of a desktop game, who shares control with a policy or plays alone.

F1 pauses, F2 marks that the policy was wrong, F3 stops. The keys work in every window, and the game receives them too,
because they are not grabbed.
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
    """The person at a `DesktopWorld`, playing or watching. Belongs to the control thread."""

    def __init__(
        self,
        world: DesktopWorld,
        input_listener: InputListener,
        *,
        on_mark: Callable[[], None] = lambda: None,
        on_command: Callable[[str], None] = lambda key: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Connects the operator to a world.

        Args:
            world: paused and resumed by F1.
            input_listener: the world's.
            on_mark: called when F2 was pressed.
            on_command: called with every other command key.
            clock: the world's.
        """
        self._world, self._listener, self._clock = world, input_listener, clock
        self._on_mark, self._on_command = on_mark, on_command
        self._marks: list[InputEvent] = []
        self.marked_s = float("-inf")
        """Time of the last press of F2, monotonic seconds."""
        world.during_pause = self.run_commands

    @property
    def touched_s(self) -> float:
        """Time of the person's last mouse or keyboard event, monotonic seconds."""
        return self._listener.touched_s

    @property
    def holding(self) -> bool:
        """Whether the person holds a button or key down."""
        return self._listener.holding

    def wait_tick(self) -> None:
        """Waits until the tick is over; returns at once while a policy is in control, to not delay its action."""
        if self._world.person_in_charge:
            self._world.wait_tick()

    def end_tick(self) -> Action:
        """Returns the person's action since the last call."""
        self.run_commands()
        self._world.take_events(self._clock())
        return self._world.hands.end_tick()

    def take_inputs(self) -> tuple[InputEvent, ...]:
        """Returns the person's raw events and marks since the last call, in order of time."""
        marks, self._marks = self._marks, []
        inputs = self._world.hands.take_inputs()
        return tuple(sorted((*inputs, *marks), key=lambda event: event.time_s)) if marks else inputs

    def mark(self, code: str) -> None:
        """Writes a mark at the present moment into the recording."""
        self.note(MARK, code)

    def note(self, kind: str, code: str, time_s: float | None = None) -> None:
        """Adds an event, by default at the present time, to the raw events of the recording."""
        x, y = (float(axis) for axis in self._world.hands.cursor)
        self._marks.append(InputEvent(self._clock() if time_s is None else time_s, kind, code, x, y))

    def run_commands(self) -> None:
        """Executes the command keys pressed since the last call."""
        for command in self._world.take_commands():
            self._run_command(command)

    def _run_command(self, command: RawInput) -> None:
        if command.code == PAUSE_KEY:
            self._world.toggle_pause()
        elif command.code == WRONG_KEY:
            self.marked_s = command.time_s
            self.note(MARK, WRONG, command.time_s)
            self._on_mark()
        else:
            self._on_command(command.code)


class DesktopHumanPilot:
    """A Pilot whose decision is the person's own action in the tick."""

    def __init__(self, world: DesktopWorld, operator: DesktopOperator) -> None:
        self._world, self._operator = world, operator

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """No carry: the person needs none."""
        assert len(seeds) == 1
        return None

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Waits until the tick is over and returns the person's action in it."""
        self._world.wait_tick()
        self._operator.run_commands()
        return Decision(self._world.hands.end_tick(), no_intent(1), carry)
