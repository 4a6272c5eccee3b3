"""Trivial baselines for every comparison: do nothing, random actions, click a random object, repeat the last action.

They implement the same Pilot protocol as any policy. Each world has its own splitmix64 random stream, so world b
depends on its own seed alone. They place the cursor directly, without the motor model of the trained policies.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, UInt64

from understudy.contract.action import ACTION, Action, idle_action
from understudy.contract.intent import no_intent
from understudy.contract.observation import TICK_RATE_HZ, Button, Observation, Role
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Decision, Pilot

CLICK_EVERY_TICKS = TICK_RATE_HZ
BUTTON_CHANCE = 0.1
KEY_CHANCE = 0.02
BASELINE_SALT = np.uint64(0x2545F4914F6CDD1D)
"""Separates a baseline's random stream from that of the world with the same seed and generator."""


@dataclass
class Chance:
    """A random stream for each of B worlds, and the number of ticks so far."""

    states: UInt64[np.ndarray, " B"]
    tick: int = 0

    def draw(self) -> Float64[np.ndarray, " B"]:
        """Draws one uniform number in [0, 1) for each world."""
        self.states += np.uint64(0x9E3779B97F4A7C15)
        z = self.states.copy()
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
        return np.asarray((z >> np.uint64(11)).astype(np.float64) / 2.0**53)


class _Baseline:
    """Base class of the baselines: holds the game's profile and uses a Chance as the carry."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """Returns the initial carry of B worlds."""
        return Chance(seeds ^ BASELINE_SALT)

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Runs one tick; updates `carry` in place."""
        records = self._act(observation, carry)
        carry.tick += 1
        return Decision(Action(records), no_intent(len(observation)), carry)

    def _act(self, observation: Observation, chance: Chance) -> np.ndarray:
        """Records of dtype ACTION, shape (B,)."""
        raise NotImplementedError


class DoNothing(_Baseline):
    """Leaves the cursor where it is and presses nothing."""

    def _act(self, observation: Observation, chance: Chance) -> np.ndarray:
        return idle_action(observation).records


class Random(_Baseline):
    """Moves the cursor to a uniformly random point each tick; clicks and presses keys with small probabilities."""

    def _act(self, observation: Observation, chance: Chance) -> np.ndarray:
        records = np.zeros(len(observation), ACTION)
        records["cursor_x"], records["cursor_y"] = chance.draw(), chance.draw()
        records["button"] = np.where(chance.draw() < BUTTON_CHANCE, int(Button.LEFT), int(Button.NONE))
        for name in self.profile.keys:
            records["keys"] |= np.where(chance.draw() < KEY_CHANCE, self.profile.key_bit(name), 0).astype(np.uint32)
        return records


class ClickRandomObject(_Baseline):
    """Clicks on a random visible object once a second; switches a weapon on if an enemy is selected and it is off."""

    def _act(self, observation: Observation, chance: Chance) -> np.ndarray:
        records = idle_action(observation).records
        if chance.tick % CLICK_EVERY_TICKS == 0:
            self._click(observation, chance.draw(), records)
        elif chance.tick % CLICK_EVERY_TICKS == 2:
            players = observation.records["player"]
            selected = (observation.records["tracks"]["selected"] > 0).any(axis=1)
            for place, switch in enumerate(self.profile.switches):
                if switch.weapon and switch.key in self.profile.keys:
                    pressed = selected & (players["switches"][:, place] == 0)
                    records["keys"] |= pressed * np.uint32(self.profile.key_bit(switch.key))
        return records

    def _click(self, observation: Observation, chances: Float64[np.ndarray, " B"], records: np.ndarray) -> None:
        tracks = observation.records["tracks"]
        clickable = observation.occupied & np.isin(tracks["role"], [int(Role.ENEMY), int(Role.LOOT)])
        numbers = clickable.sum(axis=1)
        worlds = np.flatnonzero(numbers)
        # argmax finds the k-th clickable object, k drawn: the first True, where the running count equals k
        picks = (chances * numbers).astype(np.int64)
        ranks = np.cumsum(clickable, axis=1) - 1
        slots = np.argmax(clickable & (ranks == picks[:, None]), axis=1)
        records["cursor_x"][worlds] = tracks["x"][worlds, slots[worlds]]
        records["cursor_y"][worlds] = tracks["y"][worlds, slots[worlds]]
        records["button"][worlds] = int(Button.LEFT)


class RepeatLastAction(_Baseline):
    """Repeats the observed state of mouse and keys; its first action is a click at a random point."""

    def _act(self, observation: Observation, chance: Chance) -> np.ndarray:
        records = idle_action(observation).records
        if chance.tick == 0:
            records["cursor_x"], records["cursor_y"] = chance.draw(), chance.draw()
            records["button"] = int(Button.LEFT)
        else:
            records["button"], records["keys"] = observation.records["button"], observation.records["keys"]
        return records


BASELINES: dict[str, Callable[[Profile], Pilot]] = {
    "do_nothing": DoNothing,
    "random": Random,
    "click_random_object": ClickRandomObject,
    "repeat_last_action": RepeatLastAction,
}
"""Every baseline by name."""
