"""Mutations of good profiles, checkpoints and ONNX models, opened as the product opens them.

    python benchmarks/fuzz_models.py --profiles 6000 --checkpoints 2600 --onnx 500 --seed 0

benchmarks/fuzz_case.py says what counts as a fault; exit code 1 where there is one.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from fuzz_case import run
from fuzz_checkpoints import CHECKPOINTS_FUZZ
from fuzz_onnx import ONNX_FUZZ
from fuzz_profiles import PROFILES_FUZZ

KINDS = {kind.name: kind for kind in (PROFILES_FUZZ, CHECKPOINTS_FUZZ, ONNX_FUZZ)}
"""By the name of their flag."""
SHOWN = 5
"""Faults of a kind that are printed in full."""


def main() -> int:
    """Prints one line a kind, and the first faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in KINDS:
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    counts = vars(parser.parse_args())
    num_faults = 0
    for name, kind in KINDS.items():
        if counts[name]:
            begun_s = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                report = run(kind, counts[name], counts["seed"], Path(folder))
            print(
                f"{name}: {dict(report.outcomes)}, longest {report.longest_s:.1f} s, most memory on top "
                f"{report.most_bytes / 1e6:.0f} MB, {time.perf_counter() - begun_s:.0f} s in all"
            )
            for detail in report.details[:SHOWN]:
                print(f"  {detail}")
            num_faults += report.num_faults
    return min(num_faults, 1)


if __name__ == "__main__":
    sys.exit(main())
