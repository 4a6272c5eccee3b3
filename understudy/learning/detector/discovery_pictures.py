"""Training pictures from a discovery: real frames with the found boxes, uncertain blobs erased, cut-outs pasted in.

Erasing keeps what may be an object from being taught as background: the place is covered by the same place of another
frame, in which nothing was found there. Pasting (Dwibedi et al. 2017, arXiv 1708.01642) brings rare kinds to every
picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, Int64, UInt8

from understudy.contract.errors import TrainingError
from understudy.contract.profile import Rectangle
from understudy.learning.detector.synthetic_scenes import LabelledImage
from understudy.perception.discovery.discovered import UNCERTAIN, Discovery
from understudy.perception.discovery.discovery_files import (
    read_boxes,
    read_cut_outs,
    read_discovery,
    recording_path,
)
from understudy.perception.discovery.recorded_clip import shrink
from understudy.recordings.video.recorded_frames import RecordedFrames
from understudy.recordings.video.video_paths import video_path

MAX_FRAMES = 480
"""Frames that are decoded."""
HOLD_OUT_EVERY = 6
PASTED = (3, 9)
"""Least number of pasted cut-outs, and the number above the largest."""
NEAR_OTHERS = 0.3
"""Share of cut-outs that are pasted near an object of the frame, so that overlaps are seen."""
ERASED_MARGIN = 6.0
"""Pixels around an uncertain blob."""
SQUARE = 0.05
"""A box whose sides differ by less belongs to something that may turn."""
RARE_WEIGHT = 3.0
"""Weight of frames with a rare kind, relative to one without objects, in the choice of frames."""


@dataclass(frozen=True)
class FoundFrame:
    """One real frame with what was found in it, in pixels of the small frame."""

    picture: UInt8[np.ndarray, "height width 3"]
    recording: int
    boxes: Float32[np.ndarray, "M 4"]
    """Centre x, y, width, height."""
    kinds: Int64[np.ndarray, " M"]
    """Class of each box."""
    uncertain: Float32[np.ndarray, "U 4"]


@dataclass(frozen=True)
class FoundPictures:
    """All that training takes from a discovery."""

    frames: list[FoundFrame]
    cut_outs: dict[int, list[np.ndarray]]
    """Class -> RGBA pictures."""
    sides: Float32[np.ndarray, "K 2"]
    """Width and height of each class's box, pixels of the small frame."""
    names: tuple[str, ...]
    panels: tuple[Rectangle, ...]
    """Parts of the window in which nothing is an object: the panels, and bars of the player's."""


def read_found_pictures(folder: Path, seed: int) -> FoundPictures:
    """Reads a discovery and the frames of its recordings.

    Raises:
        WireError, RecordingError: if something cannot be read.
        TrainingError: if no kind is kept, or a recording is not where it was.
    """
    discovery = read_discovery(folder)
    if not discovery.kept:
        raise TrainingError(f"{folder} keeps no kind: take at least one back that was thrown away.")
    boxes, classes = read_boxes(folder, discovery), discovery.classes()
    frames = _read_frames(folder, discovery, boxes, classes, np.random.default_rng(seed))
    if not any(len(frame.kinds) for frame in frames):
        raise TrainingError(f"No frame shows a kind that {folder} keeps.")
    cut_outs: dict[int, list[np.ndarray]] = {number: [] for number in range(len(discovery.kept))}
    for kind_id, number in classes.items():
        cut_outs[number] += read_cut_outs(folder, kind_id)
    height, width = frames[0].picture.shape[:2]
    sides = np.array([(kind.width * width, kind.height * height) for kind in discovery.kept], np.float32)
    names = tuple(kind.shown_name for kind in discovery.kept)
    bars = tuple(bar.area for bar in discovery.bars if bar.chosen_gauge is not None)
    return FoundPictures(frames, cut_outs, sides, names, (*discovery.panels, *bars))


def split_found(found: FoundPictures) -> tuple[FoundPictures, list[FoundFrame]]:
    """Splits into pictures to train on, and held-out frames."""
    held_out = found.frames[HOLD_OUT_EVERY - 1 :: HOLD_OUT_EVERY]
    if not any(len(frame.kinds) for frame in held_out):
        raise TrainingError("The discovery has too few frames with objects to train on: play for longer.")
    training = [frame for number, frame in enumerate(found.frames) if (number + 1) % HOLD_OUT_EVERY]
    return replace(found, frames=training), held_out


def labelled(frame: FoundFrame, width: int, height: int) -> LabelledImage:
    """Returns a frame as a labelled picture of a size, with its uncertain blobs as they are."""
    tall, wide = frame.picture.shape[:2]
    picture = frame.picture
    if (wide, tall) != (width, height):
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    scaled = frame.boxes / np.array([wide, tall, wide, tall], np.float32)
    return LabelledImage(np.ascontiguousarray(picture), frame.kinds, scaled.reshape(-1, 4).astype(np.float32))


def compose(found: FoundPictures, seed: int) -> list[FoundFrame]:
    """Returns the frames with uncertain blobs erased and cut-outs pasted in."""
    generator = np.random.default_rng(seed)
    return [_pasted(found, _erased(found, frame, generator), generator) for frame in found.frames]


def resized(frames: Sequence[FoundFrame], factors: Float32[np.ndarray, " K"]) -> list[FoundFrame]:
    """Returns frames whose boxes are larger by a factor for each class."""
    return [
        replace(frame, boxes=np.concatenate([frame.boxes[:, :2], frame.boxes[:, 2:] * factors[frame.kinds, None]], 1))
        for frame in frames
    ]


def with_more_boxes(
    frame: FoundFrame, boxes: Float32[np.ndarray, "D 4"], kinds: Int64[np.ndarray, " D"], sides: np.ndarray
) -> FoundFrame:
    """Adds detections (pixels of the small frame) where nothing was found, with the size of their class."""
    kept, labels = list(frame.boxes), frame.kinds.tolist()
    for box, kind in zip(boxes, kinds.tolist(), strict=True):
        near = [np.abs(box[:2] - other[:2]).max() < 0.5 * max(other[2:]) for other in kept]
        if not any(near):
            kept.append(np.array([*box[:2], *sides[kind]], np.float32))
            labels.append(kind)
    added = np.array(kept, np.float32).reshape(-1, 4)
    return replace(frame, boxes=added, kinds=np.array(labels, np.int64), uncertain=_beside(frame.uncertain, added))


def _read_frames(
    folder: Path,
    discovery: Discovery,
    boxes: np.ndarray,
    classes: Mapping[int, int],
    generator: np.random.Generator,
) -> list[FoundFrame]:
    known = boxes[np.isin(boxes["kind"], [UNCERTAIN, *classes])]
    places = np.unique(boxes[["recording", "time_s"]])
    chosen = places[np.sort(_choice(places, known, classes, generator))]
    frames = []
    for number, source in enumerate(discovery.recordings):
        path = recording_path(folder, source)
        if not video_path(path).is_file():
            raise TrainingError(f"{path} has no pictures any more: make the discovery again where the recording lies.")
        with RecordedFrames(video_path(path)) as pictures:
            for time_s in chosen["time_s"][chosen["recording"] == number].tolist():
                picture = pictures.at(time_s)
                if picture is not None:
                    rows = known[(known["recording"] == number) & (known["time_s"] == time_s)]
                    frames.append(_found_frame(shrink(picture), number, rows, classes))
    return frames


def _choice(
    places: np.ndarray, known: np.ndarray, classes: Mapping[int, int], generator: np.random.Generator
) -> np.ndarray:
    """Indices of frames, those with rare kinds more often."""
    count = min(MAX_FRAMES, len(places))
    sightings = known[known["kind"] != UNCERTAIN]
    kinds, totals = np.unique([classes[kind] for kind in sightings["kind"].tolist()], return_counts=True)
    share = dict(zip(kinds.tolist(), (totals.max(initial=1) / totals).tolist(), strict=True))
    weights = np.ones(len(places))
    at = np.searchsorted(places, sightings[["recording", "time_s"]].astype(places.dtype))
    for place, kind in zip(at.tolist(), sightings["kind"].tolist(), strict=True):
        weights[place] += min(RARE_WEIGHT, share[classes[kind]] - 1)
    return np.asarray(generator.choice(len(places), count, replace=False, p=weights / weights.sum()))


def _found_frame(picture: np.ndarray, recording: int, rows: np.ndarray, classes: Mapping[int, int]) -> FoundFrame:
    height, width = picture.shape[:2]
    scale = np.array([width, height, width, height], np.float32)
    boxes = np.stack([rows[name] for name in ("x", "y", "width", "height")], axis=1).astype(np.float32) * scale
    sure = np.flatnonzero(rows["kind"] != UNCERTAIN)
    sure = sure[np.argsort(-rows["score"][sure], kind="stable")]
    kept: list[int] = []
    for number in sure.tolist():  # two groups may have been merged into one kind
        if all(np.abs(boxes[number, :2] - boxes[k, :2]).max() > 0.4 * boxes[k, 2:].max() for k in kept):
            kept.append(number)
    kinds = np.array([classes[int(rows["kind"][number])] for number in kept], np.int64)
    unsure = boxes[rows["kind"] == UNCERTAIN]
    return FoundFrame(picture, recording, boxes[kept], kinds, _beside(unsure, boxes[kept]))


def _beside(uncertain: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The uncertain blobs whose centres lie on no box."""
    if not len(uncertain) or not len(boxes):
        return uncertain
    away = np.abs(uncertain[:, None, :2] - boxes[None, :, :2])
    free: np.ndarray = uncertain[~(away < 0.75 * boxes[None, :, 2:]).all(axis=2).any(axis=1)]
    return free


def _erased(found: FoundPictures, frame: FoundFrame, generator: np.random.Generator) -> FoundFrame:
    picture = frame.picture.copy()
    others = [other for other in found.frames if other.recording == frame.recording]
    for box in frame.uncertain:
        left, top, right, bottom = _corners(box, picture.shape, ERASED_MARGIN)
        for other in (others[int(number)] for number in generator.integers(0, len(others), 8)):
            if _is_free(other, box):
                picture[top:bottom, left:right] = other.picture[top:bottom, left:right]
                break
    return replace(frame, picture=picture, uncertain=frame.uncertain[:0])


def _is_free(frame: FoundFrame, box: np.ndarray) -> bool:
    """Whether nothing was found in a place of a frame."""
    there = np.concatenate([frame.boxes, frame.uncertain])
    reach = (there[:, 2:] + box[None, 2:]) / 2 + ERASED_MARGIN
    return not (np.abs(there[:, :2] - box[None, :2]) < reach).all(axis=1).any()


def _corners(box: np.ndarray, shape: tuple[int, ...], margin: float) -> tuple[int, int, int, int]:
    half = box[2:] / 2 + margin
    left, top = np.maximum(box[:2] - half, 0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(box[:2] + half), (shape[1], shape[0])).astype(int).tolist()
    return left, top, right, bottom


def _pasted(found: FoundPictures, frame: FoundFrame, generator: np.random.Generator) -> FoundFrame:
    picture, boxes, kinds = frame.picture.copy(), list(frame.boxes), frame.kinds.tolist()
    height, width = picture.shape[:2]
    available = [number for number, pictures in found.cut_outs.items() if pictures]
    for _ in range(int(generator.integers(*PASTED)) if available else 0):
        kind = available[int(generator.integers(len(available)))]
        x, y = _place(boxes, width, height, generator)
        if any(panel.contains(x / width, y / height) for panel in found.panels):
            continue
        pictures = found.cut_outs[kind]
        cut_out = _turned(pictures[int(generator.integers(len(pictures)))], found.sides[kind], generator)
        x, y = _paste(picture, cut_out, x, y, generator)
        boxes.append(np.array([x, y, *found.sides[kind]], np.float32))
        kinds.append(kind)
    return replace(
        frame, picture=picture, boxes=np.array(boxes, np.float32).reshape(-1, 4), kinds=np.array(kinds, np.int64)
    )


def _place(boxes: Sequence[np.ndarray], width: int, height: int, generator: np.random.Generator) -> tuple[float, float]:
    if boxes and generator.random() < NEAR_OTHERS:
        near = boxes[int(generator.integers(len(boxes)))]
        x, y = near[:2] + generator.normal(0, 0.7, 2) * near[2:]
        return float(np.clip(x, 0, width - 1)), float(np.clip(y, 0, height - 1))
    return float(generator.uniform(0, width)), float(generator.uniform(0, height))


def _turned(cut_out: np.ndarray, sides: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Mirrors a cut-out; turns one whose box is square by quarters too."""
    if abs(np.log(sides[0] / sides[1])) < SQUARE:
        cut_out = np.rot90(cut_out, int(generator.integers(4)))
    return cut_out[:, ::-1] if generator.random() < 0.5 else cut_out


def _paste(
    picture: np.ndarray, cut_out: np.ndarray, x: float, y: float, generator: np.random.Generator
) -> tuple[float, float]:
    """Blends a cut-out into a picture, in place; returns the centre at which it lies."""
    side = cut_out.shape[0]
    left, top = round(x - side / 2), round(y - side / 2)
    low, high = (max(0, left), max(0, top)), (min(picture.shape[1], left + side), min(picture.shape[0], top + side))
    part = cut_out[low[1] - top : high[1] - top, low[0] - left : high[0] - left].astype(np.float32)
    alpha = part[..., 3:] / 255 * generator.uniform(0.9, 1.0)
    under = picture[low[1] : high[1], low[0] : high[0]]
    mixed = under * (1 - alpha) + part[..., :3] * generator.uniform(0.8, 1.15) * alpha
    picture[low[1] : high[1], low[0] : high[0]] = np.clip(mixed, 0, 255).astype(np.uint8)
    return left + side / 2, top + side / 2
