"""The folder of the cache: where it is, what decides an entry's place in it, what is in it, and how it is cleared.

An entry lies in VERSION/RECORDING/NAME.npz, beside its summary NAME.json. VERSION is a digest of the code that makes
entries, RECORDING one of the recording's content (its profile is part of it). So nothing in the cache is ever out of
date, only unused: folders that were not used for KEEP_DAYS are deleted when another recording is cached.
"""

import functools
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from understudy.contract.bounded_parse import parse_json
from understudy.contract.errors import WireError
from understudy.contract.safe_files import TEMPORARY_SUFFIX, replace_bytes
from understudy.contract.serialization import from_plain
from understudy.policies.encoder import ENCODING

KEEP_DAYS = 60.0
"""Days after which the entries of a recording that no training used are deleted."""
_SOURCES = (
    "contract",
    "contract/game",
    "policies",
    "policies/declared",
    "recordings",
    "learning/data",
    "learning/data/cache",
    "runtime/missed_ticks.py",
)
"""Code that decides what is in an entry; a change of any of it makes new entries."""
_NAMES = "hashes.json"
_MOST_NAMES = 100_000


def default_cache_folder() -> Path:
    """Returns the cache's folder below the user's cache folder, as the system has it."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "understudy" / "episodes"


@functools.cache
def code_version() -> str:
    """Returns a digest of the code that makes entries, and of the libraries whose results are in them."""
    root = Path(__file__).parents[3]
    digest = hashlib.sha256(f"{ENCODING} {version('numba')} {version('numpy')}".encode())
    for place in _SOURCES:
        path = root / place
        for source in [path] if path.suffix else sorted(path.glob("*.py")):
            digest.update(source.name.encode() + source.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class RecordingEntries:
    """What the cache holds of one recording, or of one version of the code."""

    folder: Path
    num_bytes: int
    used_s: float
    """Unix time of its last use."""
    is_current: bool
    """Whether this version of the code reads it."""


class EpisodeCache:
    """The cache below one folder. Processes may share it: every file is replaced atomically."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._hashes: dict[str, tuple[int, int, int, str]] | None = None

    def folder_of(self, recording_hash: str) -> Path:
        """Returns the folder for entries of a recording, by the SHA-256 of its content."""
        return self.root / code_version() / recording_hash[:40]

    def content_hash(self, path: Path) -> str:
        """Returns the SHA-256 of a file; one with the size and times of an earlier call is not read again."""
        if self._hashes is None:
            self._hashes = self._read_hashes()
        stat, name = path.stat(), str(path.absolute())
        known = self._hashes.get(name)
        key = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
        if known is None or known[:3] != key:
            with path.open("rb") as file:
                known = (*key, hashlib.file_digest(file, "sha256").hexdigest())
            self._hashes[name] = known
        return known[3]

    def save_hashes(self) -> None:
        """Keeps the hashes for the next process.

        Raises:
            OSError: if they cannot be written.
        """
        if self._hashes is not None:
            self.root.mkdir(parents=True, exist_ok=True)
            newest = dict(list(self._hashes.items())[-_MOST_NAMES:])
            replace_bytes(self.root / _NAMES, json.dumps(newest).encode())

    def _read_hashes(self) -> dict[str, tuple[int, int, int, str]]:
        try:
            text = (self.root / _NAMES).read_text(encoding="utf-8")
            return from_plain(dict[str, tuple[int, int, int, str]], parse_json(text, max_characters=10**8))
        except (OSError, ValueError, WireError):
            return {}

    def mark_used(self, recording_hash: str) -> None:
        """Notes that a recording's entries are in use now."""
        os.utime(self.folder_of(recording_hash))

    def entries(self) -> Iterator[RecordingEntries]:
        """Yields what the cache holds, recording by recording."""
        for folder in sorted(self.root.glob("*/*/")):
            with_sizes = [file.stat() for file in folder.iterdir() if file.is_file()]
            yield RecordingEntries(
                folder=folder,
                num_bytes=sum(each.st_size for each in with_sizes),
                used_s=folder.stat().st_mtime,
                is_current=folder.parent.name == code_version(),
            )

    def clear(self, unused_days: float = 0.0) -> tuple[int, int]:
        """Deletes entries that were not used for so many days, 0 for all; returns their number and bytes.

        Only folders of the cache's own layout are deleted, whatever else lies there.
        """
        before_s, num, num_bytes = time.time() - unused_days * 86400.0, 0, 0
        for entry in list(self.entries()):
            if _is_digest(entry.folder.name) and _is_digest(entry.folder.parent.name) and entry.used_s <= before_s:
                shutil.rmtree(entry.folder, ignore_errors=True)
                num, num_bytes = num + 1, num_bytes + entry.num_bytes
        if unused_days <= 0:
            (self.root / _NAMES).unlink(missing_ok=True)
        for folder in self.root.glob("*/"):
            if _is_digest(folder.name) and not any(folder.iterdir()):
                folder.rmdir()
        return num, num_bytes

    def sweep(self) -> None:
        """Deletes what was not used for KEEP_DAYS, and temporary files that a killed process left."""
        self.clear(KEEP_DAYS)
        for left in self.root.glob(f"*/*/.*{TEMPORARY_SUFFIX}"):
            if left.stat().st_mtime < time.time() - 3600.0:
                left.unlink(missing_ok=True)


def _is_digest(name: str) -> bool:
    return len(name) in (16, 40) and all(character in "0123456789abcdef" for character in name)
