"""A labelled episode as a file of the cache, and back.

Features are stored in half precision: they are of order one, so it changes them by at most a part in two thousand
(benchmarks/data_scale.md has what the losses notice). Tracks are stored without empty slots, a fifth of their size.
Observations are compressed, since training reads them only to follow targets and to judge held-out play.
"""

from pathlib import Path

import numpy as np
import zstandard
from jaxtyping import Bool

from understudy.contract.action import ACTION
from understudy.contract.intent import NUM_MODES
from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS, OBSERVATION, Observation
from understudy.learning.data.cache.entry_file import Spec, TornEntryError, read_arrays, write_arrays
from understudy.learning.data.gesture_segmentation import GESTURE
from understudy.learning.data.hindsight_labels import HindsightLabels
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.policies.click_semantics import MAX_KEYS, MAX_KINDS
from understudy.policies.conditioning import NUM_FUTURE
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.encoder import Encoded
from understudy.policies.object_features import LANDMARK_WIDTH, NUM_CANDIDATES, TRACK_WIDTH

HALF = np.dtype(np.float16)
_SINGLE, _BYTE, _FLAG = np.dtype(np.float32), np.dtype(np.uint8), np.dtype(np.bool_)
_LEVEL = 1  # of zstd; higher ones take longer than reading the recording again

SPEC: Spec = {
    "context": (HALF, (None,)),  # the width of the game's FeatureLayout
    "num_tracks": (_BYTE, ()),  # of each tick; the next four have a row for each track
    "slots": (_BYTE, ()),
    "kinds": (_BYTE, ()),
    "tracks": (HALF, (TRACK_WIDTH,)),
    "landmarks": (HALF, (MAX_LANDMARKS, LANDMARK_WIDTH)),
    "modes": (_BYTE, ()),
    "targets": (_BYTE, ()),
    "routes": (_SINGLE, (2,)),
    "futures": (HALF, (NUM_FUTURE,)),
    "gestures": (GESTURE, ()),
    "can_start": (_FLAG, ()),
    "pointers": (np.dtype(np.int8), ()),
    "positions": (_SINGLE, (2,)),
    "key_onsets": (_FLAG, (MAX_KEYS,)),
    "actions": (ACTION, ()),
    "observations": (_BYTE, ()),  # records of dtype OBSERVATION, zstd
    "click_keys": (np.dtype(np.int64), ()),
    "wheel": (np.dtype(np.int64), ()),
    "train_mask": (_FLAG, ()),  # left out where it is None
    "filled": (_FLAG, ()),
}
_OPTIONAL = ("train_mask", "filled")


def write_episode_entry(path: Path, labelled: LabelledEpisode) -> int:
    """Writes an episode atomically; returns the number of bytes.

    Raises:
        OSError: if it cannot be written.
    """
    encoded, labels = labelled.encoded, labelled.labels
    ticks, slots = np.nonzero(encoded.kinds)
    records = np.ascontiguousarray(labelled.observation.records).tobytes()
    arrays = {
        "context": _half(encoded.context),
        "num_tracks": np.bincount(ticks, minlength=len(labelled)).astype(np.uint8),
        "slots": slots.astype(np.uint8),
        "kinds": encoded.kinds[ticks, slots].astype(np.uint8),
        "tracks": _half(encoded.tracks[ticks, slots]),
        "landmarks": _half(encoded.landmarks),
        "modes": labels.modes.astype(np.uint8),
        "targets": labels.targets.astype(np.uint8),
        "routes": labels.routes,
        "futures": _half(labels.future_summary),
        "gestures": labels.gestures,
        "can_start": labelled.can_start_gesture,
        "pointers": labelled.targets.astype(np.int8),
        "positions": labelled.positions,
        "key_onsets": labelled.key_onsets,
        "actions": labelled.actions,
        "observations": np.frombuffer(zstandard.ZstdCompressor(level=_LEVEL).compress(records), np.uint8),
        "click_keys": np.array([labelled.click_keys], np.int64),
        "wheel": np.array([labelled.wheel], np.int64),
    }
    optional = {name: getattr(labelled, name) for name in _OPTIONAL}
    return write_arrays(path, arrays | {name: value for name, value in optional.items() if value is not None})


def _half(values: np.ndarray) -> np.ndarray:
    limit = np.finfo(np.float16).max
    return np.asarray(np.clip(values, -limit, limit), np.float16)


def read_train_mask(path: Path) -> Bool[np.ndarray, " T"] | None:
    """Reads the mask of training targets alone; None if all ticks are.

    Raises:
        TornEntryError: if the file cannot be used.
    """
    return read_arrays(path, SPEC, ["train_mask"]).get("train_mask")


def read_hand(path: Path) -> tuple[np.ndarray, np.ndarray, Bool[np.ndarray, " T"] | None]:
    """Reads actions, gestures and the mask of filled ticks (None without any): what the motor model is fitted to.

    Raises:
        TornEntryError: if the file cannot be used.
    """
    found = read_arrays(path, SPEC, ["actions", "gestures", "filled"])
    if not {"actions", "gestures"} <= found.keys():
        raise TornEntryError(f"{path} has no actions")
    return found["actions"], found["gestures"], found.get("filled")


def read_episode_entry(path: Path) -> LabelledEpisode:
    """Reads an episode; its features are in half precision, and its arrays read-only.

    Raises:
        TornEntryError: if the file is missing, torn or inconsistent.
    """
    found = read_arrays(path, SPEC, list(SPEC))
    missing = SPEC.keys() - found.keys() - set(_OPTIONAL)
    if missing:
        raise TornEntryError(f"{path} has no {min(missing)}")
    try:
        _check(found)
        return _episode(found, path)
    except (ValueError, zstandard.ZstdError, MemoryError) as problem:
        raise TornEntryError(f"{path}: {problem}") from problem


def _check(found: dict[str, np.ndarray]) -> None:
    """Raises ValueError if lengths differ or an index lies outside of what it counts."""
    ticks, objects = len(found["context"]), len(found["tracks"])
    for name, values in found.items():
        if name in ("slots", "kinds", "tracks"):
            expected = objects
        elif name in ("gestures", "observations"):
            continue
        else:
            expected = 1 if name in ("click_keys", "wheel") else ticks
        if len(values) != expected:
            raise ValueError(f"{name} has {len(values)} rows, expected {expected}")
    if int(found["num_tracks"].sum()) != objects:
        raise ValueError("the tracks are not those of the ticks")
    if found["context"].shape[1] < CONTEXT_WIDTH:
        raise ValueError(f"context has {found['context'].shape[1]} columns")
    limits = {"slots": MAX_TRACKS, "kinds": MAX_KINDS + 1, "modes": NUM_MODES, "targets": MAX_TRACKS + 1,
              "pointers": NUM_CANDIDATES}  # fmt: skip
    for name, limit in limits.items():
        if found[name].max(initial=0) >= limit:
            raise ValueError(f"{name} holds {found[name].max()}")
    for name in ("onset", "press"):
        within = found["gestures"][name]
        if len(within) and not (within.min() >= 0 and within.max() < ticks):
            raise ValueError(f"a gesture's {name} lies outside of the episode")


def _episode(found: dict[str, np.ndarray], path: Path) -> LabelledEpisode:
    ticks = len(found["context"])
    at = np.repeat(np.arange(ticks), found["num_tracks"]), found["slots"]
    tracks = np.zeros((ticks, MAX_TRACKS, TRACK_WIDTH), HALF)
    kinds = np.zeros((ticks, MAX_TRACKS), np.int64)
    tracks[at], kinds[at] = found["tracks"], found["kinds"]
    gestures = found["gestures"]
    gesture_index = np.full(ticks, -1, np.int64)
    gesture_index[gestures["onset"]] = np.arange(len(gestures))
    size = ticks * OBSERVATION.itemsize
    records = zstandard.ZstdDecompressor().decompress(found["observations"].tobytes(), max_output_size=size)
    return LabelledEpisode(
        observation=Observation(np.frombuffer(records, OBSERVATION, count=ticks)),
        actions=found["actions"],
        encoded=Encoded(found["context"], tracks, kinds, found["landmarks"]),
        labels=HindsightLabels(
            gestures=gestures,
            modes=found["modes"].astype(np.int64),
            targets=found["targets"].astype(np.int64),
            routes=found["routes"],
            future_summary=found["futures"].astype(np.float32),
        ),
        can_start_gesture=found["can_start"],
        gesture_index=gesture_index,
        targets=found["pointers"].astype(np.int64),
        positions=found["positions"],
        key_onsets=found["key_onsets"],
        train_mask=found.get("train_mask"),
        click_keys=int(found["click_keys"][0]),
        wheel=int(found["wheel"][0]),
        filled=found.get("filled"),
        entry=str(path),
    )
