"""Settings of the studio: the folders that it shows, and the verbs that it can start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from understudy.recordings.store import DEFAULT_FOLDERS
from understudy.studio.command_forms import CommandForm

DISCOVERY = Path("data/discovery")
"""Default output of `understudy detector discover`."""
GAMES = Path("games")
"""Default folder of the games of `understudy new-game`, each with a folder `discovery`."""


@dataclass(frozen=True, kw_only=True)
class StudioSettings:
    """Folders and verbs of one studio."""

    models: Path = Path("models/v2")
    """Folder of the three trained policies."""
    recordings: Path | None = None
    """Folder of recordings; None for the two default folders."""
    corrections: Path = Path("logs/vlm_corrections")
    """Folder of corrections_TIMESTAMP.jsonl files."""
    logs: Path = Path("logs")
    """Folder that holds the learning curves of all runs, at any depth."""
    evaluation: Path = Path("out/evaluation")
    """Folder of the verdict.json that `understudy evaluate` or `understudy demo` wrote."""
    discovery: Path | None = None
    """Folder of a discovery; None for data/discovery and those of all games that `understudy new-game` made."""
    forms: Mapping[str, CommandForm] = field(default_factory=dict)
    """Verb -> its flags; the verbs that the page can start."""

    @property
    def recording_folders(self) -> tuple[Path, ...]:
        """The folders in which recordings are searched."""
        return DEFAULT_FOLDERS if self.recordings is None else (self.recordings,)

    @property
    def discovery_folders(self) -> tuple[Path, ...]:
        """The folders in which a discovery may lie."""
        if self.discovery is not None:
            return (self.discovery,)
        return (DISCOVERY, *sorted(path for path in GAMES.glob("*/discovery") if path.is_dir()))
