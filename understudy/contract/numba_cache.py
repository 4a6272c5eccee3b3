"""Looks after numba's compiled code: forgets what is older than its source, and finds a folder where there is none.

numba keys its cache on disk by the file of a function, not by the files of the functions that it calls: after a
change to a callee in another file, the caller goes on running the old code without a word. The embedded game has one
compiled entry point and gives it a fingerprint of its rules; rooms with many entry points call `forget_stale_code`.

numba keeps compiled code beside the source, or in the user's cache folder, and raises while a module is imported where
neither can be written to: a read-only installation, used by somebody without a home (a service, a container). Then
`ensure_cache_folder` puts the code of this run into a temporary folder, which child processes use too.
"""

import atexit
import hashlib
import importlib
import logging
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

STAMP = "compiled-from"
PACKAGE = Path(__file__).resolve().parents[1]
VARIABLE = "NUMBA_CACHE_DIR"

_log = logging.getLogger(__name__)


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
    except OSError:
        return num_removed
    return num_removed


def _fingerprint(rooms: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for source in sorted(path for room in rooms for path in room.rglob("*.py")):
        text = source.read_bytes()
        if b"njit" in text:
            digest.update(source.name.encode() + b"\0" + text)
    return digest.hexdigest()


def ensure_cache_folder(package: Path = PACKAGE) -> Path | None:
    """Sets NUMBA_CACHE_DIR to a temporary folder, removed when this process ends, if numba would find no other.

    Called before the first compiled module is imported.

    Args:
        package: folder of the compiled sources.

    Returns:
        The folder, or None if numba finds one by itself.

    Raises:
        OSError: if not even a temporary folder can be made.
    """
    if VARIABLE in os.environ and _is_writable(Path(os.environ[VARIABLE])):
        return None
    if all(_is_writable(folder / "__pycache__") for folder in {source.parent for source in package.rglob("*.py")}):
        return None
    appdirs: Any = importlib.import_module("numba.misc.appdirs")  # without types
    config: Any = importlib.import_module("numba.core.config")
    of_user = Path(appdirs.AppDirs(appname="numba", appauthor=False).user_cache_dir)
    if _is_writable(of_user):
        return None
    folder = Path(tempfile.mkdtemp(prefix="understudy-compiled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[VARIABLE] = config.CACHE_DIR = str(folder)
    _log.warning(
        "Neither %s nor %s can be written to, so compiled code is kept for this run only, and each run compiles for "
        "some 20 s: set %s to a folder that you may write to.",
        package,
        of_user,
        VARIABLE,
    )
    return folder


def _is_writable(folder: Path) -> bool:
    """Tried as numba tries it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
