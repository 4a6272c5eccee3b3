"""A moment of play as JSON: readable by a person, usable in a prompt, and complete enough to train on.

The readable fields come first. Two packed arrays follow: the observation record, so that any provider can judge the
moment again, and the Strategist's input window as encoded features, so that fine-tuning needs no recording.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Float32

from understudy.contract.errors import WireError
from understudy.contract.game.older_records import OBSERVATION_3, upgrade_observations
from understudy.contract.observation import MAX_GAUGES, OBSERVATION, Role
from understudy.contract.profile import Profile

NEAR = 0.35
"""Objects within this distance are near, window widths."""
LARGEST_WINDOW = 1_000_000
"""Numbers in an input window; those written here have about 16,000."""
MAX_OBJECTS = 100
"""Objects of one moment; an observation has room for 20."""
MAX_NAME = 100
"""Characters of the name of a kind, a map, a role or a layout."""
MAX_WORDS = 1000
"""Characters of the description."""
MAX_DISTANCE = 1e6
"""Window widths; a larger distance is an error."""
MAX_READING = 1e9
"""Largest absolute number in an observation; a clock in seconds is the largest."""
MAX_ID = 2**31 - 1
"""Largest object id that an observation can hold."""


def _fingerprint(dtype: "np.dtype[Any]") -> str:
    return hashlib.sha256(repr(dtype.descr).encode()).hexdigest()[:8]


LAYOUT = _fingerprint(OBSERVATION)
"""Fingerprint of the record layout; records of a layout that is not in _LAYOUTS are refused."""
_LAYOUTS = {LAYOUT: OBSERVATION, _fingerprint(OBSERVATION_3): OBSERVATION_3}


@dataclass(frozen=True, kw_only=True)
class ObjectSnapshot:
    """One object in sight."""

    id: int
    kind: str
    role: str
    x: float
    """Centre, window fractions."""
    y: float
    distance: float
    """From the player, window widths."""
    gauges: dict[str, float | None] = field(default_factory=dict)
    """The bars over it by name; None where one could not be read."""
    attacking: bool = False
    selected: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.id <= MAX_ID:
            raise ValueError(f"an object of the number {self.id}")
        if max(len(self.kind), len(self.role)) > MAX_NAME:
            raise ValueError(f"a name of an object of more than {MAX_NAME} characters")
        if not all(abs(value) <= MAX_DISTANCE for value in (self.x, self.y, self.distance)):  # also refuses NaN
            raise ValueError(f"object {self.id} is nowhere")
        _expect_bars(self.gauges, f" of object {self.id}")

    @staticmethod
    def upgrade_plain(plain: Mapping[str, Any]) -> Mapping[str, Any]:
        """Converts the values of an earlier version, which knew the bar hp alone."""
        return _with_gauges(plain, ("hp",))


@dataclass(frozen=True, kw_only=True)
class EncodedArray:
    """An array of numbers, compressed with zlib and encoded in base64."""

    layout: str
    """Fingerprint of a record's dtype, or name of the encoding of an input window."""
    shape: tuple[int, ...]
    data: str

    def __post_init__(self) -> None:
        if len(self.layout) > MAX_NAME or len(self.shape) > 2:
            raise ValueError("packed numbers of a layout or shape that none of ours has")


@dataclass(frozen=True, kw_only=True)
class State:
    """One moment of play."""

    words: str = ""
    """Description in one sentence."""
    gauges: dict[str, float | None] = field(default_factory=dict)
    """The player's gauges of health by name, fractions of the maximum; None where one could not be read."""
    map: str = ""
    safe: bool = False
    """Whether the ship is inside a base's safe zone."""
    enemies: int = 0
    """Number in sight."""
    enemies_near: int = 0
    attackers: int = 0
    """Number that shot at the player within the last 2 s."""
    boxes: int = 0
    objects: tuple[ObjectSnapshot, ...] = ()
    observation: EncodedArray | None = None
    window: EncodedArray | None = None
    """The Strategist's input window, oldest second first; None if it was not stored."""

    def __post_init__(self) -> None:
        if len(self.words) > MAX_WORDS or len(self.map) > MAX_NAME or len(self.objects) > MAX_OBJECTS:
            raise ValueError(f"more than {MAX_WORDS} characters, or more than {MAX_OBJECTS} objects")
        if not all(
            0 <= count <= MAX_OBJECTS for count in (self.enemies, self.enemies_near, self.attackers, self.boxes)
        ):
            raise ValueError("a count of objects that cannot be")
        _expect_bars(self.gauges)

    @staticmethod
    def upgrade_plain(plain: Mapping[str, Any]) -> Mapping[str, Any]:
        """Converts the values of an earlier version, which knew the bars hp and shield alone."""
        return _with_gauges(plain, ("hp", "shield"))


def _with_gauges(plain: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    if "gauges" in plain or not any(name in plain for name in names):
        return plain
    kept = {name: value for name, value in plain.items() if name not in names}
    return {**kept, "gauges": {name: plain.get(name) for name in names}}


def _expect_bars(gauges: Mapping[str, float | None], whose: str = "") -> None:
    if len(gauges) > MAX_GAUGES or any(len(name) > MAX_NAME for name in gauges):
        raise ValueError(f"more than {MAX_GAUGES} bars{whose}, or a name of more than {MAX_NAME} characters")
    for name, value in gauges.items():
        if value is not None and not 0.0 <= value <= 1.0:
            raise ValueError(f"a bar {name}{whose} of {value:g}, outside 0..1")


def describe(record: np.void, profile: Profile) -> State:
    """Describes one record of dtype OBSERVATION, without the input window."""
    player, tracks = record["player"], record["tracks"]
    placed = np.isfinite([tracks["x"], tracks["y"]]).all(axis=0)
    objects = tuple(_seen(track, profile) for track in tracks[(tracks["id"] > 0) & placed])
    enemies = [each for each in objects if each.role == Role.ENEMY.name]
    map_index = int(player["map_index"])
    state = State(
        gauges={
            profile.gauges[place].name: _reading(float(player["gauges"][place])) for place in profile.health_places
        },
        map=profile.maps[map_index][:MAX_NAME] if 0 <= map_index < len(profile.maps) else "",
        safe=bool(player["safe"]),
        enemies=len(enemies),
        enemies_near=sum(each.distance < NEAR for each in enemies),
        attackers=sum(each.attacking for each in enemies),
        boxes=sum(each.role == Role.LOOT.name for each in objects),
        objects=objects,
        observation=pack_record(record),
    )
    return _with_words(state)


def _with_words(state: State) -> State:
    bars = ", ".join(
        f"{name} {'unreadable' if value is None else f'{value:.0%}'}" for name, value in state.gauges.items()
    )
    scene = f"{state.enemies} enemies in sight, {state.enemies_near} near, {state.attackers} shooting at you"
    place = f"map {state.map or 'unknown'}" + (", in the safe zone" if state.safe else "")
    return replace(
        state, words=f"{bars or 'no bars'}; {scene}; {state.boxes} {'box' if state.boxes == 1 else 'boxes'}; {place}"
    )


def _seen(track: np.void, profile: Profile) -> ObjectSnapshot:
    kind, role = int(track["kind"]), int(track["role"])
    aspect = profile.window_height / profile.window_width
    x, y = (float(np.clip(track[axis], -MAX_DISTANCE, MAX_DISTANCE)) for axis in ("x", "y"))
    return ObjectSnapshot(
        id=int(track["id"]),
        kind=profile.kinds[kind].name[:MAX_NAME] if 0 <= kind < len(profile.kinds) else "unknown",
        role=Role(role).name if role in set(map(int, Role)) else "OTHER",
        x=round(x, 3),
        y=round(y, 3),
        distance=round(min(float(np.hypot(x - 0.5, (y - 0.5) * aspect)), MAX_DISTANCE), 3),
        gauges={
            gauge.name: _reading(float(track["gauges"][place])) for place, gauge in enumerate(profile.track_gauges)
        },
        attacking=bool(track["attacking"]),
        selected=bool(track["selected"]),
    )


def _reading(value: float) -> float | None:
    """Converts a bar's reading for JSON: None if unreadable."""
    return round(min(max(value, 0.0), 1.0), 3) if np.isfinite(value) else None


def pack_record(record: np.void) -> EncodedArray:
    """Packs one record of dtype OBSERVATION."""
    assert record.dtype == OBSERVATION
    return EncodedArray(layout=LAYOUT, shape=(1,), data=_squeeze(record.tobytes()))


def unpack_record(packed: EncodedArray) -> np.ndarray:
    """Unpacks to records of dtype OBSERVATION, shape (1,).

    Raises:
        WireError: if the layout differs, the data is malformed, or it contains infinite numbers.
    """
    dtype = _LAYOUTS.get(packed.layout)
    if dtype is None:
        raise WireError(f"an observation of the layout {packed.layout}, this version has {LAYOUT}")
    record = np.frombuffer(_expand(packed.data, dtype.itemsize), dtype).copy()
    record = record if dtype == OBSERVATION else upgrade_observations(record)
    if not all(np.all(np.isnan(numbers) | (np.abs(numbers) <= MAX_READING)) for numbers in _floats(record)):
        raise WireError("an observation of numbers that none can be")
    return record


def _floats(records: np.ndarray) -> Iterator[np.ndarray]:
    """Yields all floating-point fields, also nested ones."""
    for name in records.dtype.names or ():
        field = records[name]
        if field.dtype.names:
            yield from _floats(field)
        elif field.dtype.kind == "f":
            yield field


def pack_window(window: Float32[np.ndarray, "seconds features"], encoding: str) -> EncodedArray:
    """Packs an input window in half precision: features are of order one, and a bar needs no fourth digit."""
    halves = np.clip(window, -60_000, 60_000).astype("<f2")
    return EncodedArray(layout=encoding, shape=halves.shape, data=_squeeze(halves.tobytes()))


def unpack_window(packed: EncodedArray) -> Float32[np.ndarray, "seconds features"]:
    """Unpacks an input window packed by `pack_window`.

    Raises:
        WireError: if the data is malformed.
    """
    if len(packed.shape) != 2 or min(packed.shape) < 1 or packed.shape[0] * packed.shape[1] > LARGEST_WINDOW:
        raise WireError(f"a look back of the shape {packed.shape}")
    content = _expand(packed.data, 2 * packed.shape[0] * packed.shape[1])
    window = np.frombuffer(content, "<f2").astype(np.float32).reshape(packed.shape)
    if not np.isfinite(window).all():
        raise WireError("a look back with values that are not numbers")
    return window


def _squeeze(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 6)).decode("ascii")


def _expand(data: str, size: int) -> bytes:
    """Decompresses at most one byte more than expected, which bounds a decompression bomb."""
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.b64decode(data, validate=True), size + 1)
    except (ValueError, binascii.Error, zlib.error) as problem:
        raise WireError(f"packed numbers that cannot be unpacked ({problem})") from problem
    if len(content) != size:
        raise WireError(f"packed numbers of another length than the {size} bytes that belong to them")
    return content
