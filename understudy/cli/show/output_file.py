"""Atomic writing of a verb's output file, replacing an existing file."""

import os
from pathlib import Path

from understudy.contract.safe_files import replace_bytes

DEVICES = Path("/dev")


def write_output(path: Path, content: bytes) -> None:
    """Writes a file atomically and creates its folder.

    A symbolic link of that name is replaced, not followed. A device or a pipe, such as /dev/stdout, is written to.

    Raises:
        OSError: if that fails; an existing file is then unchanged.
    """
    if is_device(path):
        path.write_bytes(content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(path, content)


def is_device(path: Path) -> bool:
    """Whether a path is a device or a pipe, itself or (in /dev) by a link."""
    is_special = path.exists() and not path.is_file() and not path.is_dir()
    return is_special and (not os.path.islink(path) or path.absolute().parent == DEVICES)
