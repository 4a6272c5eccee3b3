"""The folder of a new game: where each step leaves its files, and which steps are done."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from understudy.contract.errors import FlagError, WireError
from understudy.contract.safe_files import replace_bytes
from understudy.contract.serialization import from_json, to_json

StepName = Literal["window", "play", "discover", "kinds", "detector", "perceive", "train", "run"]
STEPS: tuple[StepName, ...] = get_args(StepName)
"""In their order."""
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What is saved about the steps."""

    format: int = FORMAT
    name: str
    """The game's."""
    window_title: str = ""
    """Of the game's window, as it was when the step `window` was done."""
    done: dict[str, str] = field(default_factory=dict)
    """Step -> what it reached, one sentence."""

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"it has format {self.format}, this version reads format {FORMAT}")
        unknown = set(self.done) - set(STEPS)
        if unknown:
            raise ValueError(f"it names unknown steps: {', '.join(sorted(unknown))}")


class GameFolder:
    """Paths and progress of one new game. Steps write into the folder, and `finish` notes that they are done."""

    def __init__(self, folder: Path, name: str) -> None:
        """Reads the progress, if there is any.

        Raises:
            FlagError: if the folder belongs to another game, or its progress cannot be read.
        """
        self.folder = folder
        self.progress = Progress(name=name)
        if self._file.exists():
            self.progress = _read(self._file)
            if self.progress.name != name:
                raise FlagError(f"{folder} holds the game {self.progress.name!r}, not {name!r}: give another --folder.")

    @property
    def profile(self) -> Path:
        """The game's profile."""
        return self.folder / f"{self.progress.name}.toml"

    @property
    def screenshot(self) -> Path:
        """The window as it was when the step `window` was done."""
        return self.folder / "window.png"

    @property
    def play(self) -> Path:
        """Recordings of pictures and input, as they were made; nothing changes them."""
        return self.folder / "play"

    @property
    def discovery(self) -> Path:
        """What was found in the pictures."""
        return self.folder / "discovery"

    @property
    def detector(self) -> Path:
        """Weights of the game's detector."""
        return self.folder / "detector.onnx"

    @property
    def recordings(self) -> Path:
        """The play again, perceived by the game's detector: what is learnt from."""
        return self.folder / "recordings"

    @property
    def models(self) -> Path:
        """The three policies."""
        return self.folder / "models"

    @property
    def logs(self) -> Path:
        """TensorBoard's."""
        return self.folder / "logs"

    @property
    def next_step(self) -> StepName | None:
        """The first step that is not done; None if all are."""
        return next((step for step in STEPS if step not in self.progress.done), None)

    def finish(self, step: StepName, reached: str, window_title: str | None = None) -> None:
        """Notes that a step is done; all later ones have to be done again, because they build on it."""
        done = {name: words for name, words in self.progress.done.items() if STEPS.index(name) < STEPS.index(step)}
        title = self.progress.window_title if window_title is None else window_title
        self._save(replace(self.progress, done=done | {step: reached}, window_title=title))

    def redo_from(self, step: StepName) -> None:
        """Forgets that a step and all later ones are done; their files stay until they are written again."""
        done = {name: words for name, words in self.progress.done.items() if STEPS.index(name) < STEPS.index(step)}
        self._save(replace(self.progress, done=done))

    @property
    def _file(self) -> Path:
        return self.folder / "progress.json"

    def _save(self, progress: Progress) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        replace_bytes(self._file, f"{to_json(progress)}\n".encode())
        self.progress = progress


def _read(path: Path) -> Progress:
    try:
        return from_json(Progress, path.read_text(encoding="utf-8"))
    except (WireError, OSError, UnicodeDecodeError) as problem:
        raise FlagError(
            f"{path} cannot be read ({problem}): delete it to start over, or give another --folder."
        ) from None
