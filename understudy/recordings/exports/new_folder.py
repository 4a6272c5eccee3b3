"""A folder that appears complete or not at all."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from understudy.contract.errors import RecordingError
from understudy.contract.safe_files import TEMPORARY_SUFFIX


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yields a temporary folder beside `folder`, which takes its name at the end of the block.

    After an exception nothing is left.

    Raises:
        RecordingError: if `folder` holds something already; it is left as it is.
        OSError: if it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RecordingError(f"{folder} holds something already and was left as it is")
    temporary = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
