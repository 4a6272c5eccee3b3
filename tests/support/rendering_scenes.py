"""What the tests of the drawing share: observations made by hand, and where two pictures differ."""

import numpy as np

from understudy.contract.observation import EVENTS, empty_observation
from understudy.contract.profile import Profile
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.compiled_rules import compile_rules
from understudy.worlds.simulator.engine.readings import HP, LOADED, ROCKET, SHIELD
from understudy.worlds.simulator.engine.state import EFFECT
from understudy.worlds.simulator.rendering.scene import Scene

PROFILE: Profile = load_profile()
KINDS = [kind.name for kind in PROFILE.kinds]
WIDTH, HEIGHT = PROFILE.window_width, PROFILE.window_height


def quiet_observation() -> np.void:
    """One observation record: a healthy ship alone in the middle of the first map, cursor in a corner."""
    observation: np.void = empty_observation(1).records[0].copy()
    player = observation["player"]
    player["gauges"][..., HP] = player["gauges"][..., SHIELD] = player["gauges"][..., ROCKET] = 1.0
    player["x"], player["y"], player["alive"], player["selectors"][..., LOADED] = 0.5, 0.5, 1, 1
    observation["cursor_x"], observation["cursor_y"] = 0.98, 0.03
    return observation


def with_object(kind: str, x: float, y: float, *, slot: int = 0, hp: float = 1.0) -> np.void:
    """The quiet observation with one object in it."""
    observation = quiet_observation()
    index = KINDS.index(kind)
    rules = compile_rules(PROFILE)[0]
    track = observation["tracks"][slot]
    track["id"], track["kind"], track["role"] = 100 + slot, index, PROFILE.kinds[index].role
    track["x"], track["y"] = x, y
    track["width"] = rules["kind_size"][index] / rules["view_width"]
    track["height"] = rules["kind_size"][index] / rules["view_height"]
    track["gauges"][..., HP] = track["gauges"][..., SHIELD] = hp
    return observation


def scene(observation: np.void, effects: list[tuple[float, ...]] | None = None, tick: float = 100.0) -> Scene:
    """A scene of an observation and effects given as rows of dtype EFFECT."""
    records = np.array(effects, EFFECT) if effects else np.zeros(0, EFFECT)
    totals = np.zeros(1, EVENTS)[0]
    return Scene(observation=observation, effects=records, tick=tick, totals=totals)


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How much each pixel differs, shape (height, width)."""
    return np.asarray(np.abs(one.astype(int) - other.astype(int)).sum(axis=2))


def centre(weights: np.ndarray) -> tuple[float, float]:
    """The middle of the smallest box around all weight, in fractions of the picture."""
    rows, columns = np.flatnonzero(weights.any(axis=1)), np.flatnonzero(weights.any(axis=0))
    height, width = weights.shape
    return (columns[0] + columns[-1] + 1) / 2 / width, (rows[0] + rows[-1] + 1) / 2 / height


def mass_centre(weights: np.ndarray) -> tuple[float, float]:
    """The centre of mass of the weights, in fractions of the picture."""
    rows, columns = np.indices(weights.shape)
    total = weights.sum()
    height, width = weights.shape
    return float((columns * weights).sum() / total + 0.5) / width, float((rows * weights).sum() / total + 0.5) / height
