"""The hierarchical policy: Strategist at 1 Hz, Tactician at 5 Hz, Executor and motor model at 20 Hz, as one Pilot.

All state is in the carry, so the same policy object drives one live world or a batch of 128 evaluation worlds. Ticks
that a live world missed are filled in before the next decision, as the labels fill them in (runtime/missed_ticks.py).
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt64

from understudy.contract.action import ACTION, Action
from understudy.contract.intent import GOAL_WIDTH, INTENT, NUM_MODES, Intent, Phase
from understudy.contract.observation import Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Decision
from understudy.policies.encoder import Encoded, Encoder
from understudy.policies.executor import ExecutorOutput
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.inference_backend import InferenceBackend, Library, TorchBackend, make_backend
from understudy.policies.level_scheduler import LevelScheduler, LevelState
from understudy.policies.motor_model import MOTOR_STATE
from understudy.policies.policy_bundle import PolicyBundle, load_policies
from understudy.policies.sampling import SAMPLED, ExecutorStep, sample_actions
from understudy.runtime.missed_ticks import TickHistory


@dataclass
class HierarchicalState:
    """State of the three policies and the motor model between ticks, for B worlds."""

    levels: LevelState
    """Of the Strategist and the Tactician."""
    encoding: np.ndarray
    hands: np.ndarray
    streams: UInt64[np.ndarray, " B"]
    sampled: np.ndarray
    """Records of dtype SAMPLED, shape (B,): the random draws of the latest tick."""
    history: TickHistory = field(default_factory=TickHistory)
    """Of one live world; not used for several, which go in lockstep and miss no tick."""


class HierarchicalPolicy:
    """A Pilot that runs three trained policies at their own rates."""

    def __init__(self, policies: PolicyBundle, profile: Profile, networks: InferenceBackend | None = None) -> None:
        """Args:
        policies: the trained parts.
        profile: the game to be played.
        networks: inference backend; torch, which takes any number of worlds, when None.

        Raises:
            CheckpointError: if the features of a policy are laid out for another profile.
        """
        policies.require_layout(profile)
        self.policies = policies
        self.networks = networks or TorchBackend(policies)
        self._levels = LevelScheduler(self.networks, policies.window_s)
        self._encoder = Encoder(profile)

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """Returns the initial state of B worlds."""
        worlds = len(seeds)
        return HierarchicalState(
            levels=self._levels.start(worlds),
            encoding=self._encoder.start(worlds),
            hands=np.zeros(worlds, MOTOR_STATE),
            streams=seeds.astype(np.uint64).copy(),
            sampled=np.zeros(worlds, SAMPLED),
        )

    @torch.inference_mode()
    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Runs the levels that are due in this tick and the motor model; updates the carry in place."""
        self._bridge_missed_ticks(observation, carry)
        encoded, target_probs = self._update(observation, carry)
        context, tracks = torch.from_numpy(encoded.context), torch.from_numpy(encoded.tracks)
        kinds = torch.from_numpy(encoded.kinds)
        conditioning = carry.levels.conditioning
        output = self.networks.executor(
            context, conditioning, tracks, kinds, torch.from_numpy(target_probs), torch.from_numpy(encoded.landmarks)
        )
        action = self._act(observation, output, carry)
        self.set_done(carry, action)
        return Decision(
            action=action,
            intent=self._intent(observation, carry, target_probs),
            carry=carry,
            rollout_step=_executor_step(encoded, conditioning.numpy(), target_probs, carry.sampled),
        )

    def set_done(self, carry: Carry, action: Action) -> None:
        """Takes what was done in the latest tick, where that is not the decision: a person acted."""
        carry.history.action = action.records

    def cancel_actions(self, carry: Carry) -> None:
        """Drops gestures and keys in progress, because somebody else has acted and moved the cursor."""
        carry.hands["phase"] = Phase.IDLE
        carry.hands["key_ticks"] = carry.hands["held_ticks"] = 0

    def swap(self, policies: PolicyBundle, carry: Carry, networks: InferenceBackend | None = None) -> None:
        """Replaces the weights from the next decision on; the state in the carry stays.

        Args:
            policies: the new policies.
            carry: updated in place: its context history takes the new Strategist's window.
            networks: inference backend of the new policies; torch when None.
        """
        self.policies, self.networks = policies, networks or TorchBackend(policies)
        self._levels.swap(self.networks, policies.window_s, carry.levels)

    def _bridge_missed_ticks(self, observation: Observation, carry: HierarchicalState) -> None:
        """Passes the ticks that a live world missed to the encoder and the levels; a long gap begins a new history."""
        if len(observation) != 1:
            return
        missed = carry.history.missed_before(observation.records)
        if missed is None:
            carry.encoding, carry.levels = self._encoder.start(1), self._levels.start(1)
            return
        for row in range(len(missed)):
            self._update(Observation(missed[row : row + 1]), carry)

    def _update(self, observation: Observation, carry: HierarchicalState) -> tuple[Encoded, np.ndarray]:
        """Encodes a tick and runs the levels that are due; returns features and target probabilities, shape (B, N)."""
        encoded = self._encoder.encode(observation, carry.encoding)
        target_probs = self._levels.step(
            carry.levels,
            torch.from_numpy(encoded.context),
            torch.from_numpy(encoded.tracks),
            torch.from_numpy(encoded.kinds),
            observation.records["tracks"]["id"],
        )
        return encoded, target_probs

    def _act(self, observation: Observation, output: ExecutorOutput, carry: HierarchicalState) -> Action:
        actions = np.zeros(len(observation), ACTION)
        sample_actions(
            observation.records,
            carry.hands,
            self.policies.hand,
            self._encoder.geometry,
            carry.streams,
            ExecutorDistribution(output, self.policies.sampling).probabilities(),
            actions,
            carry.sampled,
        )
        return Action(actions)

    def _intent(self, observation: Observation, carry: HierarchicalState, target_probs: np.ndarray) -> Intent:
        records = np.zeros(len(observation), INTENT)
        strategy = carry.levels.strategy.numpy()
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


def _executor_step(
    encoded: Encoded, conditioning: np.ndarray, target_probs: np.ndarray, sampled: np.ndarray
) -> ExecutorStep:
    """Shares memory with its arguments, which no later tick changes, but `sampled`, which is copied."""
    return ExecutorStep(
        encoded.context, conditioning, encoded.tracks, encoded.kinds, target_probs, encoded.landmarks, sampled.copy()
    )


def load_hierarchy(folder: Path, profile: Profile, library: Library = "torch") -> HierarchicalPolicy:
    """Loads the policy from `folder`/{strategist,tactician,executor}/best_model.pt.

    Args:
        folder: of the models.
        profile: the game to be played.
        library: inference library; ONNX Runtime is faster, but takes one world only.

    Raises:
        CheckpointError: if a checkpoint is missing, incomplete, of another encoding or of another game.
    """
    policies = load_policies(folder, profile=profile)
    return HierarchicalPolicy(policies, profile, make_backend(policies, library))
