"""Inference backends of the three networks: torch, for any number of worlds, or ONNX Runtime, for one world.

Both compute the same function of the same weights, up to the last bits (docs/decisions/inference.md), so a recording
stores which one was used. ONNX Runtime is three to ten times as fast for a single world.
"""

import importlib.util
import io
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.policies.conditioning import CONDITIONING_WIDTH, STRATEGY_WIDTH
from understudy.policies.executor import ExecutorOutput
from understudy.policies.object_features import LANDMARK_WIDTH, TRACK_WIDTH
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.strategist import Strategy
from understudy.policies.tactician import Tactic

OPSET = 17
Library = Literal["torch", "onnxruntime"]
INPUTS: dict[str, tuple[str, ...]] = {
    "strategist": ("contexts",),
    "tactician": ("context", "strategy", "tracks", "kinds"),
    "executor": ("context", "conditioning", "tracks", "kinds", "target_probs", "landmarks"),
}
"""Policy -> names of its ONNX inputs, in the order of its module's arguments."""
OUTPUTS = {
    policy: tuple(field.name for field in fields(kind))
    for policy, kind in (("strategist", Strategy), ("tactician", Tactic), ("executor", ExecutorOutput))
}
"""Policy -> names of its ONNX outputs."""
_EXPORTING = threading.Lock()
"""Lock of the exporter, whose state and warnings are global to the process."""


@runtime_checkable
class InferenceBackend(Protocol):
    """The networks of one PolicyBundle, in evaluation mode; called like the modules."""

    @property
    def library(self) -> str:
        """Library and version; decisions are bit-identical only with the same one."""
        ...

    @property
    def strategist(self) -> Callable[[Float[Tensor, "B T F"]], Strategy] | None:
        """Mode and goal from the last seconds; None without a Strategist."""
        ...

    @property
    def tactician(self) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tactic] | None:
        """Target and route; None without a Tactician."""
        ...

    @property
    def executor(self) -> Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], ExecutorOutput]:
        """Hazards of one tick."""
        ...


class TorchBackend:
    """Runs the torch modules themselves."""

    library = f"torch {torch.__version__.partition('+')[0]}"

    def __init__(self, policies: PolicyBundle) -> None:
        self.strategist, self.tactician, self.executor = policies.strategist, policies.tactician, policies.executor
        for part in (policies.strategist, policies.tactician, policies.executor):
            if part is not None:
                part.eval()  # disables dropout


class OnnxBackend:
    """Runs the same networks in ONNX Runtime, on one thread, for one world.

    The constructor exports them in memory, about 0.3 s; live play calls it on another thread.
    """

    def __init__(self, policies: PolicyBundle) -> None:
        """Exports the networks.

        Raises:
            ImportError: without onnxruntime or onnx (`fastest_backend`).
        """
        import onnxruntime

        self.library = f"onnxruntime {onnxruntime.__version__}"
        networks = {policy: _Session(exported) for policy, exported in export_networks(policies).items()}
        self.strategist = self.tactician = None
        if "strategist" in networks:
            self.strategist = _OnnxStrategist(networks["strategist"])
        if "tactician" in networks:
            self.tactician = _Answering(networks["tactician"], Tactic)
        self.executor = _Answering(networks["executor"], ExecutorOutput)


class _Answering:
    """An exported network that returns the module's own dataclass."""

    def __init__(self, network: "_Session", answer: Callable[..., Any]) -> None:
        self._network, self._answer = network, answer

    def __call__(self, *arguments: Tensor) -> Any:
        return self._answer(*self._network(*arguments))


class _OnnxStrategist:
    """The Strategist with a fixed window; attention is causal, so padding after the last second has no effect."""

    def __init__(self, network: "_Session") -> None:
        self._padded = np.zeros(network.shapes[0], np.float32)
        self._network = network

    def __call__(self, summaries_BTF: Float[Tensor, "1 T F"]) -> Strategy:
        seconds = summaries_BTF.shape[1]
        self._padded[:, :seconds] = summaries_BTF.numpy()
        self._padded[:, seconds:] = 0.0
        mode, goal, future = self._network(torch.from_numpy(self._padded))
        return Strategy(mode[:, :seconds], goal[:, :seconds], future[:, :seconds])


class _Session:
    """One exported network in an ONNX Runtime session of its own."""

    def __init__(self, exported: "ExportedNetwork") -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(exported.onnx, options, providers=["CPUExecutionProvider"])
        self._names = tuple(exported.inputs)
        self.shapes = [tuple(value.shape) for value in exported.inputs.values()]

    def __call__(self, *arguments: Tensor) -> list[Tensor]:
        feed = {name: value.numpy() for name, value in zip(self._names, arguments, strict=True)}
        return [torch.from_numpy(value) for value in self._session.run(None, feed)]


class _Tuple(nn.Module):
    """Wraps a network to return a tuple, as the exporter requires."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *arguments: Tensor) -> tuple[Tensor, ...]:
        return tuple(value for value in vars(self.module(*arguments)).values() if value is not None)


@dataclass(frozen=True)
class ExportedNetwork:
    """One network as an ONNX model, for one world."""

    onnx: bytes
    inputs: dict[str, Tensor]
    """Name -> a tensor of the input's shape and type."""
    outputs: dict[str, Tensor]
    """Likewise."""


def export_networks(policies: PolicyBundle) -> dict[str, ExportedNetwork]:
    """Exports the networks to ONNX, with named inputs and outputs of fixed shapes, for one world.

    Raises:
        ImportError: without onnx.
    """
    tracks = (torch.zeros(1, MAX_TRACKS, TRACK_WIDTH), torch.zeros(1, MAX_TRACKS, dtype=torch.int64))
    width = policies.executor.config.layout.width
    context = torch.zeros(1, width)
    targets = (torch.zeros(1, MAX_TRACKS), torch.zeros(1, MAX_LANDMARKS, LANDMARK_WIDTH))
    networks: dict[str, tuple[nn.Module | None, tuple[Tensor, ...]]] = {
        "strategist": (policies.strategist, (torch.zeros(1, policies.window_s, width),)),
        "tactician": (policies.tactician, (context, torch.zeros(1, STRATEGY_WIDTH), *tracks)),
        "executor": (policies.executor, (context, torch.zeros(1, CONDITIONING_WIDTH), *tracks, *targets)),
    }
    return {
        policy: _export(policy, module, arguments)
        for policy, (module, arguments) in networks.items()
        if module is not None
    }


def _export(policy: str, module: nn.Module, arguments: tuple[Tensor, ...]) -> ExportedNetwork:
    """Exports by tracing: the newer exporter takes seconds, this one tenths (docs/decisions/inference.md)."""
    file, whole = io.BytesIO(), _Tuple(module).eval()
    with torch.inference_mode():
        outputs = whole(*arguments)
    names = list(OUTPUTS[policy])[: len(outputs)]  # an output that a network may lack is its last one
    with _EXPORTING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the exporter is deprecated, and that shapes are constant
        torch.onnx.export(
            whole,
            arguments,
            file,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=OPSET,
            input_names=list(INPUTS[policy]),
            output_names=names,
        )
    return ExportedNetwork(
        onnx=file.getvalue(),
        inputs=dict(zip(INPUTS[policy], arguments, strict=True)),
        outputs=dict(zip(names, outputs, strict=True)),
    )


def fastest_backend() -> Library:
    """Returns the fastest library for one world: ONNX Runtime where it is installed (some platforms lack it)."""
    installed = all(importlib.util.find_spec(name) is not None for name in ("onnxruntime", "onnx"))
    return "onnxruntime" if installed else "torch"


def make_backend(policies: PolicyBundle, library: Library) -> InferenceBackend:
    """Returns the policies' networks in torch or in ONNX Runtime."""
    return OnnxBackend(policies) if library == "onnxruntime" else TorchBackend(policies)
