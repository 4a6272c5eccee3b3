"""One writer at a time in a folder: a lock on a hidden file beside the files that may be replaced.

A lock on the file that is written would be lost when somebody puts another in its place. The lock file stays behind,
empty: taking it away would let two processes hold a lock of the same name.
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
    """Keeps every other `folder_lock` of a folder waiting, in this process and in others, until the end of the block.

    Args:
        folder: is there and can be written to.
        timeout_s: how long to wait for whoever has it.

    Raises:
        TimeoutError: if it was not free in time.
        OSError: if the lock file cannot be opened.
    """
    path = folder / LOCK_NAME
    with open_to_append(path) as file:
        if not wait_for_lock(file, timeout_s):
            raise TimeoutError(errno.ETIMEDOUT, "another process is writing there", str(path))
        yield
