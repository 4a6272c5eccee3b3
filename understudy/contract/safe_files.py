"""Creates and replaces files so that nothing is overwritten, followed or left half written.

A folder may be shared: whoever can write there could lay a symbolic link where a file is about to be written, or under
the name of a temporary file that can be guessed. So new files are created exclusively, links are never followed, and
temporary names are drawn at random. Links on the way to a folder are followed: they are the user's own choice.

All functions raise OSError as the operating system gives it: FileExistsError where a name is taken.
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
_NON_BLOCKING = getattr(os, "O_NONBLOCK", 0)  # a pipe in the place of the file must not make us wait
TEMPORARY_SUFFIX = ".partial"
REPLACE_PATIENCE_S, RETRY_S = (5.0 if sys.platform == "win32" else 0.0), 0.05
"""Windows replaces no file that is open: how long, and how often, `replace_file` tries."""


def create_new(path: Path) -> BinaryIO:
    """Creates a file that was not there and opens it for reading and writing, unbuffered.

    Raises:
        FileExistsError: if anything has that name, also a symbolic link that leads nowhere.
    """
    return open(path, "x+b", buffering=0, opener=_open_unfollowed)


def open_to_append(path: Path) -> BinaryIO:
    """Opens a file to append to its end, unbuffered; creates it where it is missing.

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
    """A temporary file, buffered, whose content takes the place of `path` at the end, whole or not at all.

    A symbolic link of that name is replaced, not followed. After an exception the old file stays as it was.
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
    """Puts `source` in the place of `target`, as os.replace does.

    Windows refuses for as long as anybody (a player who loads the new weights, a virus scanner) has the target open;
    then it is tried again for REPLACE_PATIENCE_S.

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
    """Writes `content` in the place of `path`, whole or not at all."""
    with replacing(path) as file:
        file.write(content)


def temporary_beside(path: Path) -> Path:
    """An unguessable name in the folder of `path`, hidden and with a suffix that no search for files takes."""
    return path.with_name(f".{path.name[:80]}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")


def move_to_new(source: Path, target: Path) -> None:
    """Moves a file to a name that was not taken; copies it where the target lies on another disk.

    Raises:
        FileExistsError: if anything has that name; the source stays where it is.
    """
    create_new(target).close()  # the name is ours from here on
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
    """Gives a file a second name that was not taken: a hard link, or a copy where the disk knows no links.

    The first name stays, so there is no moment at which neither exists.

    Raises:
        FileExistsError: if anything has the second name.
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
