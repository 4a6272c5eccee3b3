"""Scenes made by hand for the tests of the policies: a ship in open space, and what is put around it."""

import numpy as np

from tests.support.named_readings import named
from understudy.contract.observation import OBSERVATION, Observation, Role, empty_observation
from understudy.contract.profile import Profile, Rectangle
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import AMMO, HP, LOADED

PROFILE = load_profile()
KINDS = [kind.name for kind in PROFILE.kinds]


def quiet_space(num_worlds: int = 1) -> Observation:
    """A healthy ship in the middle of the map, nothing in sight, a base and a portal on the minimap."""
    observation = empty_observation(num_worlds)
    records = observation.records
    player = records["player"]
    player["gauges"], player["selectors"][..., LOADED], player["alive"] = 1.0, 1, 1
    player["x"], player["y"] = 0.5, 0.5
    for index, (role, x, y) in enumerate([(Role.BASE, 0.25, 0.25), (Role.PORTAL, 0.875, 0.75)]):
        records["landmarks"]["role"][:, index] = role
        records["landmarks"]["x"][:, index], records["landmarks"]["y"][:, index] = x, y
    records["cursor_x"], records["cursor_y"] = 0.5, 0.5
    return observation


def put(observation: Observation, slot: int, name: str, x: float, y: float, number: int = 0) -> None:
    """Puts an object into every world; its id is 100 + slot unless a number is given."""
    kind = PROFILE.kinds[KINDS.index(name)]
    tracks = observation.records["tracks"]
    values = {
        "id": number or 100 + slot,
        "kind": KINDS.index(name),
        "role": kind.role,
        "x": x,
        "y": y,
        "width": 0.045,
        "height": 0.08,
        "gauges": 1.0 if kind.role == Role.ENEMY else np.nan,
    }
    for field, value in values.items():
        tracks[field][:, slot] = value


def busy_play(num_ticks: int, seed: int, num_worlds: int = 1) -> np.ndarray:
    """Play without sense but full of everything, records of shape (num_ticks, num_worlds).

    All places are multiples of 1/1024, so that 1 - x and x - y have no rounding in single precision.
    """
    random = np.random.default_rng(seed)
    records = np.zeros((num_ticks, num_worlds), OBSERVATION)

    def places(*shape: int) -> np.ndarray:
        return (random.integers(1, 1024, (num_ticks, num_worlds, *shape)) / 1024).astype(np.float32)

    def chances(share: float, *shape: int) -> np.ndarray:
        return random.random((num_ticks, num_worlds, *shape)) < share

    player, tracks = records["player"], records["tracks"]
    for name in ("hp", "shield", "x", "y", "rocket"):
        named(player, name)[...] = places()
    player["vx"], player["vy"] = places() - np.float32(0.5), places() - np.float32(0.5)
    player["gauges"][..., HP][chances(0.1)] = np.nan
    player["gauges"][..., AMMO : AMMO + 4], player["alive"], player["selectors"][..., LOADED] = places(4), 1, 2
    player["map_index"] = random.integers(0, 4, (num_ticks, num_worlds))
    present = chances(0.4, 20)
    tracks["id"] = np.where(present, random.permuted(np.tile(np.arange(1, 21), (num_ticks, num_worlds, 1)), axis=-1), 0)
    kinds = random.integers(0, len(PROFILE.kinds), 21)[tracks["id"]]
    tracks["kind"] = kinds
    tracks["role"] = np.array([kind.role for kind in PROFILE.kinds])[kinds]
    for name in ("x", "y", "hp", "shield"):
        named(tracks, name)[...] = places(20)
    for name in ("vx", "vy"):
        tracks[name] = places(20) - np.float32(0.5)
    tracks["gauges"][..., HP][chances(0.2, 20)] = np.nan
    tracks["width"], tracks["height"] = 0.0625, 0.125
    tracks["attacking"], tracks["selected"] = chances(0.1, 20), chances(0.05, 20)
    marks = records["landmarks"]
    marks["role"] = np.array([Role.BASE, Role.PORTAL, Role.PORTAL, 0, 0, 0])
    marks["x"], marks["y"] = places(6), places(6)
    for name in records["events"].dtype.names or ():
        records["events"][name] = chances(0.05)
    records["cursor_x"], records["cursor_y"] = places(), places()
    records["button"], records["keys"] = chances(0.3), random.integers(0, 128, (num_ticks, num_worlds))
    return records


def mirrored(records: np.ndarray, flip_x: bool, flip_y: bool) -> np.ndarray:
    """The same play in a world whose left is right (flip_x) or whose top is bottom (flip_y)."""
    out = records.copy()
    for axis, flip in (("x", flip_x), ("y", flip_y)):
        if not flip:
            continue
        occupied = out["tracks"]["id"] > 0
        for part in (out["player"], out["tracks"], out["landmarks"]):
            part[axis] = np.float32(1.0) - part[axis]
        out["tracks"][axis][~occupied] = 0.0
        for part in (out["player"], out["tracks"]):
            part[f"v{axis}"] *= -1
        out[f"cursor_{axis}"] = np.float32(1.0) - out[f"cursor_{axis}"]
    return out


def plain_profile(flip_x: bool = False, flip_y: bool = False) -> Profile:
    """A game of other proportions, whose rectangles lie at sixteenths, so that they mirror without rounding."""

    def rectangle(left: float, top: float, width: float, height: float) -> Rectangle:
        return Rectangle(
            left=1.0 - left - width if flip_x else left,
            top=1.0 - top - height if flip_y else top,
            width=width,
            height=height,
        )

    return Profile(
        name="plain",
        window_title="plain",
        window_width=800,
        window_height=600,
        minimap=rectangle(0.75, 0.625, 0.25, 0.25),
        panels=(rectangle(0.0, 0.0, 0.125, 0.125),),
        keys=("a", "b", "c"),
        kinds=PROFILE.kinds,
        maps=("one",),
    )
