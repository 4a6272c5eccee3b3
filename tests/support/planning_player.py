"""A scripted player that plans a whole gesture at a time, for made-up games."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from understudy.contract.action import Action, idle_action
from understudy.contract.intent import no_intent
from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision


@dataclass
class Hand:
    """The player's hand in one world."""

    random: np.random.Generator
    plan: list[tuple[float, float, int, int]] = field(default_factory=list)
    """Cursor, button and keys of the coming ticks."""
    done: int = 0
    """Number of the last thing that it has gone for, where things are numbered."""


class PlanningPlayer(ABC):
    """A Pilot whose subclasses say what a hand does next; it keeps still while nothing is planned."""

    def start(self, seeds: np.ndarray) -> Carry:
        """One hand for each world."""
        return [Hand(np.random.default_rng([int(seed), 1])) for seed in seeds]

    def decide(self, observation: Observation, carry: list[Hand]) -> Decision:
        """The next tick of each plan."""
        records = idle_action(observation).records
        for hand, seen, record in zip(carry, observation.records, records, strict=True):
            if not hand.plan:
                self.plan(hand, seen)
            if hand.plan:
                record["cursor_x"], record["cursor_y"], record["button"], record["keys"] = hand.plan.pop(0)
        return Decision(Action(records), no_intent(len(records)), carry)

    @abstractmethod
    def plan(self, hand: Hand, seen: np.void) -> None:
        """Fills the hand's empty plan, or leaves it empty."""
