"""Looks at the children of a process from outside, by /proc; Linux only."""

import os
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """Processes that a process has started, and those that they have."""
    parents: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents.setdefault(int(_fields(status)[1]), []).append(int(status.parent.name))
        except OSError:  # it has ended meanwhile
            continue
    found, open_ends = [], [pid]
    while open_ends:
        children = parents.get(open_ends.pop(), [])
        found += children
        open_ends += children
    return found


def is_running(pid: int) -> bool:
    """Whether a process exists and has not ended; one that nobody has waited for yet has."""
    try:
        return _fields(Path(f"/proc/{pid}/stat"))[0] != "Z"
    except OSError:
        return False


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used; 0 where there is none."""
    try:
        user, system = _fields(Path(f"/proc/{pid}/stat"))[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _fields(status: Path) -> list[str]:
    """Of /proc/PID/stat, from the third on: state, parent, ... (the second, the name, may hold blanks)."""
    return status.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
