"""Execution providers of ONNX Runtime, by the names of `--device`: where a detector's model runs.

`auto` takes the best one that is installed; which one has to be shown by a first picture, because a provider whose
driver is missing is found out only then.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from understudy.contract.errors import CheckpointError, FlagError

Device = Literal["auto", "cpu", "cuda", "directml", "coreml", "openvino"]
MOST_THREADS = 4
"""Limit of CPU threads: a detector of YOLO11n's size gains little from more."""


@dataclass(frozen=True)
class Provider:
    """One of ONNX Runtime's execution providers."""

    device: Device
    name: str
    """ONNX Runtime's name of the provider."""
    advice: str
    """How to install it."""


PROVIDERS = (
    Provider("cuda", "CUDAExecutionProvider", "pip install 'understudy[gpu]'"),
    Provider("directml", "DmlExecutionProvider", "pip install 'understudy[directml]' (Windows)"),
    Provider("coreml", "CoreMLExecutionProvider", "on a Mac it comes with onnxruntime"),
    Provider("openvino", "OpenVINOExecutionProvider", "pip install 'understudy[openvino]'"),
    Provider("cpu", "CPUExecutionProvider", "pip install onnxruntime"),
)
"""All providers, the fastest first."""


def providers_of(device: Device, installed: Sequence[str]) -> tuple[Provider, ...]:
    """Returns the providers to try, in order.

    Args:
        device: a name of `--device`.
        installed: what this ONNX Runtime has, by its own names.

    Raises:
        FlagError: if the one that was named is not installed; names the extra.
    """
    there = tuple(one for one in PROVIDERS if one.name in installed)
    if device == "auto":
        return there
    chosen = tuple(one for one in there if one.device == device)
    if not chosen:
        (wanted,) = (one for one in PROVIDERS if one.device == device)
        raise FlagError(
            f"--device {device} was given, and the ONNX Runtime that is installed has only "
            f"{', '.join(one.device for one in there)}: {wanted.advice}; docs/manual/detector.md says how."
        )
    return chosen


def usual_threads(num_cores: int | None = None) -> int:
    """Returns the threads of a model on the CPU: half of the cores, as the game and the policies need the rest."""
    if num_cores is None:
        affinity = getattr(os, "sched_getaffinity", None)
        num_cores = len(affinity(0)) if affinity is not None else (os.cpu_count() or 1)
    return max(1, min(MOST_THREADS, num_cores // 2))


def open_session(path: Path, provider: Provider, threads: int) -> Any:
    """Opens an ONNX Runtime session with one provider; operators that it lacks run on the CPU.

    Raises:
        CheckpointError: if the model cannot be opened, or the provider did not come up.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # spinning takes a core from the policies
    options.log_severity_level = 3
    if provider.device == "directml":  # both are required by its documentation
        options.enable_mem_pattern = False
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    names = list(dict.fromkeys((provider.name, "CPUExecutionProvider")))
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=names)
    except Exception as problem:  # ONNX Runtime's own errors share no base class but this
        raise unusable(path, problem) from problem
    if provider.name not in session.get_providers():  # it falls back to the CPU and only logs why
        raise CheckpointError(f"{path} cannot run on {provider.device}: its driver or libraries did not load.")
    return session


def unusable(path: Path, problem: Exception) -> CheckpointError:
    """Returns the error for a model that ONNX Runtime cannot open or run."""
    why = " ".join(str(problem).split())[:150]
    return CheckpointError(f"{path} is no ONNX model that can be run ({why}): export it again.")
