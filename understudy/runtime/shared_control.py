"""Shared control: a policy plays until the person touches mouse or keyboard, and resumes after a pause in their input.

The takeovers are interventions as in human-gated DAgger (Ross et al. 2011, arXiv 1011.0686; Kelly et al. 2019, arXiv
1810.02890). The policy decides in every tick, also while the person acts, so its state stays current and a recording
holds its decision beside the person's. Whenever control changes, gestures and key presses in progress are cancelled,
so that none continues from another cursor position.
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
    """Source of a person's mouse and keyboard input, who may be idle."""

    @property
    def touched_s(self) -> float:
        """Monotonic time of the last input of mouse or keyboard; minus infinity if there was none."""
        ...

    @property
    def holding(self) -> bool:
        """Whether a button or key is down."""
        ...

    def wait_tick(self) -> None:
        """Blocks until the tick is over and all of its input has arrived."""
        ...

    def end_tick(self) -> Action:
        """Returns the person's action in the tick that ends now."""
        ...


@runtime_checkable
class InterruptiblePilot(Pilot, Protocol):
    """A pilot that can be interrupted."""

    def cancel_actions(self, carry: Carry) -> None:
        """Drops the gesture and the keys in progress, because somebody else has acted."""
        ...

    def set_done(self, carry: Carry, action: Action) -> None:
        """Takes what was done in the tick just decided."""
        ...


@dataclass(frozen=True, kw_only=True)
class TickSnapshot:
    """Data of one tick for a live view; its arrays are not modified afterwards."""

    observation: Observation
    intent: Intent
    decided: Action
    """The policy's action, sent or not."""
    actor: Actor
    """Who acted in the previous tick and has control now."""
    hands_back_s: float
    """Seconds of idle input left until the policy resumes; 0 while it has control."""


@dataclass
class LiveCarry:
    """State of a live session between ticks."""

    policy: Carry
    tick: int = -1
    """Number of the latest tick since the start, skipped ticks included."""
    num_missed: int = 0
    """The world's count of missed ticks at the previous decision."""
    actor: Actor = Actor.POLICY


@dataclass
class TakeoverCounts:
    """Takeovers of a session, and ticks by actor."""

    num_takeovers: int = 0
    person_ticks: int = 0
    policy_ticks: int = 0


@dataclass(frozen=True, kw_only=True)
class TakeoverSettings:
    """Settings of shared control."""

    handback_delay_s: float = HAND_BACK_S
    """Seconds without input of mouse or keyboard after which the policy resumes."""
    muted: bool = False
    """The policy's decisions are shown but not sent; the person can play."""

    def __post_init__(self) -> None:
        if not 0.1 <= self.handback_delay_s <= 3600:
            raise ValueError(
                f"{self.handback_delay_s:g} s until the understudy is handed back to: expected 0.1 to 3600"
            )


@dataclass
class SharedControlPilot:
    """A Pilot of one live world that a policy plays and a person may take over at any time."""

    policy: InterruptiblePilot
    person: HumanInput
    settings: TakeoverSettings = field(default_factory=TakeoverSettings)
    num_missed: Callable[[], int] = lambda: 0
    """Returns the number of ticks that the world has passed without a decision."""
    before_tick: Callable[[Carry], bool] = lambda carry: False
    """Called between two ticks with the policy's carry; returns whether it changed the policy's weights."""
    show: Callable[[TickSnapshot], None] = lambda snapshot: None
    """Called with each tick as soon as it is decided."""
    cadence: LatencyMonitor = field(default_factory=LatencyMonitor)
    clock: Clock = field(default_factory=SystemClock)
    counts: TakeoverCounts = field(default_factory=TakeoverCounts)

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """Returns the initial state; the policy has control."""
        assert len(seeds) == 1, "a person sits at one game"
        return LiveCarry(policy=self.policy.start(seeds), num_missed=self.num_missed())

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Runs the policy, waits for the end of the tick, and returns the action of whoever has control."""
        swapped = self.before_tick(carry.policy)
        decision, timing = self._decide_timed(observation, carry)
        timing["swapped"] = swapped
        self.show(self._snapshot(observation, decision, carry))
        self.person.wait_tick()
        by_person = self.person.end_tick()
        self._update_actor(carry)
        action = self._chosen(observation, decision, by_person, carry)
        self.policy.set_done(carry.policy, action)
        return replace(
            decision,
            action=action,
            carry=carry,
            actors=np.array([self._acting(carry)], np.int8),
            timing=timing,
        )

    def _decide_timed(self, observation: Observation, carry: LiveCarry) -> tuple[Decision, np.ndarray]:
        """Returns the policy's decision and its TIMING record."""
        time_s, began_s = float(observation.records["time_s"][0]), self.clock.now_s()
        missed = self.num_missed() - carry.num_missed
        carry.num_missed += missed
        carry.tick += 1 + missed
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
        """Seconds until control returns to the policy; 0 or less when it has."""
        if self.person.holding:
            return self.settings.handback_delay_s
        return max(0.0, self.person.touched_s + self.settings.handback_delay_s - self.clock.now_s())

    def _acting(self, carry: LiveCarry) -> Actor:
        return Actor.NOBODY if self.settings.muted and carry.actor is Actor.POLICY else carry.actor

    def _chosen(self, observation: Observation, decision: Decision, by_person: Action, carry: LiveCarry) -> Action:
        if carry.actor is Actor.PERSON:
            return by_person
        return idle_action(observation) if self.settings.muted else decision.action

    def _snapshot(self, observation: Observation, decision: Decision, carry: LiveCarry) -> TickSnapshot:
        return TickSnapshot(
            observation=observation,
            intent=decision.intent,
            decided=decision.action,
            actor=self._acting(carry),
            hands_back_s=self._hands_back_s() if carry.actor is Actor.PERSON else 0.0,
        )
