"""The trivial players that every result stands beside: nothing, chance, and two that are hard to be proud of beating.

They see the world through the same contract as any pilot. Their randomness is splitmix64 on whole arrays, a stream a
world, so that world b depends on its own seed alone. None of them moves the cursor as a person would: they jump.
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
"""Keeps their chance apart from a world's of the same seed, which counts by the same generator."""


@dataclass
class Chance:
    """A stream of random numbers for each world, and how many ticks were played."""

    states: UInt64[np.ndarray, " B"]
    tick: int = 0

    def draw(self) -> Float64[np.ndarray, " B"]:
        """One uniform number in [0, 1) a world."""
        self.states += np.uint64(0x9E3779B97F4A7C15)
        z = self.states.copy()
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
        return np.asarray((z >> np.uint64(11)).astype(np.float64) / 2.0**53)


class _Baseline:
    """What the baselines share: the game's profile and a Chance as the carry."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """A fresh Chance for B worlds."""
        return Chance(seeds ^ BASELINE_SALT)

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """One tick of play; updates `carry` in place."""
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
    """Throws the cursor somewhere each tick, and now and then clicks or presses a key."""

    def _act(self, observation: Observation, chance: Chance) -> np.ndarray:
        records = np.zeros(len(observation), ACTION)
        records["cursor_x"], records["cursor_y"] = chance.draw(), chance.draw()
        records["button"] = np.where(chance.draw() < BUTTON_CHANCE, int(Button.LEFT), int(Button.NONE))
        for name in self.profile.keys:
            records["keys"] |= np.where(chance.draw() < KEY_CHANCE, self.profile.key_bit(name), 0).astype(np.uint32)
        return records


class ClickRandomObject(_Baseline):
    """Once a second clicks on something in sight; after an alien it turns the laser on if it is off."""

    def _act(self, observation: Observation, chance: Chance) -> np.ndarray:
        records = idle_action(observation).records
        if chance.tick % CLICK_EVERY_TICKS == 0:
            self._click(observation, chance.draw(), records)
        elif chance.tick % CLICK_EVERY_TICKS == 2:
            players = observation.records["player"]
            selected = (observation.records["tracks"]["selected"] > 0).any(axis=1)
            records["keys"] = np.where(selected & (players["laser_on"] == 0), self.profile.key_bit("ctrl"), 0)
        return records

    def _click(self, observation: Observation, chances: Float64[np.ndarray, " B"], records: np.ndarray) -> None:
        tracks = observation.records["tracks"]
        clickable = observation.occupied & np.isin(tracks["role"], [int(Role.ENEMY), int(Role.LOOT)])
        numbers = clickable.sum(axis=1)
        worlds = np.flatnonzero(numbers)
        # the k-th clickable object, k drawn; the others rank lower because their running count differs
        picks = (chances * numbers).astype(np.int64)
        ranks = np.cumsum(clickable, axis=1) - 1
        slots = np.argmax(clickable & (ranks == picks[:, None]), axis=1)
        records["cursor_x"][worlds] = tracks["x"][worlds, slots[worlds]]
        records["cursor_y"][worlds] = tracks["y"][worlds, slots[worlds]]
        records["button"][worlds] = int(Button.LEFT)


class RepeatLastAction(_Baseline):
    """Does again whatever the mouse and the keys are seen to be doing; its first action is drawn at random."""

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
