"""The person is in charge: a policy plays until the person touches mouse or keyboard, and again once they let go.

The policy decides in every tick, also while the person acts: it sees what the person's hands did, says what it would
have done, and is ready when it is handed back to. Only its hand is made to let go whenever the charge changes, so that
no gesture begun before is carried on from another place.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt64

from understudy.contract.action import Action, Actor, idle_action
from understudy.contract.intent import Intent
from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision, Pilot
from understudy.contract.rate import Clock, SystemClock
from understudy.runtime.latency_monitor import LatencyMonitor

HAND_BACK_S = 1.5


@runtime_checkable
class HumanInput(Protocol):
    """A person whose mouse and keyboard are heard, and who need not be using them."""

    @property
    def touched_s(self) -> float:
        """Monotonic time at which mouse or keyboard were last touched; minus infinity if never."""
        ...

    @property
    def holding(self) -> bool:
        """Whether a button or key is down."""
        ...

    def wait_tick(self) -> None:
        """Returns when the tick is over and all of its input has come in."""
        ...

    def end_tick(self) -> Action:
        """What the person's hands did in the tick that ends now."""
        ...


@runtime_checkable
class InterruptiblePilot(Pilot, Protocol):
    """A pilot that can be interrupted."""

    def cancel_actions(self, carry: Carry) -> None:
        """Drops the gesture and the keys in progress: somebody else has acted."""
        ...

    def skip_ticks(self, carry: Carry, num_ticks: int) -> None:
        """So many ticks passed without a decision."""
        ...


@dataclass(frozen=True, kw_only=True)
class TickSnapshot:
    """What a live view shows of one tick; the arrays are not changed any more."""

    observation: Observation
    intent: Intent
    decided: Action
    """What the policy wanted."""
    actor: Actor
    """Who acted in the tick before: is in charge now."""
    hands_back_s: float
    """Seconds until the person has let go for long enough; 0 while the policy is in charge."""


@dataclass
class LiveCarry:
    """What a live session remembers from tick to tick."""

    policy: Carry
    tick: int = -1
    """Number of the latest tick on the beat, with those that were left out."""
    num_missed: int = 0
    """Of the world, when the tick before was decided."""
    actor: Actor = Actor.POLICY


@dataclass
class TakeoverCounts:
    """How a session was shared, over all its ticks."""

    num_takeovers: int = 0
    person_ticks: int = 0
    policy_ticks: int = 0


@dataclass(frozen=True, kw_only=True)
class TakeoverSettings:
    """How policy and person share a game."""

    handback_delay_s: float = HAND_BACK_S
    """After so many seconds without touching mouse or keyboard the policy plays again."""
    muted: bool = False
    """The policy decides and shows, but nothing of it is sent; the person can play."""

    def __post_init__(self) -> None:
        if not 0.1 <= self.handback_delay_s <= 3600:
            raise ValueError(
                f"{self.handback_delay_s:g} s until the understudy is handed back to: expected 0.1 to 3600"
            )


@dataclass
class SharedControlPilot:
    """A Pilot of one live world: a policy, and a person who may take over at any moment."""

    policy: InterruptiblePilot
    person: HumanInput
    settings: TakeoverSettings = field(default_factory=TakeoverSettings)
    num_missed: Callable[[], int] = lambda: 0
    """How many ticks the world has gone on without a decision."""
    before_tick: Callable[[Carry], bool] = lambda carry: False
    """Is run between two ticks, with the policy's carry; says whether it changed the policy's weights."""
    show: Callable[[TickSnapshot], None] = lambda moment: None
    """Is shown each tick as soon as it is decided."""
    cadence: LatencyMonitor = field(default_factory=LatencyMonitor)
    clock: Clock = field(default_factory=SystemClock)
    counts: TakeoverCounts = field(default_factory=TakeoverCounts)

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """A fresh memory; the policy is in charge."""
        assert len(seeds) == 1, "a person sits at one game"
        return LiveCarry(policy=self.policy.start(seeds), num_missed=self.num_missed())

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Lets the policy decide, waits for the end of the tick, and gives what the one in charge does."""
        swapped = self.before_tick(carry.policy)
        decision, timing = self._think(observation, carry)
        timing["swapped"] = swapped
        self.show(self._moment(observation, decision, carry))
        self.person.wait_tick()
        by_person = self.person.end_tick()
        self._update_actor(carry)
        return replace(
            decision,
            action=self._chosen(observation, decision, by_person, carry),
            carry=carry,
            actors=np.array([self._acting(carry)], np.int8),
            timing=timing,
        )

    def _think(self, observation: Observation, carry: LiveCarry) -> tuple[Decision, np.ndarray]:
        """The policy's own decision, and how long it took."""
        time_s, began_s = float(observation.records["time_s"][0]), self.clock.now_s()
        missed = self.num_missed() - carry.num_missed
        carry.num_missed += missed
        carry.tick += 1 + missed
        if missed:
            self.policy.skip_ticks(carry.policy, missed)
        timing = self.cadence.begin(carry.tick, time_s, began_s)
        decision = self.policy.decide(observation, carry.policy)
        carry.policy = decision.carry
        timing["decided"] = decision.action.records
        self.cadence.end(timing, time_s, began_s, self.clock.now_s())
        return decision, timing

    def _update_actor(self, carry: LiveCarry) -> None:
        actor = Actor.PERSON if self._hands_back_s() > 0 else Actor.POLICY
        if actor != carry.actor:
            self.policy.cancel_actions(carry.policy)
            self.counts.num_takeovers += actor is Actor.PERSON
            carry.actor = actor
        self.counts.person_ticks += actor is Actor.PERSON
        self.counts.policy_ticks += actor is Actor.POLICY

    def _hands_back_s(self) -> float:
        """How long the person is in charge yet."""
        if self.person.holding:
            return self.settings.handback_delay_s
        return max(0.0, self.person.touched_s + self.settings.handback_delay_s - self.clock.now_s())

    def _acting(self, carry: LiveCarry) -> Actor:
        return Actor.NOBODY if self.settings.muted and carry.actor is Actor.POLICY else carry.actor

    def _chosen(self, observation: Observation, decision: Decision, by_person: Action, carry: LiveCarry) -> Action:
        if carry.actor is Actor.PERSON:
            return by_person
        return idle_action(observation) if self.settings.muted else decision.action

    def _moment(self, observation: Observation, decision: Decision, carry: LiveCarry) -> TickSnapshot:
        return TickSnapshot(
            observation=observation,
            intent=decision.intent,
            decided=decision.action,
            actor=self._acting(carry),
            hands_back_s=self._hands_back_s() if carry.actor is Actor.PERSON else 0.0,
        )
