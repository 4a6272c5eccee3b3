"""The heart: see, decide, act, tell. Every command that plays is one Session with a world, a pilot and listeners."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType

import numpy as np
from jaxtyping import UInt64

from understudy.contract.action import Actor
from understudy.contract.protocols import InputEvent, Listener, Pilot, Step, World
from understudy.contract.rate import Rate


class Session:
    """One run of a pilot in a world. Belongs to one thread, owns and closes the world and the listeners."""

    def __init__(
        self,
        world: World,
        pilot: Pilot,
        listeners: Sequence[Listener] = (),
        rate: Rate | None = None,
        *,
        actor: Actor = Actor.POLICY,
        seeds: UInt64[np.ndarray, " B"] | None = None,
        take_inputs: Callable[[], tuple[InputEvent, ...]] | None = None,
    ) -> None:
        """Args:
        world: what is played.
        pilot: who plays.
        listeners: who is told of every step, in this order.
        rate: keeps real time; None runs as fast as the world goes.
        actor: as whom the steps name the pilot, unless it says itself who acted.
        seeds: one for each world, for the pilot's own randomness; 0, 1, .. when None.
        take_inputs: hands out a person's raw events since it was last called, where the world hears them.
        """
        self.world = world
        self.pilot = pilot
        self.listeners = tuple(listeners)
        self.rate = rate
        self._actors = np.full(world.num_worlds, actor, np.int8)
        self._take_inputs = take_inputs or tuple
        self._carry = pilot.start(np.arange(world.num_worlds, dtype=np.uint64) if seeds is None else seeds)
        self._num_ticks = 0
        self._closing = ExitStack()
        for listener in reversed(self.listeners):
            self._closing.callback(listener.close)
        self._closing.callback(world.close)  # last in, first out: keys and buttons are released before all else

    def tick(self) -> Step:
        """One step: waits for its slot, sees, decides, acts, tells."""
        if self.rate is not None:
            self.rate.wait()
        observation = self.world.observe()
        if self.listeners:  # they are told after `act`, which may overwrite what the world handed out
            observation = observation.copy()
        decision = self.pilot.decide(observation, self._carry)
        self._carry = decision.carry
        self.world.act(decision.action)
        step = Step(
            index=self._num_ticks,
            observation=observation,
            action=decision.action,
            intent=decision.intent,
            actors=self._actors if decision.actors is None else decision.actors,
            inputs=self._take_inputs(),
            timing=decision.timing,
        )
        self._num_ticks += 1
        for listener in self.listeners:
            listener.on_step(step)
        return step

    def run(self, num_ticks: int | None = None, until: Callable[[Step], bool] | None = None) -> int:
        """Ticks until one of the two ends it, then closes everything; so it does on an error or Ctrl-C.

        Args:
            num_ticks: how many at most; None for no end.
            until: is shown each step and says whether it was the last.

        Returns:
            How many ticks this session has had.
        """
        with self:
            while num_ticks is None or self._num_ticks < num_ticks:
                step = self.tick()
                if until is not None and until(step):
                    break
        return self._num_ticks

    def close(self) -> None:
        """Closes the world, then the listeners; each of them even if one before it fails. May be called twice."""
        self._closing.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
