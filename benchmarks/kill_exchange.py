"""What `kill.py` needs of the verbs that write for other programs and read from them: inputs, and what may be left.

A folder whose writing was cut short must not be taken for whole by the verb that reads it back.
"""

import contextlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import smallest

from understudy.contract.errors import UnderstudyError
from understudy.policies.checkpoint import BEST, Parent, load_checkpoint, save_checkpoint
from understudy.policies.exchange.export_folder import export_policies, write_folder
from understudy.policies.exchange.import_folder import import_policies
from understudy.recordings.exports.lerobot_export import export_lerobot
from understudy.recordings.exports.lerobot_import import import_lerobot
from understudy.recordings.store import find_recordings, read_episode

POLICIES = ("strategist", "tactician", "executor")
EXPORT, SET = "export", "set"
"""Folders that a killed verb wrote."""
GIVEN_EXPORT, GIVEN_SET = "given_export", "given_set"
"""Folders that a killed verb reads."""
NUM_EPISODES = 24


def hierarchy(folder: Path) -> None:
    """Untrained policies of which the Executor names the other two as its parents, as after a training."""
    shutil.copytree(smallest.untrained_models(), folder / "models")
    levels = {policy: load_checkpoint(folder / "models" / policy / BEST, policy) for policy in POLICIES}
    parents = tuple(
        Parent(identity=levels[policy].identity, what=policy, when="2026-11-29T12:00:00+00:00")
        for policy in POLICIES[:2]
    )
    executor = levels["executor"]
    lineage = replace(executor, meta=replace(executor.meta, lineage=parents))
    save_checkpoint(folder / "models" / "executor" / BEST, lineage)


def given_export(folder: Path) -> None:
    """The untrained policies as `understudy export` writes them, made once."""
    made = smallest.FOLDER.resolve() / GIVEN_EXPORT
    if not (made / "config.json").exists():
        hierarchy(folder)
        levels = {policy: load_checkpoint(folder / "models" / policy / BEST, policy) for policy in POLICIES}
        write_folder(made, export_policies(levels), "# Untrained\n")
    shutil.copytree(made, folder / GIVEN_EXPORT)


def given_set(folder: Path) -> None:
    """Play of the hunter as a LeRobot data set of many episodes, made once."""
    made = smallest.FOLDER.resolve() / GIVEN_SET
    if not made.exists():
        episodes = [read_episode(path) for path in find_recordings(smallest.hunter_recordings())]
        export_lerobot([(episodes[number % len(episodes)], None) for number in range(NUM_EPISODES)], made)
    shutil.copytree(made, folder / GIVEN_SET)


def half_taken_for_whole(folder: Path) -> list[str]:
    """Returns one sentence for each folder that is read back as if it was whole, and is not."""
    faults = []
    export = folder / EXPORT
    with contextlib.suppress(UnderstudyError):
        levels = import_policies(export)
        if set(levels) != set(POLICIES):
            faults.append(f"a cut export is read as {sorted(levels)}")
    if (export / "config.json").exists():
        try:
            import_policies(export)
        except UnderstudyError as problem:
            faults.append(f"an export with its config.json cannot be read: {problem}")
    dataset = folder / SET
    if dataset.exists():
        total = json.loads((dataset / "meta" / "info.json").read_text(encoding="utf-8"))["total_episodes"]
        found = len(list(import_lerobot(dataset)))
        if found != total or found != len(find_recordings(folder / "recordings")):
            faults.append(f"a data set of {found} episodes says {total}")
    imported = folder / "imported"
    if (imported / "executor" / BEST).exists():
        missing = [policy for policy in POLICIES if not (imported / policy / BEST).exists()]
        faults += [f"the imported executor would play without its {policy}" for policy in missing]
    return faults
