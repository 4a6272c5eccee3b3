"""Export of ultralytics weights (best.pt) to ONNX, once; ONNX Runtime then runs them four times as fast.

The pickle in a .pt file is validated, loaded and exported in a separate process with limits on time and memory
(model_files/pt_conversion.py). ultralytics is AGPL and an optional extra; only this export uses it.
"""

import contextlib
import logging
import os
import tempfile
from pathlib import Path

from understudy.contract.errors import CheckpointError, MissingExtraError
from understudy.contract.processes.limited_process import CRASHED, OUT_OF_MEMORY, OUT_OF_TIME, run_limited

_log = logging.getLogger(__name__)

CONVERSION = "understudy.perception.model_files.pt_conversion"
MAX_BYTES = 2 * 2**30
"""Limit of a .pt file's size."""
WALL_S = 1800.0
"""Wall-clock limit, seconds, for a process that waits: its own limits are on CPU time."""
_SAYINGS = {
    OUT_OF_TIME: "found no end while it was judged and converted",
    OUT_OF_MEMORY: "asked for more memory than a detector's weights need",
    CRASHED: "broke down while it was judged and converted",
}


def convert_once(path: Path) -> Path:
    """Returns the ONNX file beside .pt weights; exports it if it is missing or older than they are.

    Raises:
        CheckpointError: if the file is missing, is no weights file, or references names that weights do not need.
        MissingExtraError: if it must be exported and ultralytics is not installed.
    """
    if not path.is_file():
        raise CheckpointError(f"There are no weights {path}: check the path given to --detector.")
    converted = path.with_suffix(".onnx")
    if converted.is_file() and converted.stat().st_mtime >= path.stat().st_mtime:
        return converted
    if path.stat().st_size > MAX_BYTES:
        raise CheckpointError(f"{path} has {path.stat().st_size / 1e9:.1f} GB, more than any detector: give another.")
    _log.info("%s is being judged, and converted to %s by ultralytics (AGPL-3.0).", path, converted)
    _convert(path, converted)
    return converted


def _convert(path: Path, converted: Path) -> None:
    """Exports to a temporary file and moves it to the target, so that the target is always complete."""
    try:
        handle, name = tempfile.mkstemp(suffix=".onnx", dir=converted.parent)
    except OSError as problem:
        raise CheckpointError(
            f"{converted} cannot be written ({problem.strerror}): copy {path.name} into a folder of your own."
        ) from problem
    os.close(handle)
    unfinished = Path(name)
    try:
        ended = run_limited(CONVERSION, [str(path), str(unfinished)], WALL_S)
        answer = ended.answer or {"refused": f"{_SAYINGS.get(ended.fault, _SAYINGS[CRASHED])} ({ended.detail})"}
        if "missing" in answer:
            raise MissingExtraError("ultralytics", "yolo")
        if "refused" in answer:
            raise CheckpointError(f"{path} {str(answer['refused'])[:500]}.")
        unfinished.replace(converted)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
