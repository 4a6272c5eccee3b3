"""What `understudy detector` prints with --json."""

from dataclasses import dataclass
from pathlib import Path

from understudy.learning.detector.class_quality import ClassQuality


@dataclass(frozen=True, kw_only=True)
class DetectedObject:
    """One object; lengths are fractions of the picture's width or height."""

    label: str
    """Class of the detector."""
    kind: str | None
    """Kind of the profile; null if it has none for this class."""
    confidence: float
    """Confidence, 0 to 1."""
    x: float
    """Horizontal centre."""
    y: float
    """Vertical centre."""
    width: float
    """Width."""
    height: float
    """Height."""


@dataclass(frozen=True, kw_only=True)
class DetectorLook:
    """Result of `understudy detector look`."""

    objects: tuple[DetectedObject, ...]
    """The objects."""
    took_ms: float
    """Duration of one detection in milliseconds."""
    cpu_ms: float
    """Processor time of one detection in milliseconds."""
    runs_on: str
    """Where the detector runs."""
    out: Path | None
    """The picture with boxes; null if none was written."""


@dataclass(frozen=True, kw_only=True)
class TrainedDetector:
    """Result of `understudy detector train`; after Ctrl-C the exit code is 130."""

    detector: Path
    """The ONNX file."""
    checkpoint: Path
    """The checkpoint of the best epoch, for --start."""
    map50: float
    """Mean average precision at an overlap (IoU) of 0.5 on held-out pictures."""
    classes: tuple[ClassQuality, ...]
    """Each class on the held-out pictures."""
    num_training: int
    """Pictures that were learnt from."""
    num_held_out: int
    """Pictures that were not."""
    num_parameters: int
    """Weights of the network."""
    num_steps: int
    """Training steps."""
    seconds: float
    """Duration of the training in seconds."""
    finished: bool
    """False after Ctrl-C."""


@dataclass(frozen=True, kw_only=True)
class ConvertedDetector:
    """Result of `understudy detector convert`."""

    weights: Path
    """The .pt file."""
    detector: Path
    """The ONNX file beside it."""


@dataclass(frozen=True, kw_only=True)
class ChosenFrames:
    """Result of `understudy detector frames`."""

    recording: Path
    """The recording."""
    num_pictures: int
    """Its pictures."""
    num_chosen: int
    """Pictures that were written."""
    images: Path
    """Their folder."""
    labels: Path
    """The folder for their labels."""
    data: Path
    """data.yaml with the names of the classes."""
    problems: tuple[str, ...]
    """One sentence for each part of the video that could not be read."""


@dataclass(frozen=True, kw_only=True)
class DiscoveredKind:
    """One kind of object; lengths are fractions of the window."""

    id: int
    """Number of the kind."""
    suggested_role: str | None
    """Role by its behaviour, such as LOOT; null if nothing speaks for one."""
    num_sightings: int
    """Sightings in the frames that were searched at regular times."""
    num_clicks: int
    """Presses of a mouse button that hit one."""
    click_lift: float
    """Those over the presses that would hit one by chance."""
    width: float
    """Width of its boxes."""
    height: float
    """Height of its boxes."""
    moves: bool
    """Whether it moves against the background."""
    vanishes_after_click: bool
    """Whether it is mostly gone soon after a press on it."""
    thrown_away: bool
    """Whether too little speaks for it being an object."""
    tile: Path
    """Its picture."""


@dataclass(frozen=True, kw_only=True)
class DetectorDiscover:
    """Result of `understudy detector discover`."""

    folder: Path
    """Folder of the discovery."""
    contact_sheet: Path
    """Picture with sightings of all kinds."""
    background: str
    """Model of the background: still, scrolling or layered."""
    num_frames: int
    """Frames that were searched at regular times."""
    num_presses: int
    """Presses of a mouse button outside the panels."""
    kinds: tuple[DiscoveredKind, ...]
    """The kinds, the most certain first."""
    num_panels: int
    """Number of panels."""
    num_bars: int
    """Number of bars."""
    took_s: float
    """Duration in seconds."""
    cpu_s: float
    """Processor time in seconds."""
