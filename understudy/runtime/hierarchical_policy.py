"""Strategist at 1 Hz, Tactician at 5 Hz, Executor at 20 Hz and the hand: three trained policies as one Pilot.

All memory is in the carry, so the same Hierarchy drives one live world and 128 evaluation worlds in one batch.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt64
from torch import Tensor

from understudy.contract.action import ACTION, Action
from understudy.contract.intent import GOAL_WIDTH, INTENT, NUM_MODES, Intent, Phase
from understudy.contract.observation import MAX_TRACKS, Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Decision
from understudy.policies.action_distribution import chances_of
from understudy.policies.conditioning import (
    ADVICE_WIDTH,
    STRATEGIST_TICKS,
    STRATEGY_WIDTH,
    TACTICIAN_TICKS,
    advice_of,
    follow_targets_in_worlds,
    strategy_of,
)
from understudy.policies.encoder import Encoded, Encoder
from understudy.policies.executor import Hazards
from understudy.policies.inference_backend import Library, Networks, TorchNetworks, networks_of
from understudy.policies.motor_model import HAND_STATE
from understudy.policies.policy_bundle import Brain, load_brain
from understudy.policies.rollout_step import Thought
from understudy.policies.sampling import DRAWN, act_worlds


@dataclass
class HierarchyCarry:
    """What B worlds' worth of three policies and a hand remember from tick to tick."""

    tick: int
    encoding: np.ndarray
    hands: np.ndarray
    streams: UInt64[np.ndarray, " B"]
    strategy: Tensor
    words: Tensor
    weights: np.ndarray
    weights_ids: np.ndarray
    drawn: np.ndarray
    """Records of dtype DRAWN: what chance decided in the latest tick."""
    seconds: deque[Tensor] = field(default_factory=deque)
    strategy_slot: int = -1
    """The latest second in which the Strategist thought, and of the Tactician's slots likewise."""
    tactic_slot: int = -1


class Hierarchy:
    """A Pilot made of three trained policies."""

    def __init__(self, brain: Brain, profile: Profile, networks: Networks | None = None) -> None:
        """Args:
        brain: the trained parts.
        profile: the game to be played.
        networks: who computes the brain's networks; torch, which takes any number of worlds, when None.
        """
        self.brain = brain
        self.networks = networks or TorchNetworks(brain)
        self.on_thought: Callable[[Thought], None] | None = None
        """Is told, each tick, what the Executor was asked and what chance made of its answer."""
        self._encoder = Encoder(profile)

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """A fresh memory for B worlds."""
        worlds = len(seeds)
        return HierarchyCarry(
            tick=0,
            encoding=self._encoder.start(worlds),
            hands=np.zeros(worlds, HAND_STATE),
            streams=seeds.astype(np.uint64).copy(),
            strategy=torch.zeros(worlds, STRATEGY_WIDTH),
            words=torch.zeros(worlds, ADVICE_WIDTH),
            weights=np.zeros((worlds, MAX_TRACKS), np.float32),
            weights_ids=np.zeros((worlds, MAX_TRACKS), np.int32),
            drawn=np.zeros(worlds, DRAWN),
            seconds=deque(maxlen=self.brain.strategist.config.window_s if self.brain.strategist else 1),
        )

    @torch.inference_mode()
    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """One tick; updates the carry in place."""
        encoded = self._encoder.encode(observation, carry.encoding)
        context, tracks = torch.from_numpy(encoded.context), torch.from_numpy(encoded.tracks)
        kinds = torch.from_numpy(encoded.kinds)
        if carry.tick // STRATEGIST_TICKS > carry.strategy_slot:
            carry.strategy_slot = carry.tick // STRATEGIST_TICKS
            self._strategise(context, carry)
        if carry.tick // TACTICIAN_TICKS > carry.tactic_slot:
            carry.tactic_slot = carry.tick // TACTICIAN_TICKS
            self._aim(context, tracks, kinds, observation, carry)
        weights = _weights_now(observation, carry)
        hazards = self.networks.executor(
            context, carry.words, tracks, kinds, torch.from_numpy(weights), torch.from_numpy(encoded.landmarks)
        )
        action = self._act(observation, hazards, carry)
        if self.on_thought is not None:
            self.on_thought(_thought(encoded, carry, weights))
        carry.tick += 1
        return Decision(action, self._intent(observation, carry, weights, encoded), carry)

    def skip(self, carry: Carry, num_ticks: int) -> None:
        """So many ticks passed without a decision: a level that was due in them thinks in the next one."""
        carry.tick += num_ticks

    def let_go(self, carry: Carry) -> None:
        """Drops gestures and keys in progress: somebody else has acted, and the cursor is elsewhere."""
        carry.hands["phase"] = Phase.IDLE
        carry.hands["key_ticks"] = 0

    def swap(self, brain: Brain, carry: Carry, networks: Networks | None = None) -> None:
        """Goes on with another brain, from the next decision on; what was seen so far stays remembered.

        Args:
            brain: the new one.
            carry: is fitted to it.
            networks: who computes it; torch when None.
        """
        self.brain, self.networks = brain, networks or TorchNetworks(brain)
        window_s = brain.strategist.config.window_s if brain.strategist else 1
        carry.seconds = deque(carry.seconds, maxlen=window_s)

    def _strategise(self, context_BF: Tensor, carry: HierarchyCarry) -> None:
        if self.networks.strategist is None:
            return
        carry.seconds.append(context_BF)
        said = self.networks.strategist(torch.stack(tuple(carry.seconds), dim=1))
        carry.strategy = strategy_of(torch.softmax(said.mode_logits[:, -1], dim=-1), said.goal[:, -1])
        carry.words = torch.cat([carry.strategy, carry.words[:, STRATEGY_WIDTH:]], dim=-1)

    def _aim(
        self, context_BF: Tensor, tracks: Tensor, kinds: Tensor, observation: Observation, carry: HierarchyCarry
    ) -> None:
        if self.networks.tactician is None:
            return
        said = self.networks.tactician(context_BF, carry.strategy, tracks, kinds)
        probabilities = torch.softmax(said.target_logits, dim=-1)
        carry.words = advice_of(carry.strategy, said.route, probabilities[:, -1])
        carry.weights = probabilities[:, :-1].numpy()
        carry.weights_ids = observation.records["tracks"]["id"].copy()

    def _act(self, observation: Observation, hazards: Hazards, carry: HierarchyCarry) -> Action:
        actions = np.zeros(len(observation), ACTION)
        act_worlds(
            observation.records,
            carry.hands,
            self.brain.hand,
            self._encoder.geometry,
            carry.streams,
            *chances_of(hazards, self.brain.sampling),
            actions,
            carry.drawn,
        )
        return Action(actions)

    def _intent(self, observation: Observation, carry: HierarchyCarry, weights: np.ndarray, encoded: Encoded) -> Intent:
        records = np.zeros(len(observation), INTENT)
        strategy = carry.strategy.numpy()
        records["mode_probabilities"] = strategy[:, :NUM_MODES]
        records["mode"] = np.argmax(strategy[:, :NUM_MODES], axis=1) if self.brain.strategist else -1
        records["goal"] = strategy[:, NUM_MODES : NUM_MODES + GOAL_WIDTH]
        records["target_probabilities"] = weights
        best = np.argmax(weights, axis=1)
        worlds = np.arange(len(observation))
        likely = weights[worlds, best] > 1.0 - weights.sum(axis=1)
        records["target_id"] = np.where(likely, observation.records["tracks"]["id"][worlds, best], 0)
        records["phase"] = carry.hands["phase"]
        records["gesture_x"], records["gesture_y"] = carry.hands["goal_x"], carry.hands["goal_y"]
        return Intent(records)


def _thought(encoded: Encoded, carry: HierarchyCarry, weights: np.ndarray) -> Thought:
    words, drawn = carry.words.numpy(), carry.drawn.copy()
    return Thought(encoded.context, words, encoded.tracks, encoded.kinds, weights, encoded.landmarks, drawn)


def _weights_now(observation: Observation, carry: HierarchyCarry) -> np.ndarray:
    """The Tactician's weights, each moved to the slot where its object is now."""
    ids = observation.records["tracks"]["id"]
    out = np.zeros((len(ids), MAX_TRACKS), np.float32)
    follow_targets_in_worlds(carry.weights_ids, carry.weights, ids, out)
    return out


def load_hierarchy(folder: Path, profile: Profile, library: Library = "torch") -> Hierarchy:
    """The Hierarchy trained into `folder`/{strategist,tactician,executor}/best_model.pt.

    Args:
        folder: of the models.
        profile: the game to be played.
        library: that computes the networks; ONNX Runtime is faster, and for one world only.

    Raises:
        CheckpointError: if one is missing, torn, or of another encoding.
    """
    brain = load_brain(folder)
    return Hierarchy(brain, profile, networks_of(brain, library))
