"""Compares what the code computes now with what it computed before.

Numbers may differ by |a - b| / max(1, |a|) of a tolerance, the sum of an array also by its norm: another CPU or another
torch rounds differently, and many steps of Adam make more of it. Hashes are compared where they do not depend on
rounding, or where the libraries and the CPU's instructions are those that the expected values were computed with.
"""

import json
import math
import platform
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from tests.golden.digests import EXPECTED, HASH, to_json

LOSSES, MANY_STEPS = 1e-6, 1e-5
"""Tolerance of losses, gradients and totals, and of the results of many steps. With other kernels of the CPU the same
code differs by at most 1e-6, and after up to 720 steps by 4e-6."""
ARRAYS_RTOL, ARRAYS_ATOL = 1e-5, 1e-6
WITHOUT_GRADIENT = ("score.bias", "query_key_value.bias")
"""Weights that a softmax does not see: their gradient is rounding alone, which Adam blows up."""


def libraries() -> dict[str, str]:
    """What the last bits of a result depend on."""
    return {
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "onnxruntime": onnxruntime.__version__,
        "cpu": f"{_vendor()} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
    }


def _vendor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("vendor_id")), "")


@cache
def expected(name: str) -> dict[str, Any]:
    """One of data/expected/*.json."""
    values: dict[str, Any] = json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
    return values


@cache
def expected_arrays(name: str) -> dict[str, np.ndarray]:
    with np.load(EXPECTED / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def same_libraries() -> bool:
    return bool(expected("libraries") == libraries())


def skip_unless_same_libraries() -> None:
    """Skips a test that compares to the bit where torch, onnxruntime or the CPU's instructions are others."""
    before, now = expected("libraries"), libraries()
    if before != now:
        others = ", ".join(f"{name} {before[name]} (here {now[name]})" for name in before if before[name] != now[name])
        pytest.skip(f"equal to the bit only with the libraries that the expected values were computed with: {others}")


def differences(before: Any, now: Any, tolerance: float = 0.0, *, with_hashes: bool = True) -> list[str]:
    """Where two trees of plain values differ by more than a tolerance, a line each.

    Args:
        before: expected, plain.
        now: anything that `to_json` takes.
        tolerance: of floats, |a - b| / max(1, |a|); integers and texts have to be equal.
        with_hashes: also compares the hashes of float arrays.
    """
    return list(_differences(before, to_json(now), tolerance, with_hashes, ()))


def assert_same(before: Any, now: Any, tolerance: float = 0.0, *, with_hashes: bool = True) -> None:
    """Fails with the first ten differences."""
    found = differences(before, now, tolerance, with_hashes=with_hashes)
    assert not found, f"{len(found)} values are not what they were:\n" + "\n".join(found[:10])


def assert_same_arrays(name: str, now: dict[str, np.ndarray], *, exact: bool = False) -> None:
    before = expected_arrays(name)
    for key, array in now.items():
        if exact:
            np.testing.assert_array_equal(array, before[key], err_msg=key)
        else:
            np.testing.assert_allclose(array, before[key], rtol=ARRAYS_RTOL, atol=ARRAYS_ATOL, err_msg=key)


def _differences(before: Any, now: Any, tolerance: float, with_hashes: bool, place: tuple[str, ...]) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() ^ now.keys()):
            yield f"{'/'.join((*place, key))}: only {'expected' if key in before else 'computed'}"
        for key in before.keys() & now.keys():
            if not _depends_on_rounding(key, before, now, with_hashes):
                scale = _rounding_scale(before) if key == "sum" else 1.0
                yield from _differences(before[key], now[key], tolerance * scale, with_hashes, (*place, key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from _differences(one, other, tolerance, with_hashes, (*place, str(number)))
    elif not _close(before, now, tolerance):
        yield f"{'/'.join(place)}: expected {before}, computed {now}"


def _depends_on_rounding(key: str, before: dict[str, Any], now: dict[str, Any], with_hashes: bool) -> bool:
    is_float = any(str(of.get("dtype", "")).startswith(("float", "V")) for of in (before, now))
    return (key == HASH and is_float and not with_hashes) or (not with_hashes and key.endswith(WITHOUT_GRADIENT))


def _rounding_scale(digest: dict[str, Any]) -> float:
    """How much larger than of one number of size 1 the rounding of an array's sum is: errors add in quadrature.

    The sum itself says nothing of it where large numbers cancel.
    """
    squares, norm = digest.get("sum_squares"), digest.get("norm")
    if isinstance(squares, float):
        norm = math.sqrt(squares)
    return max(1.0, norm) if isinstance(norm, float) and math.isfinite(norm) else 1.0


def _close(before: Any, now: Any, tolerance: float) -> bool:
    if isinstance(before, float) and isinstance(now, float | int) and not isinstance(now, bool):
        return abs(before - now) <= tolerance * max(1.0, abs(before))
    return type(before) is type(now) and bool(before == now)
