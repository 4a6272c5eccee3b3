"""Forgets compiled code that is older than its source.

numba keys its cache on disk by the file of a function, not by the files of the functions that it calls: after a
change to a callee in another file, the caller goes on running the old code without a word. The embedded game has one
compiled entry point and gives it a fingerprint of its rules; rooms with many entry points call this instead.
"""

import hashlib
from functools import cache
from pathlib import Path

STAMP = "compiled-from"


@cache
def forget_stale_code(*rooms: Path) -> int:
    """Removes numba's cached code of some folders if any compiled source in them has changed since.

    Called before the first compiled function runs; reads the folders' files once a process. Where they cannot be
    written to, numba keeps its cache elsewhere and this does nothing: an installed package changes only by a new
    installation, which gives every file a new time, and that numba does notice.

    Args:
        rooms: folders whose compiled functions call one another; the `__pycache__` of the first remembers what the
            code was made of.

    Returns:
        How many files of compiled code were removed.
    """
    made_of = _fingerprint(rooms)
    stamp = rooms[0] / "__pycache__" / STAMP
    if stamp.exists() and stamp.read_text(encoding="ascii") == made_of:
        return 0
    num_removed = 0
    try:
        for index in (path for room in rooms for path in room.rglob("__pycache__/*.nbi")):
            index.unlink(missing_ok=True)  # the code itself (.nbc) is found through its index only
            num_removed += 1
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(made_of, encoding="ascii")
    except PermissionError:
        return num_removed
    return num_removed


def _fingerprint(rooms: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for source in sorted(path for room in rooms for path in room.rglob("*.py")):
        text = source.read_bytes()
        if b"njit" in text:
            digest.update(source.name.encode() + b"\0" + text)
    return digest.hexdigest()
