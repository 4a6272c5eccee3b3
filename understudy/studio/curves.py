"""Learning curves as they grow: the lines of a numbers.jsonl, from the beginning and then each new one."""

import json
import math
from pathlib import Path
from typing import Any

MAX_STEP_BYTES = 4_000_000
"""Read at once; the rest follows with the next call."""
MAX_NAMES = 200
"""Numbers of one line."""
MAX_NAME = 100


class CurveTail:
    """Reads one file of numbers piece by piece. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0

    def more(self) -> list[dict[str, float | None]]:
        """Returns the lines that were added since the last call; lines of other content are skipped."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read(MAX_STEP_BYTES)
        except OSError:  # it has gone
            return []
        whole = content.rfind(b"\n") + 1
        if not whole and len(content) == MAX_STEP_BYTES:  # one endless line: no curve
            whole = len(content)
        self._offset += whole
        rows = (_numbers(line) for line in content[:whole].split(b"\n") if line)
        return [row for row in rows if row]


def _numbers(line: bytes) -> dict[str, float | None]:
    """Returns the numbers of one line; empty if it is none."""
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or len(found) > MAX_NAMES:
        return {}
    return {
        name: float(value) if value is not None and math.isfinite(value) else None
        for name, value in found.items()
        if len(name) <= MAX_NAME and (value is None or (isinstance(value, int | float) and not isinstance(value, bool)))
    }
