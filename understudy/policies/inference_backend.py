"""Inference backends of the three networks: torch, for any number of worlds, or ONNX Runtime, for one world.

Both compute the same function of the same weights, up to the last bits (docs/decisions/inference.md), so a recording
stores which one was used. ONNX Runtime is three to ten times as fast for a single world.
"""

import importlib.util
import io
import threading
import warnings
from collections.abc import Callable
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.policies.conditioning import CONDITIONING_WIDTH, STRATEGY_WIDTH
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.executor import ExecutorOutput
from understudy.policies.object_features import LANDMARK_WIDTH, TRACK_WIDTH
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.strategist import Strategist, Strategy
from understudy.policies.tactician import Tactic

OPSET = 17
Library = Literal["torch", "onnxruntime"]
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
        one_object = (torch.zeros(1, MAX_TRACKS, TRACK_WIDTH), torch.zeros(1, MAX_TRACKS, dtype=torch.int64))
        context = torch.zeros(1, CONTEXT_WIDTH)
        self.strategist = None if policies.strategist is None else _OnnxStrategist(policies.strategist)
        self.tactician = None
        if policies.tactician is not None:
            tactician = _Exported(policies.tactician, (context, torch.zeros(1, STRATEGY_WIDTH), *one_object))
            self.tactician = _Answering(tactician, Tactic)
        told = (torch.zeros(1, MAX_TRACKS), torch.zeros(1, MAX_LANDMARKS, LANDMARK_WIDTH))
        executor = _Exported(policies.executor, (context, torch.zeros(1, CONDITIONING_WIDTH), *one_object, *told))
        self.executor = _Answering(executor, ExecutorOutput)


class _Answering:
    """An exported network that returns the module's own dataclass."""

    def __init__(self, network: "_Exported", answer: Callable[..., Any]) -> None:
        self._network, self._answer = network, answer

    def __call__(self, *arguments: Tensor) -> Any:
        return self._answer(*self._network(*arguments))


class _OnnxStrategist:
    """The Strategist with a fixed window; attention is causal, so padding after the last second has no effect."""

    def __init__(self, strategist: Strategist) -> None:
        self._padded = np.zeros((1, strategist.config.window_s, CONTEXT_WIDTH), np.float32)
        self._network = _Exported(strategist, (torch.from_numpy(self._padded),))

    def __call__(self, summaries_BTF: Float[Tensor, "1 T F"]) -> Strategy:
        seconds = summaries_BTF.shape[1]
        self._padded[:, :seconds] = summaries_BTF.numpy()
        self._padded[:, seconds:] = 0.0
        mode, goal, future = self._network(torch.from_numpy(self._padded))
        return Strategy(mode[:, :seconds], goal[:, :seconds], future[:, :seconds])


class _Exported:
    """One network in an ONNX Runtime session of its own."""

    def __init__(self, module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            _export(module, arguments), options, providers=["CPUExecutionProvider"]
        )
        self._names = [given.name for given in self._session.get_inputs()]

    def __call__(self, *arguments: Tensor) -> list[Tensor]:
        feed = {name: value.numpy() for name, value in zip(self._names, arguments, strict=True)}
        return [torch.from_numpy(value) for value in self._session.run(None, feed)]


class _Tuple(nn.Module):
    """Wraps a network to return a tuple, as the exporter requires."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *arguments: Tensor) -> tuple[Tensor, ...]:
        return tuple(vars(self.module(*arguments)).values())


def _export(module: nn.Module, arguments: tuple[Tensor, ...]) -> bytes:
    """Exports a network to ONNX by tracing: the newer exporter takes seconds, this one tenths (docs/decisions)."""
    file = io.BytesIO()
    with _EXPORTING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the exporter is deprecated, and that shapes are constant
        whole = _Tuple(module).eval()
        torch.onnx.export(whole, arguments, file, dynamo=False, opset_version=OPSET)  # type: ignore[arg-type]
    return file.getvalue()


def fastest_backend() -> Library:
    """Returns the fastest library for one world: ONNX Runtime where it is installed (some platforms lack it)."""
    installed = all(importlib.util.find_spec(name) is not None for name in ("onnxruntime", "onnx"))
    return "onnxruntime" if installed else "torch"


def make_backend(policies: PolicyBundle, library: Library) -> InferenceBackend:
    """Returns the policies' networks in torch or in ONNX Runtime."""
    return OnnxBackend(policies) if library == "onnxruntime" else TorchBackend(policies)
