"""What an Executor's hazards come to once they are tempered: arrays to draw from, the same for whoever draws."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from understudy.policies.executor import ExecutorOutput
from understudy.policies.mixture_density import to_array
from understudy.policies.policy_bundle import SamplingConfig


class ActionProbabilities(NamedTuple):
    """Probabilities of B worlds' next tick, in the order in which `act_worlds` takes them."""

    start: Float32[np.ndarray, " B"]
    """A gesture begins."""
    pointer: Float32[np.ndarray, "B C"]
    """Which candidate it goes to."""
    right: Float32[np.ndarray, " B"]
    """It is made with the right button."""
    minimap: Float32[np.ndarray, "B X 7"]
    """Mixture of its point on the minimap, as of `mixture_of`."""
    space: Float32[np.ndarray, "B X 7"]
    keys: Float32[np.ndarray, "B K"]
    """Each key goes down."""


def action_probabilities(output: ExecutorOutput, sampling: SamplingConfig) -> ActionProbabilities:
    """What is drawn from; the arrays are the caller's own."""
    return ActionProbabilities(
        start=torch.sigmoid(output.start_logit).numpy(),
        pointer=torch.softmax(tempered_pointer(output, sampling), dim=-1).numpy(),
        right=torch.sigmoid(output.right_logit).numpy(),
        minimap=to_array(output.minimap_density, sampling.minimap_temperature).numpy(),
        space=to_array(output.space_density, sampling.space_temperature).numpy(),
        keys=torch.sigmoid(output.key_logits).numpy(),
    )


def tempered_pointer(output: ExecutorOutput, sampling: SamplingConfig) -> Float[Tensor, "B C"]:
    """Logits of the candidates as they are drawn."""
    return output.pointer_logits / sampling.pointer_temperature
