"""What runs at the moment: trainings, runs whose curves grow, recordings that grow, and commands started here."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.learning.registry.candidates import POLICIES
from understudy.learning.registry.policy_lock import training_holder
from understudy.studio.jobs import JobRunner
from understudy.studio.recording_index import RecordingIndex

NUMBERS = "numbers.jsonl"
MAX_DEPTH = 4
"""Depth below the folder of logs in which curves are searched."""
FRESH_S = 60.0
"""A run whose curves grew within so many seconds counts as running."""
MAX_LINE_BYTES = 65_536


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One thing that runs."""

    what: str
    progress: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run with curves."""

    name: str
    """Path of its folder below the folder of logs."""
    path: Path
    """Of its numbers.jsonl."""
    changed_at: float
    """Seconds since 1970."""

    @property
    def is_fresh(self) -> bool:
        """Whether it wrote within the last minute."""
        return time.time() - self.changed_at < FRESH_S


def find_runs(logs: Path) -> list[Run]:
    """Returns the runs below a folder, the one that wrote last first; what links lead out to is left out."""
    root, found = logs.resolve(), []
    for depth in range(MAX_DEPTH):
        for path in logs.glob("*/" * depth + NUMBERS):
            try:
                if path.is_file() and path.resolve().is_relative_to(root):
                    name = path.parent.relative_to(logs).as_posix()
                    found.append(Run(name=name, path=path, changed_at=path.stat().st_mtime))
            except OSError:  # it has gone meanwhile
                continue
    return sorted(found, key=lambda run: (-run.changed_at, run.name))


def last_numbers(path: Path) -> dict[str, Any]:
    """Returns the last whole line of a numbers.jsonl; empty if there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MAX_LINE_BYTES))
            lines = file.read(MAX_LINE_BYTES).split(b"\n")[:-1]
        found = json.loads(lines[-1]) if lines else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def activities(models: Path, logs: Path, index: RecordingIndex, jobs: JobRunner) -> list[Activity]:
    """Returns what runs now, in plain words."""
    found = [
        Activity(what=job.command, progress=f"{job.state}, started here {_since(job.started_at)}")
        for job in jobs.jobs()
        if job.is_running
    ]
    for folder in (*(models / policy for policy in POLICIES), logs / "practise"):
        holder = training_holder(folder)
        if holder:
            found.append(Activity(what=f"training into {folder}", progress=f"by {holder}"))
    found += [
        Activity(what=f"curves of {run.name}", progress=_progress(last_numbers(run.path)))
        for run in find_runs(logs)
        if run.is_fresh
    ]
    found += [Activity(what=f"recording to {row.name}", progress="") for row in index.rows() if row.is_growing]
    return found


def _since(moment: float) -> str:
    minutes = int((time.time() - moment) // 60)
    return f"{minutes} min ago" if minutes else "just now"


def _progress(numbers: dict[str, Any]) -> str:
    shown = [f"step {numbers.get('step', '?')}"]
    shown += [
        f"{name} {value:.4g}" for name, value in numbers.items() if name not in ("step", "time_s") and _is_number(value)
    ]
    return ", ".join(shown[:5])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def disk_use(folders: dict[str, Path]) -> list[tuple[str, Path, int]]:
    """Returns name, path and bytes of each folder that exists; links are not followed."""
    return [(name, folder, _bytes_in(folder)) for name, folder in folders.items() if folder.is_dir()]


def _bytes_in(folder: Path) -> int:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(where, name)).st_size
            except OSError:  # it has gone meanwhile
                continue
    return total
