"""Layout of an exported folder, and config.json, which describes it.

    config.json              this module's ExchangeConfig
    motor_model.json         the hand: name of each table of MOTOR_MODEL -> its numbers
    POLICY.safetensors       the weights, float32, named as in the torch module's state dict
    POLICY.onnx              the same network for one world, with named inputs and outputs
    README.md                the model card, for people; never read back

POLICY is strategist, tactician or executor; the first two may be missing. All file names are fixed, so none is read
from a file.
"""

from dataclasses import dataclass

from understudy.policies.checkpoint import CheckpointMeta
from understudy.policies.conditioning import STRATEGIST_TICKS, TACTICIAN_TICKS
from understudy.policies.policy_bundle import SamplingConfig

FORMAT = 2
"""Version of this layout; 1, which has no `sampling.pointer_places`, is still read."""
CONFIG = "config.json"
HAND = "motor_model.json"
CARD = "README.md"
WEIGHTS, NETWORK = "{policy}.safetensors", "{policy}.onnx"
EVERY_TICKS = {"strategist": STRATEGIST_TICKS, "tactician": TACTICIAN_TICKS, "executor": 1}
"""Policy -> ticks from one run to the next, the slowest level first."""


@dataclass(frozen=True, kw_only=True)
class TensorSpec:
    """One input or output of an ONNX network."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    """As numpy names it."""


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """One policy."""

    meta: CheckpointMeta
    """Metadata of its checkpoint, without the motor model."""
    identity: str
    """`Checkpoint.identity` of its weights."""
    every_ticks: int
    """Ticks from one run to the next."""
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True, kw_only=True)
class ExchangeConfig:
    """Everything about an exported folder that is not numbers of a network or of the hand."""

    format: int
    """Version of the layout."""
    encoding: str
    """Name and version of the observation encoding (policies/encoder.py) whose features the networks take."""
    tick_rate_hz: int
    """Ticks a second."""
    sampling: SamplingConfig
    """How the Executor's output is sampled: temperatures and what they apply to."""
    networks: dict[str, NetworkSpec]
    """Policy -> its network, the slowest level first."""
    sha256: dict[str, str]
    """File -> hex digest, of all files but this and the model card."""


def files_of(policies: list[str]) -> list[str]:
    """Returns the names of the files whose digests config.json holds."""
    return [HAND, *(name.format(policy=policy) for policy in policies for name in (WEIGHTS, NETWORK))]
