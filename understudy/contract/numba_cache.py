"""numba's on-disk cache: removes compiled code that is older than its sources, and provides a writable cache folder.

numba keys its cache by the file of a function, not by the files of the functions that it calls: after a change to a
callee in another file, the caller silently runs the old code. The embedded game has one compiled entry point, with a
fingerprint of its rules; packages with many entry points call `forget_stale_code`.

numba stores compiled code beside the source or in the user's cache folder, and raises at import if neither is writable:
a read-only installation, used without a home folder (a service, a container). Then `ensure_cache_folder` provides a
temporary folder for this run, which child processes use too.
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
    """Removes numba's cached code of some folders if any compiled source in them has changed.

    Call it before the first compiled function runs; reads the folders' files once per process. Does nothing in
    read-only folders, where numba's cache is elsewhere: an installed package changes only by a new installation, which
    changes the files' times, and numba detects that.

    Args:
        rooms: folders whose compiled functions call one another; the `__pycache__` of the first stores a fingerprint of
            the sources.

    Returns:
        Number of removed files of compiled code.
    """
    made_of = _fingerprint(rooms)
    stamp = rooms[0] / "__pycache__" / STAMP
    if stamp.exists() and stamp.read_text(encoding="ascii") == made_of:
        return 0
    num_removed = 0
    try:
        for index in (path for room in rooms for path in room.rglob("__pycache__/*.nbi")):
            index.unlink(missing_ok=True)  # the code itself (.nbc) is found only through its index
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
    """Sets NUMBA_CACHE_DIR to a temporary folder, removed when this process ends, if numba would find no writable one.

    Call it before the first compiled module is imported.

    Args:
        package: folder of the compiled sources.

    Returns:
        The folder, or None if numba finds a writable one.

    Raises:
        OSError: if no temporary folder can be created.
    """
    if VARIABLE in os.environ and _is_writable(Path(os.environ[VARIABLE])):
        return None
    if all(_is_writable(folder / "__pycache__") for folder in {source.parent for source in package.rglob("*.py")}):
        return None
    appdirs: Any = importlib.import_module("numba.misc.appdirs")  # has no type hints
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
    """Returns whether a folder is writable, by numba's own test."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
