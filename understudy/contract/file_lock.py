"""File locks that mark a file as being written. The operating system releases a lock when its process dies.

Advisory on Linux and macOS (flock). On Windows other processes cannot read a locked byte, so the locked byte lies
beyond the end of any file. Closing the file releases its lock. On a file system without locks every lock is free.
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
"""Locked byte on Windows: the last that every version of its C library can seek to."""
_TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
"""Error codes for a lock that is held by another process."""
_POLL_S = 0.005


def try_lock(file: BinaryIO) -> bool:
    """Acquires the lock of an open file without waiting; returns whether it was free."""
    return _try(file, shared=False)


def wait_for_lock(file: BinaryIO, timeout_s: float) -> bool:
    """Acquires the lock of an open file, waiting up to `timeout_s` seconds; returns whether it succeeded."""
    until_s = time.perf_counter() + timeout_s
    while not try_lock(file):
        if time.perf_counter() >= until_s:
            return False
        time.sleep(_POLL_S)
    return True


def is_locked(path: Path) -> bool:
    """Returns whether any process, this one included, holds the lock of a file; False if the file cannot be opened.

    The test uses a shared lock, so that two concurrent tests do not disturb each other.
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

    def _lock(file: BinaryIO, shared: bool) -> None:  # Windows has no shared lock
        position = file.tell()
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        finally:
            file.seek(position)

else:

    def _lock(file: BinaryIO, shared: bool) -> None:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
