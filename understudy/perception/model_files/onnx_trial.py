"""Test of an ONNX model on one grey image, in a separate process with limits (`try_model`).

A model is a program: its constants may expand to gigabytes when it is loaded, and its loops need not terminate.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.errors import CheckpointError
from understudy.contract.processes.limited_process import (
    CRASHED,
    OUT_OF_MEMORY,
    OUT_OF_TIME,
    limit_this_process,
    run_limited,
)
from understudy.perception.model_files.model_input import input_of

GREY = 114
"""Grey value of the test image. Only light libraries are imported here, as every load waits for this process."""
CPU_S, CPU_S_PER_BYTE, CPU_S_PER_BYTE_AND_PIXEL = 2.0, 50e-9, 5e-14
"""Seconds of one core: two to five times what YOLO11x takes at 640 and 1280 pixels, ten times what small ones do."""
BYTES, BYTES_PER_BYTE = 200_000_000, 4
BYTES_PER_PIXEL, BYTES_PER_PIXEL_AND_ROOT = 150, 0.1
"""Memory: twice what YOLO11x takes. Activations grow with pixels and channels, a file with channels²."""
USUAL_PIXELS = 1_600_000
"""Assumed pixels of an input where only wall-clock time can end a process."""


def _cpu_s(size: int, pixels: int = 0) -> float:
    return CPU_S + CPU_S_PER_BYTE * size + CPU_S_PER_BYTE_AND_PIXEL * size * pixels


def _bytes(size: int, pixels: int = 0) -> int:
    per_pixel = BYTES_PER_PIXEL + BYTES_PER_PIXEL_AND_ROOT * math.sqrt(size)
    return int(BYTES + BYTES_PER_BYTE * size + per_pixel * pixels)


def try_model(path: Path) -> None:
    """Loads a model and runs it on a grey image, in a separate process.

    Raises:
        CheckpointError: if it does not finish in time, needs too much memory, or cannot be run.
    """
    wall_s = 10.0 + 4.0 * _cpu_s(path.stat().st_size, USUAL_PIXELS)  # on a busy machine it gets a quarter of a core
    ended = run_limited(__name__, [str(path)], wall_s)
    if ended.answer is not None and "error" in ended.answer:
        raise CheckpointError(
            f"{path} is no ONNX model that can be run ({str(ended.answer['error'])[:150]}): export it again."
        )
    if ended.answer is None:
        raise CheckpointError(
            f"{path} {_SAYINGS[ended.fault]} while it was loaded and shown one picture: export it again as a YOLO "
            "detection model, or with a smaller input."
        )


_SAYINGS = {
    OUT_OF_TIME: "found no end",
    OUT_OF_MEMORY: "asked for more memory than a detector needs",
    CRASHED: "broke down",
}


def main() -> None:
    """Prints the result to stdout: {} on success, else {"error": ...}."""
    import onnxruntime

    path = Path(sys.argv[1])
    size = path.stat().st_size
    limit_this_process(_cpu_s(size), _bytes(size))
    try:
        answer = _run(onnxruntime, path, size)
    except MemoryError:
        raise
    except Exception as problem:  # ONNX Runtime's own errors share no base class but this
        if "bad_alloc" in str(problem) or "allocate" in str(problem).lower():
            raise MemoryError from problem
        answer = {"error": " ".join(str(problem).split())}
    sys.stdout.write(json.dumps(answer) + "\n")


def _run(onnxruntime: Any, path: Path, size: int) -> dict[str, str]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    try:
        taken = input_of(session, path)
    except CheckpointError:  # the parent finds and reports the same error
        return {}
    pixels = taken.height * taken.width
    limit_this_process(_cpu_s(size, pixels), _bytes(size, pixels))
    blank = np.full((1, 3, taken.height, taken.width), GREY / 255, np.float32)
    session.run(None, {taken.name: taken.given(blank)})
    return {}


if __name__ == "__main__":
    main()
