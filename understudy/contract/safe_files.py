"""Safe file operations: exclusive creation and atomic replacement, without following symbolic links.

In a shared folder, another user could place a symbolic link at the path of the next file, or at a guessable temporary
name. So files are created exclusively, links are never followed, and temporary names are random. Links in the path of
the folder are followed: they are the user's own choice.

All functions raise the operating system's OSError: FileExistsError if a name is taken.
"""

import errno
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has neither
_NON_BLOCKING = getattr(os, "O_NONBLOCK", 0)  # opening a pipe at this path must not block
TEMPORARY_SUFFIX = ".partial"
REPLACE_PATIENCE_S, RETRY_S = (5.0 if sys.platform == "win32" else 0.0), 0.05
"""Timeout and interval, seconds, of `replace_file` on Windows, which cannot replace an open file."""


def create_new(path: Path) -> BinaryIO:
    """Creates a new file and opens it for reading and writing, unbuffered.

    Raises:
        FileExistsError: if the name is taken, even by a dangling symbolic link.
    """
    return open(path, "x+b", buffering=0, opener=_open_unfollowed)


def open_to_append(path: Path) -> BinaryIO:
    """Opens a file for appending, unbuffered; creates it if it is missing.

    Raises:
        OSError: if the name is a symbolic link, a pipe or a device.
    """
    file: BinaryIO = open(path, "ab", buffering=0, opener=_open_unfollowed)  # noqa: SIM115  the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yields a buffered temporary file, which atomically replaces `path` at the end of the block.

    A symbolic link at `path` is replaced, not followed. After an exception the old file is unchanged.
    """
    temporary = temporary_beside(path)
    try:
        with open(temporary, "xb", opener=_open_unfollowed) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        replace_file(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_file(source: Path, target: Path) -> None:
    """Replaces `target` by `source`, as os.replace does.

    Windows refuses while any process (a player that loads the new weights, a virus scanner) has the target open; then
    it retries for REPLACE_PATIENCE_S.

    Raises:
        PermissionError: if the target stays open for longer.
    """
    until_s = time.perf_counter() + REPLACE_PATIENCE_S
    while True:
        try:
            return os.replace(source, target)
        except PermissionError:
            if time.perf_counter() >= until_s:
                raise
            time.sleep(RETRY_S)


def replace_bytes(path: Path, content: bytes) -> None:
    """Atomically replaces the content of `path`."""
    with replacing(path) as file:
        file.write(content)


def temporary_beside(path: Path) -> Path:
    """Returns a random hidden path in the folder of `path`, with a suffix that no search for files matches."""
    return path.with_name(f".{path.name[:80]}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")


def move_to_new(source: Path, target: Path) -> None:
    """Moves a file to a free name; copies it if the target is on another disk.

    Raises:
        FileExistsError: if the name is taken; the source is unchanged.
    """
    create_new(target).close()  # reserves the name
    try:
        try:
            replace_file(source, target)
        except OSError as problem:
            if problem.errno != errno.EXDEV:
                raise
            _copy_over(source, target)
            source.unlink()
    except BaseException:
        with suppress(OSError):
            if source.exists():
                target.unlink(missing_ok=True)
        raise


def keep_under_new_name(path: Path, second: Path) -> None:
    """Links a file under a second, free name: a hard link, or a copy on a file system without links.

    The first name stays, so at least one of the two always exists.

    Raises:
        FileExistsError: if the second name is taken.
    """
    try:
        os.link(path, second, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        create_new(second).close()
        _copy_over(path, second)


def _copy_over(source: Path, target: Path) -> None:
    with source.open("rb") as old, replacing(target) as new:
        shutil.copyfileobj(old, new, 2**20)


def _open_unfollowed(path: str, flags: int) -> int:
    if not _NO_FOLLOW and os.path.islink(path):
        raise OSError(errno.ELOOP, "a symbolic link", path)
    return os.open(path, flags | _NO_FOLLOW | _NON_BLOCKING, 0o666)
