"""One tick as the Executor lived it: what it was asked, and what chance made of its answer; practice learns from it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64


@dataclass(frozen=True)
class ExecutorStep:
    """A tick of B worlds; the arrays are the thinker's own and are not changed any more."""

    context: Float32[np.ndarray, "B F"]
    conditioning: Float32[np.ndarray, "B A"]
    """The slower levels' words."""
    tracks: Float32[np.ndarray, "B N track_features"]
    kinds: Int64[np.ndarray, "B N"]
    target_probs: Float32[np.ndarray, "B N"]
    """The Tactician's target probabilities, each in the slot where its object is now."""
    landmarks: Float32[np.ndarray, "B L landmark_features"]
    sampled: np.ndarray
    """Records of dtype DRAWN, shape (B,)."""
