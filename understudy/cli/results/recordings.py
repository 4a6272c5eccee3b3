"""What `understudy recordings` prints with --json."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from understudy.recordings.episode import Reperception

State = Literal["whole", "torn", "growing"]
"""`torn` if something is missing or damaged, `growing` while it is recorded."""


@dataclass(frozen=True, kw_only=True)
class RecordedSessions:
    """Result of `understudy record`."""

    teacher: str
    """Style of the teacher."""
    minutes: float
    """Minutes of play, all sessions together."""
    recordings: tuple[Path, ...]
    """The recordings, one for each session."""
    num_bytes: int
    """Their size together."""


@dataclass(frozen=True, kw_only=True)
class UnusableRecording:
    """A recording that could not be handled."""

    path: Path
    """The recording."""
    problem: str
    """Why, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class RecordingSummary:
    """One recording of the list."""

    path: Path
    """The recording."""
    pilot: str
    """Who plays: `person`, `teacher:STYLE` or a policy."""
    minutes: float
    """Minutes of play, without pauses."""
    kills: float | None
    """Number of kills; null where the game does not show outcomes."""
    boxes: float | None
    """Number of collected boxes; null likewise."""
    deaths: float | None
    """Number of deaths; null likewise."""
    num_bytes: int
    """Size of the file."""
    state: State
    """`whole`, `torn` (something is missing or damaged) or `growing` (it is being recorded)."""


@dataclass(frozen=True, kw_only=True)
class RecordingsList:
    """Result of `understudy recordings list`."""

    recordings: tuple[RecordingSummary, ...]
    """Those that can be read, in the order of the table."""
    unusable: tuple[UnusableRecording, ...]
    """Those that cannot be read; the exit code is then 1."""


@dataclass(frozen=True, kw_only=True)
class RecordingPictures:
    """The pictures beside a recording."""

    path: Path
    """The video file."""
    num_pictures: int
    """Number of pictures."""
    width: int
    """Width in pixels."""
    height: int
    """Height in pixels."""
    encoder: str
    """Name of the encoder."""
    num_bytes: int
    """Size of the file."""


@dataclass(frozen=True, kw_only=True)
class RecordingDetails:
    """Everything about one recording."""

    path: Path
    """The recording."""
    game: str
    """Name of the profile."""
    world: str
    """`simulator` or `desktop`."""
    window_width: int
    """Width of the game's window in pixels."""
    window_height: int
    """Height of the game's window in pixels."""
    pilot: str
    """Who plays: `person`, `teacher:STYLE` or a policy."""
    actor_shares: dict[str, float]
    """Who acted -> share of the ticks."""
    started_at: str
    """Time of the start, ISO 8601."""
    clock: str
    """Clock of the ticks' times."""
    seed: int | None
    """Random seed of the world; null where there is none."""
    maps: tuple[str, ...]
    """Names of the visited maps."""
    num_ticks: int
    """Number of ticks."""
    duration_s: float
    """Seconds of play, without pauses."""
    rate_hz: float | None
    """Measured ticks per second; null with fewer than two ticks."""
    clicks_per_minute: float
    """Presses of mouse buttons per minute."""
    keys_per_minute: float
    """Key presses per minute."""
    num_input_events: int
    """Number of raw events of mouse and keyboard."""
    has_intents: bool
    """Whether the intents of a policy are recorded."""
    kills: float | None
    """Number of kills; null where the game does not show outcomes."""
    boxes: float | None
    """Number of collected boxes; null likewise."""
    deaths: float | None
    """Number of deaths; null likewise."""
    points: float | None
    """Value of kills and boxes; null likewise."""
    pictures: RecordingPictures | None
    """The pictures beside it; null without readable ones."""
    picture_problems: tuple[str, ...]
    """What is missing or damaged in them; no reason for an exit code of 1."""
    perceived: bool
    """Whether there are observations; false before `understudy recordings reperceive`."""
    num_reperceptions: int
    """How often perception was run again."""
    last_reperception: Reperception | None
    """The last time; null if there was none."""
    versions: dict[str, str]
    """Program -> the version that recorded."""
    state: State
    """`whole`, `torn` (something is missing or damaged) or `growing` (it is being recorded)."""
    problems: tuple[str, ...]
    """What is missing, damaged or irregular; the exit code is 1 if there is anything."""


@dataclass(frozen=True, kw_only=True)
class RecordingsInfo:
    """Result of `understudy recordings info`."""

    recordings: tuple[RecordingDetails, ...]
    """Those that can be read."""
    unusable: tuple[UnusableRecording, ...]
    """Those that cannot be read; the exit code is then 1."""


@dataclass(frozen=True, kw_only=True)
class RecordingCheck:
    """What reading one recording to its end showed."""

    path: Path
    """The recording."""
    num_ticks: int
    """Number of ticks that can be read."""
    duration_s: float
    """Seconds of play, without pauses."""
    state: State
    """`whole`, `torn` (something is missing or damaged) or `growing` (it is being recorded)."""
    problems: tuple[str, ...]
    """What is missing, damaged or irregular, in the recording and in its pictures; the exit code is 1 if there is
    anything."""


@dataclass(frozen=True, kw_only=True)
class RecordingsVerify:
    """Result of `understudy recordings verify`."""

    recordings: tuple[RecordingCheck, ...]
    """Those that can be read."""
    unusable: tuple[UnusableRecording, ...]
    """Those that cannot be read; the exit code is then 1."""


@dataclass(frozen=True, kw_only=True)
class RecordingRepair:
    """One recording after the repair."""

    path: Path
    """The recording."""
    repaired: bool
    """Whether it was rewritten; false if it was whole."""
    losses: tuple[str, ...]
    """What is lost."""


@dataclass(frozen=True, kw_only=True)
class RecordingsRepair:
    """Result of `understudy recordings repair`."""

    recordings: tuple[RecordingRepair, ...]
    """Those that are whole now."""
    unusable: tuple[UnusableRecording, ...]
    """Those that were left as they are."""


@dataclass(frozen=True, kw_only=True)
class ExportedRecording:
    """One exported recording."""

    path: Path
    """The recording."""
    out: Path
    """The file that was written; with --form lerobot or minari the data set, the same for all."""


@dataclass(frozen=True, kw_only=True)
class RecordingsExport:
    """Result of `understudy recordings export`."""

    recordings: tuple[ExportedRecording, ...]
    """Those that were exported."""
    unusable: tuple[UnusableRecording, ...]
    """Those that were not, because they cannot be read or the file is there already; the exit code is then 1."""


@dataclass(frozen=True, kw_only=True)
class PerceivedRecording:
    """One recording whose pictures were perceived again."""

    path: Path
    """The recording."""
    num_ticks: int
    """Number of ticks."""
    num_perceived: int
    """Ticks whose picture was perceived."""
    num_bridged: int
    """Ticks without a picture, whose observation continues the one before."""
    num_unknown: int
    """Ticks of which nothing is known."""
    kept: Path
    """The recording as it was before."""


@dataclass(frozen=True, kw_only=True)
class RecordingsReperceive:
    """Result of `understudy recordings reperceive`."""

    recordings: tuple[PerceivedRecording, ...]
    """Those that were replaced."""
    unusable: tuple[UnusableRecording, ...]
    """Those that were left as they are; the exit code is then 1."""


@dataclass(frozen=True, kw_only=True)
class RecordingsImport:
    """Result of `understudy recordings import`."""

    dataset: Path
    """The data set."""
    recordings: tuple[Path, ...]
    """The recordings that were written, one per episode."""
    existing: tuple[Path, ...]
    """Those that were there already and were left as they are; the exit code is then 1."""


@dataclass(frozen=True, kw_only=True)
class RecordingsCache:
    """Result of `understudy recordings cache`."""

    folder: Path
    """Folder of the cache."""
    num_recordings: int
    """Recordings whose encoding this version of the program can use."""
    num_bytes: int
    """Their size."""
    num_stale: int
    """Recordings as another version of the program encoded them."""
    stale_bytes: int
    """Their size."""
    oldest_use_days: float
    """Days since the use of the recording that was not used for the longest time."""
    num_deleted: int
    """Recordings that --clear deleted."""
    deleted_bytes: int
    """Their size."""
