"""The three networks as the Hierarchy asks them: by torch, for any number of worlds, or by ONNX Runtime, for one.

Both compute the same function of the same weights; they differ in the last bits (docs/decisions/inference.md), so a
recording notes which of them decided. ONNX Runtime is three to ten times as fast for a single world.
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
"""The exporter and the warnings that it gives are global to the process."""


@runtime_checkable
class InferenceBackend(Protocol):
    """The networks of one brain, in evaluation mode; called as the modules are."""

    @property
    def library(self) -> str:
        """Who computes, with its version: decisions are the same to the bit with the same one only."""
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
    """The modules themselves."""

    library = f"torch {torch.__version__.partition('+')[0]}"

    def __init__(self, policies: PolicyBundle) -> None:
        self.strategist, self.tactician, self.executor = policies.strategist, policies.tactician, policies.executor
        for part in (policies.strategist, policies.tactician, policies.executor):
            if part is not None:
                part.eval()  # dropout is for training


class OnnxBackend:
    """The same networks in ONNX Runtime, on one thread, for one world at a time.

    Exported when this is made, in memory: about 0.3 s. Whoever plays leaves that to another thread.
    """

    def __init__(self, policies: PolicyBundle) -> None:
        """Exports the brain's networks.

        Raises:
            ImportError: without onnxruntime or onnx (`fastest`).
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
    """An exported network that answers with the module's own dataclass."""

    def __init__(self, network: "_Exported", answer: Callable[..., Any]) -> None:
        self._network, self._answer = network, answer

    def __call__(self, *arguments: Tensor) -> Any:
        return self._answer(*self._network(*arguments))


class _OnnxStrategist:
    """The Strategist with a look back of fixed length: attention is causal, so what is padded behind goes unseen."""

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
    """A network that answers with a tuple, which is all that the exporter knows."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *arguments: Tensor) -> tuple[Tensor, ...]:
        return tuple(vars(self.module(*arguments)).values())


def _export(module: nn.Module, arguments: tuple[Tensor, ...]) -> bytes:
    """A network as ONNX, by tracing: the newer exporter takes seconds where this one takes tenths (docs/decisions)."""
    file = io.BytesIO()
    with _EXPORTING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this exporter is the old one, and that shapes are taken as fixed
        whole = _Tuple(module).eval()
        torch.onnx.export(whole, arguments, file, dynamo=False, opset_version=OPSET)  # type: ignore[arg-type]
    return file.getvalue()


def fastest_backend() -> Library:
    """The library that decides soonest for one world: ONNX Runtime where it is installed (some platforms lack it)."""
    installed = all(importlib.util.find_spec(name) is not None for name in ("onnxruntime", "onnx"))
    return "onnxruntime" if installed else "torch"


def make_backend(policies: PolicyBundle, library: Library) -> InferenceBackend:
    """A brain's networks, computed by torch or by ONNX Runtime."""
    return OnnxBackend(policies) if library == "onnxruntime" else TorchBackend(policies)
