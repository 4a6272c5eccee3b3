"""An understudy with the teacher at its ear: any of its learned parts is replaced by the teacher's own word.

The teacher looks at the same observations with a memory of its own. As another hand than its own plays, that memory is
set right before each tick: what was really clicked is what it `sent`, the hand that is busy is the understudy's. So it
advises on the world as it is, not as it would be had it played. Mode and target are its `oracle`'s; when a gesture
begins is the tick in which it would have begun one itself; where, is what it wished for then.
"""

from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
import torch
from jaxtyping import UInt64

from understudy.contract.action import ACTION, Action
from understudy.contract.intent import GOAL_WIDTH, NUM_MODES
from understudy.contract.observation import MAX_TRACKS, Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Decision
from understudy.policies.click_semantics import SORT_LANDMARK, SORT_MINIMAP, SORT_SPACE, SORT_TRACK, to_map
from understudy.policies.conditioning import STRATEGY_WIDTH
from understudy.policies.executor import ExecutorOutput
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.inference_backend import InferenceBackend
from understudy.policies.level_scheduler import LevelScheduler, LevelState, concat_conditioning, concat_strategy
from understudy.policies.motor_model import IDLE, MOVE, PRESS
from understudy.policies.object_features import MINIMAP as MINIMAP_POINT
from understudy.policies.object_features import NUM_CANDIDATES
from understudy.policies.object_features import SPACE as SPACE_POINT
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.sampling import sample_actions
from understudy.runtime.hierarchical_policy import HierarchicalPolicy, HierarchicalState
from understudy.worlds.simulator.teacher.action_selection import on_click_done
from understudy.worlds.simulator.teacher.game_knowledge import BASE, ENEMY, LOOT, PORTAL
from understudy.worlds.simulator.teacher.state import (
    ERRAND_BASE,
    ERRAND_PATROL,
    ERRAND_PORTAL,
    MINIMAP,
    NOTHING,
    OBJECT,
    SPACE,
)
from understudy.worlds.simulator.teacher.style import style_record
from understudy.worlds.simulator.teacher.teacher import Teacher

Part = Literal["mode", "target", "when", "sort", "which", "space", "minimap", "keys", "hand", "exact hand"]
"""`sort` is what kind of thing is clicked, `which` the very thing, `space` and `minimap` are the points there."""
FAR = 10**6
"""Ticks: longer than any gesture."""
SURE = 1e-4
"""Width of a density that says one point, of -1..1."""

PROMPTS = np.dtype(
    [
        ("begins", "u1"),  # the teacher sets out in this tick
        ("wish", "i4"),  # NOTHING, OBJECT, SPACE, MINIMAP
        ("candidate", "i4"),  # its pointer candidate, -1 where there is none
        ("x", "f4"),  # of the point, -1..1 of map or window
        ("y", "f4"),
    ],
)


@dataclass
class PrompterCarry:
    """Memory of the understudy and of the teacher beside it."""

    understudy: HierarchicalState
    teacher: np.ndarray
    phases: np.ndarray
    """Of the understudy's hand in the tick before."""
    observation: Observation | None = None
    prompts: np.ndarray | None = None
    whole: np.ndarray | None = None
    """What the teacher itself would do in this tick, records of dtype ACTION."""


class PromptedLevels(LevelScheduler):
    """The slower levels, in which the teacher stands in for mode or target."""

    def __init__(self, networks: InferenceBackend, window_s: int, parts: frozenset[Part]) -> None:
        super().__init__(networks, window_s)
        self._parts = parts
        self.busy: PrompterCarry | None = None

    def _run_strategist(self, state: LevelState, context_BF: torch.Tensor) -> None:
        super()._run_strategist(state, context_BF)
        if "mode" in self._parts:
            self._set_mode(state)

    def _set_mode(self, state: LevelState) -> None:
        assert self.busy is not None
        modes = torch.nn.functional.one_hot(torch.from_numpy(self.busy.teacher["mode"].astype(np.int64)), NUM_MODES)
        state.strategy = concat_strategy(modes.float(), state.strategy[:, NUM_MODES : NUM_MODES + GOAL_WIDTH])
        state.conditioning = torch.cat([state.strategy, state.conditioning[:, STRATEGY_WIDTH:]], dim=-1)

    def _run_tactician(self, state, context_BF, tracks_BNF, kinds_BN, track_ids) -> None:  # type: ignore[no-untyped-def]
        if "mode" in self._parts:
            self._set_mode(state)
        super()._run_tactician(state, context_BF, tracks_BNF, kinds_BN, track_ids)
        if "target" in self._parts:
            assert self.busy is not None
            slots = self.busy.teacher["target_slot"]
            weights = np.zeros((len(slots), MAX_TRACKS), np.float32)
            aimed = np.flatnonzero(slots >= 0)
            weights[aimed, slots[aimed]] = 1.0
            route, none = state.conditioning[:, STRATEGY_WIDTH:-1], torch.from_numpy((slots < 0).astype(np.float32))
            state.conditioning = concat_conditioning(state.strategy, route, none)
            state.target_probs, state.target_ids = weights, track_ids.copy()


class Prompted(HierarchicalPolicy):
    """A Hierarchy in which the teacher stands in for some parts."""

    def __init__(self, policies: PolicyBundle, profile: Profile, style: str, parts: frozenset[Part]) -> None:
        super().__init__(policies, profile)
        self._teacher, self._parts = Teacher(style, profile), parts
        self._style = style_record(self._teacher.style)
        self.hand = exact_hand(policies.hand) if "exact hand" in parts else policies.hand
        self._busy: PrompterCarry | None = None
        self._levels = PromptedLevels(self.networks, policies.window_s, parts)

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """A fresh memory for B worlds."""
        return PrompterCarry(super().start(seeds), self._teacher.start(seeds), np.zeros(len(seeds), np.int32))

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """One tick, after the teacher has had its say."""
        self._ask_teacher(observation, carry)
        self._busy = self._levels.busy = carry
        decision = super().decide(observation, carry.understudy)
        return Decision(decision.action, decision.intent, carry)

    def _ask_teacher(self, observation: Observation, carry: PrompterCarry) -> None:
        """What the teacher would do now; its own hand is the one that plays only for the part `hand`."""
        plays = "hand" in self._parts
        hands = carry.understudy.hands
        if not plays:
            set_right(carry.teacher, hands, carry.phases, self._style, observation.records)
        before = carry.teacher["tick"].copy()
        decision = self._teacher.decide(observation, carry.teacher)
        carry.observation, carry.whole = observation, decision.action.records
        carry.prompts = np.zeros(len(observation), PROMPTS)
        read_prompts(carry.prompts, carry.teacher, before, observation.records, self._encoder.geometry)
        carry.phases = hands["phase"].copy()

    def _act(self, observation: Observation, output: ExecutorOutput, carry: HierarchicalState) -> Action:
        assert self._busy is not None and self._busy.prompts is not None and self._busy.whole is not None
        prompts, chances = self._busy.prompts, ExecutorDistribution(output, self.policies.sampling).probabilities()
        if "when" in self._parts:
            chances = chances._replace(start=prompts["begins"].astype(np.float32))
            moved_on = (prompts["begins"] > 0) & (carry.hands["phase"] != PRESS)
            carry.hands["phase"][moved_on] = IDLE  # a hand may be sent elsewhere before the button falls
        sorts = sorts_of(observation.records)
        wished = prompts["candidate"] >= 0
        if "which" in self._parts:
            chances.pointer[wished] = 0.0
            chances.pointer[np.flatnonzero(wished), prompts["candidate"][wished]] = 1.0
        elif "sort" in self._parts:
            narrow_to_sort(chances.pointer, sorts, prompts["candidate"])
        if "minimap" in self._parts:
            pin(chances.minimap, prompts, MINIMAP_POINT)
        if "space" in self._parts:
            pin(chances.space, prompts, SPACE_POINT)
        actions = np.zeros(len(observation), ACTION)
        sample_actions(
            observation.records,
            carry.hands,
            self.hand,
            self._encoder.geometry,
            carry.streams,
            chances,
            actions,
            carry.sampled,
        )
        return Action(self._with_whole(actions, self._busy.whole))

    def _with_whole(self, actions: np.ndarray, whole: np.ndarray) -> np.ndarray:
        """Keys and hand taken over from the teacher whole, where it is asked for them."""
        if "keys" in self._parts:
            actions["keys"] = whole["keys"]
        if "hand" in self._parts:
            for name in ("cursor_x", "cursor_y", "button"):
                actions[name] = whole[name]
        return actions


def exact_hand(hand: np.void) -> np.void:
    """A hand that is there in a tick, in the very middle, and clicks at once."""
    exact: np.void = hand.copy()
    for name, value in (("duration", 1.0), ("dwell", 0.0), ("press", 2.0), ("track_offset", 0.0)):
        exact[name] = value
    exact["landmark_offset"] = 0.0
    return exact


def sorts_of(records: np.ndarray) -> np.ndarray:
    """What each pointer candidate is: 0 other, 1 enemy, 2 loot, 3 base, 4 portal mark, 5 minimap, 6 space; (B, C)."""
    out = np.zeros((len(records), NUM_CANDIDATES), np.int64)
    roles, marks = records["tracks"]["role"], records["landmarks"]["role"]
    out[:, :MAX_TRACKS] = np.select([roles == ENEMY, roles == LOOT], [1, 2], 0)
    out[:, MAX_TRACKS:MINIMAP_POINT] = np.select([marks == BASE, marks == PORTAL], [3, 4], 0)
    out[:, MINIMAP_POINT], out[:, SPACE_POINT] = 5, 6
    return out


def narrow_to_sort(pointer: np.ndarray, sorts: np.ndarray, candidates: np.ndarray) -> None:
    """Leaves only candidates of the teacher's sort; all of them where the policy gives those no chance at all."""
    for b in np.flatnonzero(candidates >= 0):
        narrowed = np.where(sorts[b] == sorts[b, candidates[b]], pointer[b], 0.0)
        if narrowed.sum() > 1e-6:
            pointer[b] = narrowed / narrowed.sum()
        else:
            pointer[b] = 0.0
            pointer[b, candidates[b]] = 1.0


def pin(density: np.ndarray, prompts: np.ndarray, candidate: int) -> None:
    """Puts a mixture on the teacher's point, where it wishes for one of that candidate."""
    for b in np.flatnonzero(prompts["candidate"] == candidate):
        density[b, :, 1], density[b, :, 2] = prompts["x"][b], prompts["y"][b]
        density[b, :, 3:] = (SURE, 0.0, 0.0, SURE)


@numba.njit
def set_right(carries, hands, phases, style, records):  # type: ignore[no-untyped-def]
    """Makes the teacher remember the clicks and the hand of the one who really plays."""
    for b in range(len(carries)):
        c, hand = carries[b], hands[b]
        gesture, which = NOTHING, 0
        if hand.sort == SORT_TRACK:
            gesture, which = OBJECT, hand.target
        elif hand.sort == SORT_SPACE:
            gesture = SPACE
        elif hand.sort == SORT_MINIMAP:
            gesture, which = MINIMAP, ERRAND_PATROL
        elif hand.sort == SORT_LANDMARK:
            role = records[b].landmarks[hand.target].role
            gesture, which = MINIMAP, ERRAND_BASE if role == BASE else ERRAND_PORTAL
        if phases[b] == PRESS and hand.phase != PRESS:
            c.sent, c.sent_id, c.sent_tick = gesture, which, c.tick
            c.wish, c.wish_id = NOTHING, 0
            on_click_done(c, style[0])
        c.phase, c.gesture, c.gesture_id = IDLE, NOTHING, 0
        if hand.phase != IDLE:
            c.phase = PRESS if hand.phase == PRESS else MOVE
            c.gesture, c.gesture_id = gesture, which
            c.from_x, c.from_y, c.to_x, c.to_y = hand.start_x, hand.start_y, hand.goal_x, hand.goal_y
            c.phase_start, c.phase_end = c.tick - 1, c.tick + FAR


@numba.njit
def read_prompts(out, carries, ticks, records, geometry):  # type: ignore[no-untyped-def]
    """What the teacher has just said: whether it sets out, and to where."""
    for b in range(len(carries)):
        c, o, said = carries[b], records[b], out[b]
        said.begins = c.phase == MOVE and c.phase_start == ticks[b]
        said.wish, said.candidate = c.wish, -1
        if c.wish == OBJECT:
            for slot in range(MAX_TRACKS):
                if o.tracks[slot].id == c.wish_id:
                    said.candidate = slot
        elif c.wish == SPACE:
            said.candidate = SPACE_POINT
            said.x, said.y = 2.0 * c.wish_x - 1.0, 2.0 * c.wish_y - 1.0
        elif c.wish == MINIMAP:
            map_x, map_y = to_map(geometry, c.wish_x, c.wish_y)
            said.candidate, said.x, said.y = MINIMAP_POINT, 2.0 * map_x - 1.0, 2.0 * map_y - 1.0
            role = BASE if c.wish_id == ERRAND_BASE else PORTAL
            nearest = 0.05
            for mark in range(len(o.landmarks)):
                away = np.hypot(o.landmarks[mark].x - map_x, o.landmarks[mark].y - map_y)
                if c.wish_id != ERRAND_PATROL and o.landmarks[mark].role == role and away < nearest:
                    said.candidate, nearest = MAX_TRACKS + mark, away
