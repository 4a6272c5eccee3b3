"""The audit log of a policy: every promotion, refusal and rollback is one line of JSON, on disk before it takes effect.

    {"when": "2026-11-22T13:00:00+00:00", "action": "promote", "policy": "executor", "from": "1f..", "to": "9c..",
     "why": "practice, hour 3", "reason": "better: 18.9 points a minute against ...", "numbers": {...}, "seeds": {...},
     "parents": [...]}

`action` is `promote`, `refuse`, `rollback` or `abandon` (the change of the line before was not applied). A torn line
is skipped when reading and terminated before the next one is written. Lines of other content are skipped too: not JSON
of this kind, or a change without `from` and `to`.
"""

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from understudy.contract.errors import CheckpointError
from understudy.contract.file_lock import wait_for_lock
from understudy.contract.safe_files import open_to_append

STAGED, HISTORY, AUDIT = "staged", "history", "audit.jsonl"
"""Names in the folder of a policy beside its checkpoints."""
Line = dict[str, Any]
CHANGES = ("promote", "rollback", "abandon")
"""Actions with `from` and `to`."""
MAX_LINE = 1_000_000
"""Bytes; longer lines are skipped."""
PATIENCE_S = 10.0


def read_audit_log(policy_folder: Path) -> list[Line]:
    """Returns all complete lines of one policy, oldest first; empty without a log.

    Raises:
        CheckpointError: if the log cannot be read.
    """
    path = policy_folder / HISTORY / AUDIT
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise CheckpointError(
            f"The audit log {path} cannot be read ({problem.strerror or problem}): check its permissions."
        ) from problem
    lines = (_parsed(raw) for raw in content.split(b"\n") if len(raw) <= MAX_LINE)
    return [line for line in lines if line is not None]


def _parsed(raw: bytes) -> Line | None:
    """Parses a line; returns None if it is invalid."""
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict):
        return None
    required = ("when", "action", "from", "to") if line.get("action") in CHANGES else ("when", "action")
    return line if all(isinstance(line.get(name), str) for name in required) else None


def append_audit_entry(policy_folder: Path, line: Line) -> None:
    """Appends a line and syncs it to disk.

    Raises:
        CheckpointError: if it cannot be written; the log is unchanged.
    """
    path = policy_folder / HISTORY / AUDIT
    content = json.dumps({"when": datetime.now(UTC).isoformat(timespec="seconds"), **line}, allow_nan=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _append(path, content.encode())
    except OSError as problem:
        raise CheckpointError(
            f"The audit log {path} cannot be written ({problem.strerror or problem}): make room or check its "
            "permissions; nothing was changed."
        ) from problem


def _append(path: Path, content: bytes) -> None:
    """Appends under the lock of the file, so that lines of two processes do not mix."""
    with open_to_append(path) as file:
        if not wait_for_lock(file, PATIENCE_S):
            raise TimeoutError(errno.ETIMEDOUT, "another process is writing to it", str(path))
        size = os.fstat(file.fileno()).st_size
        content = b"\n" + content if _is_torn(path, size) else content
        try:
            left = memoryview(content)
            while left:  # a nearly full disk may accept only part
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)  # remove the partial line
            raise


def _is_torn(path: Path, size: int) -> bool:
    """Returns whether a file ends within a line."""
    if size == 0:
        return False
    with path.open("rb") as file:
        file.seek(size - 1)
        return file.read(1) != b"\n"
