"""Validates and exports ultralytics weights: the child process of `convert_once`, which imports torch.

    python -m understudy.perception.model_files.pt_conversion WEIGHTS ONNX

A .pt file is a pickle that names classes and functions to call. Three protections, all of them torch's: its names are
listed without executing it (`get_unsafe_globals_in_checkpoint`), and an unneeded name rejects the file; the rest is
loaded with `weights_only=True`, also by ultralytics itself (TORCH_FORCE_WEIGHTS_ONLY_LOAD); and a name creates an empty
object of its class without calling the constructor, which in ultralytics may evaluate text.
Prints {"onnx": path}, {"missing": package} or {"refused": "what is wrong with it"}, one line of JSON.
"""

import importlib
import importlib.util
import io
import json
import os
import pathlib
import pickle
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from understudy.contract.processes.limited_process import end_with_starter, limit_this_process
from understudy.contract.torch_archive import PICKLE, ZIP_MAGIC, OddArchiveError, archive_records, packed_archive

MODULES = re.compile(r"(torch\.nn\.modules|ultralytics\.nn|ultralytics\.utils\.(loss|tal))(\.[a-z]\w*)*\.[A-Z]\w*")
"""Allowed classes: layers, and those of the loss in weights that were not stripped."""
PLAIN = re.compile(
    r"pathlib\.(Pure)?(Posix|Windows)?Path|ultralytics\.utils\.IterableSimpleNamespace"
    r"|numpy\.(_core|core)\.multiarray\.scalar|numpy\.dtype|numpy\.dtypes\.(Float|Int|UInt|Bool)[0-9]*DType"
)
"""Other allowed names in weights of ultralytics: paths, settings and scalars."""
JUDGE_CPU_S, JUDGE_S_PER_BYTE, JUDGE_BYTES = 5.0, 1e-7, 1_000_000_000
EXPORT_CPU_S, EXPORT_S_PER_BYTE, EXPORT_BYTES = 120.0, 4e-6, 4_000_000_000
BYTES_PER_BYTE = 10
"""Limits: about twenty times what the validation of YOLO11n takes, and ten times what its export takes."""
OFFLINE = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}
"""Environment: ultralytics prompts for nothing and installs nothing, and torch.load always runs weights-only."""


class RefusedError(Exception):
    """Reason for rejecting a file, as the predicate of a sentence."""


def main() -> None:
    """Prints the result to stdout."""
    end_with_starter()
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    os.environ.update(OFFLINE)
    try:
        archive = _archive(source)
        import torch

        answer = _convert(torch, archive, target)
    except RefusedError as refusal:
        answer = {"refused": str(refusal)}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


def _convert(torch: Any, archive: bytes, target: Path) -> dict[str, str]:
    size = len(archive)
    limit_this_process(JUDGE_CPU_S + JUDGE_S_PER_BYTE * size, JUDGE_BYTES + BYTES_PER_BYTE * size)
    names = judged_names(torch, archive)
    if importlib.util.find_spec("ultralytics") is None:
        return {"missing": "ultralytics"}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["YOLO_CONFIG_DIR"] = folder
        copy = Path(folder, "weights.pt")
        copy.write_bytes(archive)
        import ultralytics  # noqa: F401 (its own settings are read before the limits)

        limit_this_process(JUDGE_CPU_S + JUDGE_S_PER_BYTE * size, JUDGE_BYTES + BYTES_PER_BYTE * size)
        torch.serialization.add_safe_globals([entry for name in names for entry in _safe_entries(torch, name)])
        _require_loadable(torch, archive)
        limit_this_process(EXPORT_CPU_S + EXPORT_S_PER_BYTE * size, EXPORT_BYTES + BYTES_PER_BYTE * size)
        shutil.copyfile(_export(copy), target)
    return {"onnx": str(target)}


def _archive(source: Path) -> bytes:
    raw = source.read_bytes()
    if not raw.startswith(ZIP_MAGIC):
        raise RefusedError("is no weights file as torch writes it: give a best.pt, or an .onnx")
    try:
        records = archive_records(raw)
    except OddArchiveError as problem:
        raise RefusedError(f"{problem}, which no weights do: nothing of it was run; delete it") from None
    except Exception as problem:
        raise RefusedError(f"is no weights file as torch writes it ({str(problem)[:80]}): give a best.pt") from None
    if PICKLE not in records:
        raise RefusedError("is no weights file as torch writes it: give a best.pt, or an .onnx")
    return packed_archive(records)


def judged_names(torch: Any, archive: bytes) -> list[str]:
    """Returns the pickle's names that are not on torch's safe list; rejects those that weights do not need."""
    try:
        names = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(archive)))
    except Exception as problem:
        raise RefusedError(
            f"cannot be read through ({_short(problem)}): export it to ONNX where it was trained"
        ) from None
    for name in names:
        if not (MODULES.fullmatch(name) or PLAIN.fullmatch(name)):
            raise RefusedError(
                f"would run {name[:80]!r} when it is loaded, which no weights of ultralytics need: nothing of it was "
                "run; get the weights from whoever trained them, as ONNX"
            )
    return names


def _safe_entries(torch: Any, name: str) -> list[tuple[Any, str]]:
    """Returns what torch may load for a name: for a layer class, an empty object made without its constructor."""
    if name.startswith("pathlib."):
        return [(pathlib.PurePath, name)]
    module, _, attribute = name.rpartition(".")
    if name.startswith("numpy.core"):
        module = module.replace("numpy.core", "numpy._core")  # its present name
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        raise RefusedError(
            f"was made with another version of ultralytics, which has {name[:80]!r}: export it to ONNX where it was "
            "trained"
        ) from None
    if name == "numpy.dtype":  # it creates objects of classes that no pickle names
        return [(found, name), *((type(found(code)), f"\n{code}") for code in "?bhilqBHILQefd")]
    if name.startswith("numpy."):
        return [(found, name)]
    is_class = isinstance(found, type) and found.__module__ == module
    if not is_class or not (issubclass(found, torch.nn.Module) or module.startswith("ultralytics.utils")):
        raise RefusedError(f"would run {name[:80]!r} when it is loaded, which is no layer: nothing of it was run")
    return [(_empty_object_of(found), name), (found, f"\n{name}")]  # no pickle can name what begins with a newline


def _empty_object_of(kind: Any) -> type:
    """Returns a class whose call, without arguments, creates an empty object of another class."""

    def new(_: type, *arguments: Any) -> Any:
        if arguments:
            raise pickle.UnpicklingError(f"calls the constructor of {kind.__name__}")
        return kind.__new__(kind)

    return type(kind.__name__, (), {"__new__": new})


def _require_loadable(torch: Any, archive: bytes) -> None:
    try:
        content = torch.load(io.BytesIO(archive), map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as problem:
        raise RefusedError(
            f"cannot be loaded safely ({_short(problem)}): export it to ONNX where it was trained"
        ) from None
    model = content.get("ema") or content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, torch.nn.Module):
        raise RefusedError("holds no model of ultralytics: give the best.pt of a training")


def _export(weights: Path) -> Path:
    from ultralytics import YOLO

    try:
        return Path(YOLO(str(weights)).export(format="onnx", simplify=False, device="cpu"))
    except MemoryError:
        raise
    except Exception as problem:  # ultralytics raises exceptions of any type
        raise RefusedError(
            f"could not be converted by ultralytics ({_short(problem)}): export it to ONNX where it was trained"
        ) from None


def _short(problem: Exception) -> str:
    reason = str(problem).rpartition("WeightsUnpickler error:")[2]  # torch surrounds it with hints
    return " ".join(reason.partition("Check the documentation")[0].split())[:120]


if __name__ == "__main__":
    main()
