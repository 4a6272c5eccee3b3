"""Locks on open files that say "somebody is writing this". The system takes a lock back when its process dies.

Advisory on Linux and macOS (flock). On Windows a locked byte cannot be read by others, so the byte that is locked lies
where no file of ours reaches. A lock belongs to the open file: closing the file gives it back. On a disk that knows no
locks every lock is free.
"""

import errno
import sys
import time
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOCKED_BYTE = 2**31 - 2
"""Of Windows' lock: the last that every version of its C library can seek to."""
_TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
"""How systems say that somebody else has the lock."""
_POLL_S = 0.005


def try_lock(file: BinaryIO) -> bool:
    """Takes the lock of an open file without waiting; says whether it was free."""
    return _try(file, shared=False)


def wait_for_lock(file: BinaryIO, timeout_s: float) -> bool:
    """Takes the lock of an open file, waiting for it up to `timeout_s`; says whether it was free in time."""
    until_s = time.perf_counter() + timeout_s
    while not try_lock(file):
        if time.perf_counter() >= until_s:
            return False
        time.sleep(_POLL_S)
    return True


def is_locked(path: Path) -> bool:
    """Whether somebody, this process included, holds the lock of a file; False where the file cannot be opened.

    Looking takes a lock that others may share, so that two that only look do not get into each other's way.
    """
    try:
        with path.open("rb") as file:
            return not _try(file, shared=True)
    except OSError:
        return False


def _try(file: BinaryIO, *, shared: bool) -> bool:
    try:
        _lock(file, shared)
    except OSError as problem:
        return problem.errno not in _TAKEN
    return True


if sys.platform == "win32":

    def _lock(file: BinaryIO, shared: bool) -> None:  # a shared lock is not offered
        position = file.tell()
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        finally:
            file.seek(position)

else:

    def _lock(file: BinaryIO, shared: bool) -> None:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
