"""The audit log of a policy: every decision about what plays is one line of JSON, on the disk before it takes effect.

    {"when": "2026-11-22T13:00:00+00:00", "action": "promote", "policy": "executor", "from": "1f..", "to": "9c..",
     "why": "practice, hour 3", "reason": "better: 18.9 points a minute against ...", "numbers": {...}, "seeds": {...},
     "parents": [...]}

`action` is `promote`, `refuse`, `rollback` or `abandon` (what the line before announced was never carried out). A line
that a crash tore is passed over when reading and closed off before the next one is written.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from understudy.contract.errors import CheckpointError

STAGED, HISTORY, AUDIT = "staged", "history", "audit.jsonl"
"""What lies in the folder of a policy beside its checkpoints."""
Line = dict[str, Any]


def read_audit_log(policy_folder: Path) -> list[Line]:
    """All whole lines of one policy, oldest first; none where nothing was ever decided.

    Raises:
        CheckpointError: if there is a log that cannot be read.
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
    lines = []
    for raw in content.split(b"\n"):
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        if isinstance(line, dict) and {"when", "action"} <= set(line):
            lines.append(line)
    return lines


def append_audit_entry(policy_folder: Path, line: Line) -> None:
    """Appends a line and waits until it is on the disk.

    Raises:
        CheckpointError: if it cannot be written; the log is as it was.
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
    with path.open("a+b") as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            content = content if file.read(1) == b"\n" else b"\n" + content
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)  # half a line on a full disk would only be in the way
            raise
