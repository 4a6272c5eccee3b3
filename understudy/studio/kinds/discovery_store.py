"""Discoveries that the studio shows and changes: read again before each change, written by one, and taken back.

A change is one of `perception/discovery/edits.py`, as in the step `kinds` of `understudy new-game`. It counts only if
the file still says what the page showed, so that an answer in a terminal and a click here do not undo each other.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from understudy.contract.errors import FlagError
from understudy.contract.serialization import to_json
from understudy.perception.discovery.discovered import Discovery
from understudy.perception.discovery.discovery_files import (
    DESCRIPTION,
    TILES,
    read_discovery,
    read_tile,
    write_description,
)

MAX_UNDO = 200

Edit = Callable[[Discovery], Discovery]


@dataclass(frozen=True)
class DiscoveryRow:
    """One discovery, and the key by which a page names it."""

    key: str
    path: Path
    name: str


@dataclass(frozen=True)
class ShownDiscovery:
    """A discovery as it is now."""

    row: DiscoveryRow
    discovery: Discovery
    version: str
    """Hash of what it says."""
    can_take_back: bool


@dataclass(frozen=True)
class _Change:
    """A change of this studio, which can be taken back while the discovery is as it left it."""

    before: Discovery
    after: str
    """Version of the changed discovery."""


class DiscoveryStore:
    """The discoveries of some folders. May be used by several threads."""

    def __init__(self, folders: Callable[[], tuple[Path, ...]]) -> None:
        """Args:
        folders: returns those in which a discovery may lie; called for each look, as a new game may come.
        """
        self._folders, self._lock = folders, threading.Lock()
        self._changes: dict[str, list[_Change]] = {}

    def rows(self) -> list[DiscoveryRow]:
        """Returns the discoveries that are there."""
        found = (folder for folder in self._folders() if (folder / DESCRIPTION).is_file())
        return [DiscoveryRow(_key(folder), folder, _name(folder)) for folder in found]

    def read(self, key: str) -> ShownDiscovery:
        """Reads a discovery.

        Raises:
            FlagError: if there is none of that key.
            WireError: if it cannot be read.
        """
        row = self._row(key)
        discovery = read_discovery(row.path)
        version = version_of(discovery)
        return ShownDiscovery(row, discovery, version, self._last(key, version) is not None)

    def tile(self, key: str, kind_id: int) -> np.ndarray:
        """Returns the picture of a kind, RGB.

        Raises:
            FlagError: if there is no such kind, or its picture lies outside the discovery's folder.
            WireError: if it cannot be read.
        """
        row = self._row(key)
        discovery = read_discovery(row.path)
        try:
            inside = (row.path / TILES / discovery.kind(kind_id).tile).resolve().is_relative_to(row.path.resolve())
            if inside:
                return read_tile(row.path, discovery, kind_id)
        except KeyError:
            pass
        raise FlagError("There is no such picture.")

    def change(self, key: str, version: str, edit: Edit) -> ShownDiscovery:
        """Changes a discovery and writes it.

        Args:
            key: of the discovery.
            version: of the one that the page showed.
            edit: returns the changed one.

        Raises:
            FlagError: if the edit is refused, or the discovery was changed meanwhile.
            WireError: if it cannot be read.
            OSError: if it cannot be written.
        """
        with self._lock:
            now = self._unchanged(key, version)
            changed = edit(now.discovery)
            if changed != now.discovery:
                write_description(now.row.path, changed)
                change = _Change(now.discovery, version_of(changed))
                self._changes[key] = [*self._changes.get(key, [])[1 - MAX_UNDO :], change]
            return self.read(key)

    def take_back(self, key: str, version: str) -> ShownDiscovery:
        """Writes a discovery as it was before the last change of this studio.

        Raises:
            FlagError: if there is none, or it was changed meanwhile, before or after the page was shown.
        """
        with self._lock:
            now = self._unchanged(key, version)
            last = self._last(key, version)
            if last is None:
                raise FlagError("There is nothing to take back.")
            write_description(now.row.path, last.before)
            del self._changes[key][-1]
            return self.read(key)

    def _unchanged(self, key: str, version: str) -> ShownDiscovery:
        now = self.read(key)
        if now.version != version:
            raise FlagError("It was changed meanwhile, by another page or command: the page shows it as it is now.")
        return now

    def _last(self, key: str, version: str) -> _Change | None:
        """Returns the last change of this studio, unless another page or command changed the discovery after it."""
        changes = self._changes.get(key)
        return changes[-1] if changes and changes[-1].after == version else None

    def _row(self, key: str) -> DiscoveryRow:
        for row in self.rows():
            if row.key == key:
                return row
        raise FlagError("There is no such discovery.")


def version_of(discovery: Discovery) -> str:
    """Returns a hash of what a discovery says."""
    return hashlib.sha256(to_json(discovery).encode()).hexdigest()[:24]


def _key(folder: Path) -> str:
    return hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _name(folder: Path) -> str:
    """Returns the name of the game that a discovery belongs to, or of its folder."""
    return folder.parent.name if folder.name == "discovery" and folder.parent.name not in ("", "data") else folder.name
