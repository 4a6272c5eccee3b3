"""Moments made by hand for the tests of the critic: a ship, its bars, and the aliens around it."""

from pathlib import Path

import numpy as np

from understudy.contract.intent import Mode
from understudy.contract.observation import OBSERVATION, Role
from understudy.contract.profile import Profile
from understudy.contract.serialization import read_toml
from understudy.feedback.provider import ReviewMoment
from understudy.feedback.reviewer import ReviewRequest, moment_of
from understudy.worlds.simulator.engine.readings import HP, SHIELD

PROFILES = Path(__file__).resolve().parents[2] / "understudy" / "worlds" / "profiles"
PROFILE = read_toml(Profile, PROFILES / "darkorbit.toml")
KINDS = [kind.name for kind in PROFILE.kinds]


def record(
    hp: float = 1.0, shield: float = 1.0, attackers: int = 0, kind: str = "mordon", time_s: float = 7.0
) -> np.ndarray:
    """One record of dtype OBSERVATION, shape (1,): attackers in a row to the right, with the ids 11, 12, .."""
    made = np.zeros(1, OBSERVATION)
    made["time_s"] = time_s
    player, tracks = made["player"], made["tracks"][0]
    player["gauges"][..., HP], player["gauges"][..., SHIELD], player["alive"] = hp, shield, 1
    for slot in range(attackers):
        track = tracks[slot]
        track["id"], track["kind"], track["role"] = 11 + slot, KINDS.index(kind), int(Role.ENEMY)
        track["x"], track["y"], track["width"], track["height"] = 0.6 + 0.05 * slot, 0.5, 0.04, 0.06
        track["gauges"][..., HP], track["gauges"][..., SHIELD], track["attacking"] = 0.8, np.nan, 1
    return made


def look(mode: Mode = Mode.FIGHT, **what: float) -> ReviewRequest:
    """A look at such a record, with a look back of three seconds."""
    return ReviewRequest(
        observation=record(**what),  # type: ignore[arg-type]
        mode=int(mode),
        target_id=11 if what.get("attackers") else 0,
        window=np.arange(12, dtype=np.float32).reshape(3, 4),
        encoding="test-1",
    )


def moment(mode: Mode = Mode.FIGHT, **what: float) -> ReviewMoment:
    """The same as a provider is shown it."""
    return moment_of(look(mode, **what), PROFILE)
