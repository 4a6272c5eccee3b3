"""Arrays, weights and gradients as a few numbers and a hash, and plain values that JSON can hold."""

import dataclasses
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

DATA = Path(__file__).resolve().parent / "data"
FIXTURES, EXPECTED = DATA / "fixtures", DATA / "expected"
HASH = "sha256"


def to_array(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def sha(value: Any) -> str:
    """SHA-256 of the bytes of an array or tensor, in C order."""
    return hashlib.sha256(np.ascontiguousarray(to_array(value)).tobytes()).hexdigest()


def digest(value: Any) -> dict[str, Any]:
    """Shape, type, hash of the bytes, and float64 sums; in sums NaN counts 0 and -inf counts -1e4."""
    array = to_array(value)
    dtype = str(array.dtype) if array.dtype.names is None else f"V{array.dtype.itemsize}"
    found: dict[str, Any] = {"shape": list(array.shape), "dtype": dtype, HASH: sha(array)}
    if array.dtype.names is None and array.dtype.kind in "fiub":
        known = np.nan_to_num(array.astype(np.float64), nan=0.0, posinf=1e4, neginf=-1e4)
        found |= {"sum": float(known.sum()), "sum_squares": float((known**2).sum())}
    return found


def digest_fields(value: Any) -> dict[str, Any]:
    """A digest of each field of a dataclass that is not None."""
    found = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    return {name: digest(each) for name, each in found.items() if each is not None}


def digest_weights(state: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Of each entry of a state dict: shape, float64 sum, norm."""
    return {
        name: {"shape": list(t.shape), "sum": float(t.double().sum()), "norm": float(t.double().norm())}
        for name, t in state.items()
    }


def total(state: dict[str, torch.Tensor]) -> dict[str, float]:
    """Sums over a whole state dict; they do not depend on names or order."""
    return {
        "num": sum(t.numel() for t in state.values()),
        "sum": math.fsum(float(t.double().sum()) for t in state.values()),
        "sum_abs": math.fsum(float(t.double().abs().sum()) for t in state.values()),
        "sum_squares": math.fsum(float((t.double() ** 2).sum()) for t in state.values()),
    }


def digest_gradients(model: torch.nn.Module) -> dict[str, dict[str, float] | None]:
    """Norm and sum of each parameter's gradient; None where it has none."""
    return {
        name: None if p.grad is None else {"norm": float(p.grad.double().norm()), "sum": float(p.grad.double().sum())}
        for name, p in model.named_parameters()
    }


def to_json(value: Any) -> Any:
    """Plain values; NaN and infinities as text, a path as its name."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_json(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): to_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [to_json(inner) for inner in value]
    if isinstance(value, np.ndarray | torch.Tensor):
        return to_json(value.tolist())
    if isinstance(value, np.generic):
        return to_json(value.item())
    if isinstance(value, Path):
        return value.name
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: Path, value: dict[str, Any]) -> None:
    """One line for each part, and for each of the parts of those that have some."""
    lines = []
    for name, part in value.items():
        if isinstance(part, dict) and part:
            inner = ",\n".join(f" {json.dumps(key)}:{_compact(each)}" for key, each in part.items())
            lines.append(f"{json.dumps(name)}:{{\n{inner}\n}}")
        else:
            lines.append(f"{json.dumps(name)}:{_compact(part)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
