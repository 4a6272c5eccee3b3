"""Restates the expected values from the present code, after a change that is meant to change them.

    python -m tests.golden.make_expected --check    # what would change, to the last bit; writes nothing
    python -m tests.golden.make_expected            # writes tests/golden/data/expected

Run it on one thread (OMP_NUM_THREADS=1), which it sets itself. Say in the commit which values change and why, and look
at `--check` first: a refactoring changes nothing, a merge of operations changes hashes and last bits alone.
data/fixtures holds files that an earlier version wrote. They are what users have on disk and are never made anew; a
new format adds files of its own beside them. data/fixtures/live was recorded in real time from a running policy.

Tests read the values with these tolerances (comparison.py): files, labels, worlds and the simulator exactly; losses,
gradients and totals 1e-6; results of many steps 1e-5; per-tick arrays rtol 1e-5, atol 1e-6; decisions to the bit where
torch, numpy, onnxruntime and the CPU's instructions are those of libraries.json. Whoever restates on another machine
restates libraries.json too.
"""

import argparse
import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import logging
from typing import Any

import numpy as np
import torch

from tests.golden import file_values, play_values, rl_values, supervised_values, training_values
from tests.golden.comparison import differences, expected, libraries
from tests.golden.digests import EXPECTED, FIXTURES, to_json, write_json

Values = dict[str, Any]
Arrays = dict[str, np.ndarray]


def files() -> Values:
    return {
        "recordings": {name: file_values.recording(FIXTURES / name) for name in file_values.RECORDINGS},
        "checkpoints": {name: file_values.checkpoint(FIXTURES / name) for name in file_values.CHECKPOINTS},
        "profiles": {name: file_values.profile(FIXTURES / name) for name in file_values.PROFILES},
        "two_styles_swapped": file_values.two_styles_swapped(),
        "history": file_values.history(),
        "corrections": file_values.corrections(),
        "practice": file_values.practice(),
    }


def learning(arrays: Arrays) -> Values:
    return {
        "labels": supervised_values.labels(),
        "training_parts": training_values.training_parts(),
        "tasks": supervised_values.tasks(),
        "state_names": supervised_values.state_names(),
        "executor_losses": supervised_values.executor_losses(arrays),
        "distillation": supervised_values.distillation(arrays),
        "fits": supervised_values.fits(),
        "log_probs": rl_values.log_probs(arrays),
        "ppo": rl_values.ppo(),
        "value_function": rl_values.value_function(arrays),
        "ppo_trainer": rl_values.ppo_trainer(),
        "online_learning": rl_values.online_learning(arrays),
        "shadow_learning": rl_values.shadow_learning(),
    }


def play(arrays: Arrays) -> Values:
    sessions = play_values.SESSIONS
    return {
        "replays": {name: play_values.replayed(name, models, arrays) for name, models in sessions.items()},
        "decisions": play_values.decisions(arrays),
        "worlds": play_values.worlds(),
        "simulator": play_values.simulator(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="print what would change, write nothing")
    only_check = parser.parse_args().check
    logging.disable()
    torch.set_num_threads(1)
    arrays: dict[str, Arrays] = {"learning": {}, "play": {}}
    values = {
        "libraries": libraries(),
        "files": files(),
        "learning": learning(arrays["learning"]),
        "play": play(arrays["play"]),
    }
    for name, value in values.items():
        if only_check:
            print("\n".join(f"{name}: {line}" for line in differences(expected(name), value)) or f"{name}: the same")
            continue
        write_json(EXPECTED / f"{name}.json", to_json(value))
        if name in arrays:
            np.savez_compressed(EXPECTED / f"{name}.npz", **arrays[name])


if __name__ == "__main__":
    main()
