"""Folder lock: one writer at a time, by a lock on a hidden file beside the files that may be replaced.

A lock on the written file itself would be lost when the file is replaced. The empty lock file is never deleted: else
two processes could hold a lock of the same name.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from understudy.contract.file_lock import wait_for_lock
from understudy.contract.safe_files import open_to_append

LOCK_NAME = ".lock"


@contextmanager
def folder_lock(folder: Path, timeout_s: float = 10.0) -> Iterator[None]:
    """Holds a folder's lock in the block; every other `folder_lock` of it, in any process, waits.

    Args:
        folder: exists and is writable.
        timeout_s: how long to wait for the present holder.

    Raises:
        TimeoutError: if the lock was not free in time.
        OSError: if the lock file cannot be opened.
    """
    path = folder / LOCK_NAME
    with open_to_append(path) as file:
        if not wait_for_lock(file, timeout_s):
            raise TimeoutError(errno.ETIMEDOUT, "another process is writing there", str(path))
        yield
