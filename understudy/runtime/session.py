"""The control loop: observe, decide, act, notify listeners. Every command that plays runs one Session."""

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
        world: the world or worlds to play in.
        pilot: decides the actions.
        listeners: called with every step, in this order.
        rate: keeps real time; None runs as fast as the world does.
        actor: actor of the steps, unless the pilot's decision names its own.
        seeds: one for each world, for the pilot's own randomness; 0, 1, .. when None.
        take_inputs: returns a person's raw input events since the last call; None where there are none.
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
        """Runs one step: waits for its deadline, observes, decides, acts, and calls the listeners."""
        if self.rate is not None:
            self.rate.wait()
        observation = self.world.observe()
        if self.listeners:  # they run after `act`, which may overwrite the arrays of the observation
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
            rollout_step=decision.rollout_step,
        )
        self._num_ticks += 1
        for listener in self.listeners:
            listener.on_step(step)
        return step

    def run(self, num_ticks: int | None = None, until: Callable[[Step], bool] | None = None) -> int:
        """Runs ticks until `num_ticks` or `until` ends the session, then closes everything, also on error or Ctrl-C.

        Args:
            num_ticks: limit on the ticks of this session; None for no limit.
            until: called with each step; True ends the session.

        Returns:
            Number of ticks of this session so far.
        """
        with self:
            while num_ticks is None or self._num_ticks < num_ticks:
                step = self.tick()
                if until is not None and until(step):
                    break
        return self._num_ticks

    def close(self) -> None:
        """Closes the world, then the listeners, each even if an earlier one raises. May be called twice."""
        self._closing.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
