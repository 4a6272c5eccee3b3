"""One rollout step of the Executor: its inputs and the action that was sampled, for PPO and online learning."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64


@dataclass(frozen=True)
class ExecutorStep:
    """A tick of B worlds (or B ticks of one); the arrays are not changed after it is made."""

    context: Float32[np.ndarray, "B F"]
    conditioning: Float32[np.ndarray, "B A"]
    """What the Strategist and the Tactician condition it on."""
    tracks: Float32[np.ndarray, "B N track_features"]
    kinds: Int64[np.ndarray, "B N"]
    target_probs: Float32[np.ndarray, "B N"]
    """The Tactician's target probabilities, each in the slot where its object is now."""
    landmarks: Float32[np.ndarray, "B L landmark_features"]
    sampled: np.ndarray
    """Records of dtype SAMPLED, shape (B,)."""
