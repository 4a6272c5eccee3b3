"""The teacher: a scripted expert policy in place of a person; its only input is the Observation, its output mouse and
keys.

Rules in ``mode_selection`` and ``action_selection``, movement in ``motor``, styles in ``data/styles.toml``. Its true
mode and target are available to tests alone, through ``oracle``; its decisions carry no intent, so a learner cannot
read it from a recording.
"""

import numpy as np
from jaxtyping import UInt64

from understudy.contract.action import ACTION, Action
from understudy.contract.intent import Intent, Mode, no_intent
from understudy.contract.observation import Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Decision
from understudy.worlds.simulator.teacher.game_knowledge import game_record
from understudy.worlds.simulator.teacher.motor import IDLE
from understudy.worlds.simulator.teacher.state import TEACHER_CARRY
from understudy.worlds.simulator.teacher.step import decide_worlds
from understudy.worlds.simulator.teacher.style import find_style, style_record

TEACHER_SALT = np.uint64(0x5DEECE66D1CE4E5B)
"""Separates the teacher's random stream from that of the world with the same seed, which uses the same generator."""


class Teacher:
    """A Pilot that plays in one style."""

    def __init__(self, style: str, profile: Profile) -> None:
        """Args: `style`, a name in ``data/styles.toml``; `profile`, the game to be played.

        Raises:
            FlagError: if there is no such style.
        """
        self.style = find_style(style)
        self._style = style_record(self.style)
        self._game = game_record(profile)

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """Returns the initial carry, records of dtype TEACHER_CARRY, shape (B,)."""
        carry = np.zeros(len(seeds), TEACHER_CARRY)
        carry["random"] = seeds ^ TEACHER_SALT
        carry["mode"] = carry["next_mode"] = int(Mode.EXPLORE)
        carry["target_slot"] = -1
        carry["attacked_tick"] = -(10**6)
        return carry

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Plays one tick; updates `carry` in place."""
        records = np.empty(len(observation), ACTION)
        decide_worlds(observation.records, carry, self._game, self._style, records)
        return Decision(Action(records), no_intent(len(observation)), carry)

    def oracle(self, carry: Carry) -> Intent:
        """Returns the teacher's true intent. For tests only: learners must not call this."""
        intent = no_intent(len(carry))
        records = intent.records
        records["mode"] = carry["mode"]
        worlds = np.arange(len(carry))
        records["mode_probabilities"][worlds, carry["mode"]] = 1.0
        records["target_id"] = carry["target_id"]
        aimed = carry["target_slot"] >= 0
        records["target_probabilities"][worlds[aimed], carry["target_slot"][aimed]] = 1.0
        records["phase"] = carry["phase"]
        records["gesture_x"] = np.where(carry["phase"] == IDLE, carry["cursor_x"], carry["to_x"])
        records["gesture_y"] = np.where(carry["phase"] == IDLE, carry["cursor_y"], carry["to_y"])
        return intent
