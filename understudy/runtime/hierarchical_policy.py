"""The hierarchical policy: Strategist at 1 Hz, Tactician at 5 Hz, Executor and motor model at 20 Hz, as one Pilot.

All state is in the carry, so the same policy object drives one live world or a batch of 128 evaluation worlds.
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
from understudy.policies.conditioning import (
    CONDITIONING_WIDTH,
    STRATEGIST_TICKS,
    STRATEGY_WIDTH,
    TACTICIAN_TICKS,
    concat_conditioning,
    concat_strategy,
    follow_targets_in_worlds,
)
from understudy.policies.encoder import Encoded, Encoder
from understudy.policies.executor import ExecutorOutput
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.inference_backend import InferenceBackend, Library, TorchBackend, make_backend
from understudy.policies.motor_model import MOTOR_STATE
from understudy.policies.policy_bundle import PolicyBundle, load_policies
from understudy.policies.rollout_step import ExecutorStep
from understudy.policies.sampling import SAMPLED, sample_actions


@dataclass
class HierarchicalState:
    """State of the three policies and the motor model between ticks, for B worlds."""

    tick: int
    encoding: np.ndarray
    hands: np.ndarray
    streams: UInt64[np.ndarray, " B"]
    strategy: Tensor
    conditioning: Tensor
    target_probs: np.ndarray
    target_ids: np.ndarray
    sampled: np.ndarray
    """Records of dtype SAMPLED, shape (B,): the random draws of the latest tick."""
    context_history: deque[Tensor] = field(default_factory=deque)
    strategy_slot: int = -1
    """Index of the latest slot (one second) in which the Strategist ran; -1 before the first."""
    tactic_slot: int = -1
    """Index of the latest slot (TACTICIAN_TICKS ticks) in which the Tactician ran; -1 before the first."""


class HierarchicalPolicy:
    """A Pilot that runs three trained policies at their own rates."""

    def __init__(self, policies: PolicyBundle, profile: Profile, networks: InferenceBackend | None = None) -> None:
        """Args:
        policies: the trained parts.
        profile: the game to be played.
        networks: inference backend; torch, which takes any number of worlds, when None.
        """
        self.policies = policies
        self.networks = networks or TorchBackend(policies)
        self.on_executor_step: Callable[[ExecutorStep], None] | None = None
        """Called each tick with the Executor's inputs and the sampled decision; RL collects its rollouts here."""
        self._encoder = Encoder(profile)

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """Returns the initial state of B worlds."""
        worlds = len(seeds)
        return HierarchicalState(
            tick=0,
            encoding=self._encoder.start(worlds),
            hands=np.zeros(worlds, MOTOR_STATE),
            streams=seeds.astype(np.uint64).copy(),
            strategy=torch.zeros(worlds, STRATEGY_WIDTH),
            conditioning=torch.zeros(worlds, CONDITIONING_WIDTH),
            target_probs=np.zeros((worlds, MAX_TRACKS), np.float32),
            target_ids=np.zeros((worlds, MAX_TRACKS), np.int32),
            sampled=np.zeros(worlds, SAMPLED),
            context_history=deque(maxlen=self.policies.strategist.config.window_s if self.policies.strategist else 1),
        )

    @torch.inference_mode()
    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Runs the levels that are due in this tick and the motor model; updates the carry in place."""
        encoded = self._encoder.encode(observation, carry.encoding)
        context, tracks = torch.from_numpy(encoded.context), torch.from_numpy(encoded.tracks)
        kinds = torch.from_numpy(encoded.kinds)
        if carry.tick // STRATEGIST_TICKS > carry.strategy_slot:
            carry.strategy_slot = carry.tick // STRATEGIST_TICKS
            self._run_strategist(context, carry)
        if carry.tick // TACTICIAN_TICKS > carry.tactic_slot:
            carry.tactic_slot = carry.tick // TACTICIAN_TICKS
            self._run_tactician(context, tracks, kinds, observation, carry)
        weights = _current_target_probs(observation, carry)
        output = self.networks.executor(
            context, carry.conditioning, tracks, kinds, torch.from_numpy(weights), torch.from_numpy(encoded.landmarks)
        )
        action = self._act(observation, output, carry)
        if self.on_executor_step is not None:
            self.on_executor_step(_executor_step(encoded, carry, weights))
        carry.tick += 1
        return Decision(action, self._intent(observation, carry, weights, encoded), carry)

    def skip_ticks(self, carry: Carry, num_ticks: int) -> None:
        """Advances the tick count past ticks without a decision; a level that was due in them runs in the next tick."""
        carry.tick += num_ticks

    def cancel_actions(self, carry: Carry) -> None:
        """Drops gestures and keys in progress, because somebody else has acted and moved the cursor."""
        carry.hands["phase"] = Phase.IDLE
        carry.hands["key_ticks"] = 0

    def swap(self, policies: PolicyBundle, carry: Carry, networks: InferenceBackend | None = None) -> None:
        """Replaces the weights from the next decision on; the state in the carry stays.

        Args:
            policies: the new policies.
            carry: updated in place: its context history takes the new Strategist's window.
            networks: inference backend of the new policies; torch when None.
        """
        self.policies, self.networks = policies, networks or TorchBackend(policies)
        window_s = policies.strategist.config.window_s if policies.strategist else 1
        carry.context_history = deque(carry.context_history, maxlen=window_s)

    def _run_strategist(self, context_BF: Tensor, carry: HierarchicalState) -> None:
        if self.networks.strategist is None:
            return
        carry.context_history.append(context_BF)
        output = self.networks.strategist(torch.stack(tuple(carry.context_history), dim=1))
        carry.strategy = concat_strategy(torch.softmax(output.mode_logits[:, -1], dim=-1), output.goal[:, -1])
        carry.conditioning = torch.cat([carry.strategy, carry.conditioning[:, STRATEGY_WIDTH:]], dim=-1)

    def _run_tactician(
        self, context_BF: Tensor, tracks: Tensor, kinds: Tensor, observation: Observation, carry: HierarchicalState
    ) -> None:
        if self.networks.tactician is None:
            return
        output = self.networks.tactician(context_BF, carry.strategy, tracks, kinds)
        probabilities = torch.softmax(output.target_logits, dim=-1)
        carry.conditioning = concat_conditioning(carry.strategy, output.route, probabilities[:, -1])
        carry.target_probs = probabilities[:, :-1].numpy()
        carry.target_ids = observation.records["tracks"]["id"].copy()

    def _act(self, observation: Observation, output: ExecutorOutput, carry: HierarchicalState) -> Action:
        actions = np.zeros(len(observation), ACTION)
        sample_actions(
            observation.records,
            carry.hands,
            self.policies.hand,
            self._encoder.geometry,
            carry.streams,
            *ExecutorDistribution(output, self.policies.sampling).probabilities(),
            actions,
            carry.sampled,
        )
        return Action(actions)

    def _intent(
        self, observation: Observation, carry: HierarchicalState, target_probs: np.ndarray, encoded: Encoded
    ) -> Intent:
        records = np.zeros(len(observation), INTENT)
        strategy = carry.strategy.numpy()
        records["mode_probabilities"] = strategy[:, :NUM_MODES]
        records["mode"] = np.argmax(strategy[:, :NUM_MODES], axis=1) if self.policies.strategist else -1
        records["goal"] = strategy[:, NUM_MODES : NUM_MODES + GOAL_WIDTH]
        records["target_probabilities"] = target_probs
        best = np.argmax(target_probs, axis=1)
        worlds = np.arange(len(observation))
        likely = target_probs[worlds, best] > 1.0 - target_probs.sum(axis=1)
        records["target_id"] = np.where(likely, observation.records["tracks"]["id"][worlds, best], 0)
        records["phase"] = carry.hands["phase"]
        records["gesture_x"], records["gesture_y"] = carry.hands["goal_x"], carry.hands["goal_y"]
        return Intent(records)


def _executor_step(encoded: Encoded, carry: HierarchicalState, target_probs: np.ndarray) -> ExecutorStep:
    conditioning, sampled = carry.conditioning.numpy(), carry.sampled.copy()
    return ExecutorStep(
        encoded.context, conditioning, encoded.tracks, encoded.kinds, target_probs, encoded.landmarks, sampled
    )


def _current_target_probs(observation: Observation, carry: HierarchicalState) -> np.ndarray:
    """Returns the Tactician's target probabilities in the current slots of their objects, matched by track id."""
    ids = observation.records["tracks"]["id"]
    out = np.zeros((len(ids), MAX_TRACKS), np.float32)
    follow_targets_in_worlds(carry.target_ids, carry.target_probs, ids, out)
    return out


def load_hierarchy(folder: Path, profile: Profile, library: Library = "torch") -> HierarchicalPolicy:
    """Loads the policy from `folder`/{strategist,tactician,executor}/best_model.pt.

    Args:
        folder: of the models.
        profile: the game to be played.
        library: inference library; ONNX Runtime is faster, but takes one world only.

    Raises:
        CheckpointError: if a checkpoint is missing, incomplete, or of another encoding.
    """
    policies = load_policies(folder)
    return HierarchicalPolicy(policies, profile, make_backend(policies, library))
