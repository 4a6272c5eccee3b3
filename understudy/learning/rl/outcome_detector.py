"""What came of playing, read off consecutive observations alone: hits, misses, kills, loot, deaths, damage taken.

Only what a player's window shows is looked at: enemies' bars, which objects are there and where, the ship's own bars,
its ammunition and rocket lamp, the map. The game's own log (`events` of an observation) is never read, though it stands
on the screen too: another game may have none. How right this is: benchmarks/outcomes.py.

Compiled as the engine is (worlds/simulator/engine/step.py): the entry point is made inside a function that is given a
fingerprint of its sources, because numba's cache on disk does not notice a change in a function of another file.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

from understudy.contract.observation import MAX_TRACKS, OBSERVATION, TICK_RATE_HZ, Observation, Role
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry
from understudy.learning.rl.kill_loot_detector import BOX_GONE, ENEMY_GONE, box_collected, enemy_killed
from understudy.learning.rl.shot_detector import bar_drop, count_shots, laser_shots, rocket_shots

OUTCOMES = np.dtype(
    [
        ("hits", "f4"),  # shots of the player that took something off an enemy's bars
        ("misses", "f4"),  # shots that took off nothing
        ("kills", "f4"),
        ("loot", "f4"),  # boxes collected
        ("deaths", "f4"),
        ("damage_taken", "f4"),  # fractions of the player's own full hull
        ("kill_value", "f4"),  # points of what was killed, by its kind
        ("loot_value", "f4"),
    ],
)
"""What the newest observation shows to have happened since the one before, 32 bytes."""

_ENEMY = int(Role.ENEMY)
LASER_KEY = "ctrl"
"""What switches the laser, where a profile has such a key."""
_LONGEST_GAP_S = 0.5
"""Observations farther apart than this are not consecutive: nothing is concluded."""


@dataclass(frozen=True, kw_only=True)
class OutcomeDetectorConfig:
    """How sharply to look. The defaults are for exact observations; for what an eye reads off pictures: EYE_WATCH."""

    smallest_drop: float = 0.0005
    """Of a bar of the player's own, as a fraction of it: less is taken for unsteady reading."""
    smallest_hit: float = 0.0005
    """The same of an enemy's bar."""
    edge: float = 0.02
    """Window fractions: what vanishes so near the edge has left the window."""
    collect_reach: float = 0.035
    """Window widths from the ship within which a box that vanishes was collected."""
    shield_worth: float = 0.6
    """Full hulls that a full shield is worth."""
    enemy_shield_worth: float = 0.35
    """Full hulls of an enemy that its full shield is worth."""
    bar_ticks: int = 1
    """An enemy's bar has to read lower (or higher) so many ticks in a row before it counts: more for an unsure eye."""
    reads_ammo: bool = True
    """Ammunition is read to the single shot; a bar in a picture is too coarse for that, and misses cannot be told."""
    confirm_ticks: int = 0
    """So long an object has to be gone before it counts, and a box to have been there for half of that: more for a
    tracker that loses things at times and sees some that are none."""
    memory_ticks: int = 10 * TICK_RATE_HZ
    """An enemy that was neither selected nor hit for so long does not count as killed when it vanishes."""


VISION_CONFIG = OutcomeDetectorConfig(
    smallest_drop=0.004, smallest_hit=0.02, bar_ticks=4, reads_ammo=False, confirm_ticks=8
)
"""For pictures: bars are read to a pixel, and at times wrongly; objects flicker, some are none; ammunition is a bar."""

_SETTINGS = np.dtype([(name, "f8") for name in OutcomeDetectorConfig.__dataclass_fields__])
WATCH_CARRY = np.dtype(
    [
        ("before", OBSERVATION),
        ("seen", "u1"),  # `before` holds something
        ("enemy", "i4"),  # id of the enemy fought last; 0 for none
        ("enemy_kind", "i4"),
        ("enemy_ticks", "i4"),  # since it was last selected or hit
        ("gone", "i4", (2,)),  # ids of an enemy and a box that have vanished and may come back; 0 for none
        ("gone_ticks", "i4", (2,)),
        ("gone_kind", "i4", (2,)),
        ("box", "i4"),  # id of the box nearest to the ship
        ("box_ticks", "i4"),  # for which it has been that
        ("single", "f4"),  # what the last single hit of the laser took off, in hulls of the enemy
        ("bars_of", "i4"),  # id of the enemy that `bars` were read off; 0 for none
        ("bars", "f4", (2,)),  # its hull and shield, as last taken down
        ("lower_ticks", "i4"),  # for which it has read lower
        ("higher_ticks", "i4"),
        ("armed_ticks", "i4"),  # since the laser's lamp was lit or a rocket fired
        ("has_lamp", "u1"),  # the laser's lamp was lit at some time: this game has one
        ("unseen_shots", "i4"),  # at it while it was out of sight, not told yet
    ],
)
"""What is remembered of one world."""


class OutcomeDetector:
    """Sees B worlds tick by tick, all memory in the carry."""

    def __init__(self, profile: Profile, config: OutcomeDetectorConfig | None = None) -> None:
        """Args:
        profile: the game; what its kinds are worth.
        config: how sharply to look.
        """
        config = config or OutcomeDetectorConfig()
        self._values = np.array([kind.value for kind in profile.kinds], np.float64)
        self._settings = np.array([tuple(getattr(config, name) for name in _SETTINGS.names or ())], _SETTINGS)
        self._laser_key = np.uint32(profile.key_bit(LASER_KEY) if LASER_KEY in profile.keys else 0)
        self._aspect = profile.window_height / profile.window_width

    def start(self, num_worlds: int) -> Carry:
        """A fresh memory: records of dtype WATCH_CARRY, shape (B,)."""
        return np.zeros(num_worlds, WATCH_CARRY)

    def update(self, observation: Observation, carry: Carry) -> np.ndarray:
        """What happened since the observation before; nothing in the first one.

        Returns:
            Records of dtype OUTCOMES, shape (B,). The carry is updated in place.
        """
        assert len(carry) == len(observation)
        return self._see(observation, carry)

    def process_episode(self, observation: Observation) -> np.ndarray:
        """The same for T consecutive ticks of one world; records of dtype OUTCOMES, shape (T,)."""
        return self._see(observation, self.start(1))

    def _see(self, observation: Observation, carry: Carry) -> np.ndarray:
        found = np.zeros(len(observation), OUTCOMES)
        _see_all(observation.records, carry, self._settings, self._values, self._aspect, self._laser_key, found)
        return found


@numba.njit
def _see(now, carry, s, values, aspect, laser_key, out):  # type: ignore[no-untyped-def]
    before = carry.before
    gap = now.time_s - before.time_s
    follows = carry.seen and 0.0 < gap <= _LONGEST_GAP_S
    if follows:
        _own_ship(before.player, now.player, s, out)
    alive = before.player.alive or not now.player.alive
    if follows and alive and before.player.map_index == now.player.map_index:
        _fight(before, now, carry, s, values, gap, laser_key, out)
        kind = box_collected(before, now, carry, s, gap, aspect)
        if kind >= 0:
            out.loot += 1.0
            out.loot_value += values[kind]
    else:
        carry.enemy, carry.bars_of, carry.gone[ENEMY_GONE], carry.gone[BOX_GONE] = 0, 0, 0, 0
        carry.unseen_shots = 0
    if not follows:
        carry.single = 0.0
    carry.before, carry.seen = now, 1


@numba.njit
def _own_ship(before, now, s, out):  # type: ignore[no-untyped-def]
    """Deaths and damage: the player's own flag and bars."""
    if before.alive and not now.alive:
        out.deaths += 1.0
    hull, shield = before.hp - now.hp, before.shield - now.shield
    if before.alive and hull > s.smallest_drop:
        out.damage_taken += hull
    if before.alive and shield > s.smallest_drop:
        out.damage_taken += shield * s.shield_worth


@numba.njit
def _fight(before, now, carry, s, values, gap, laser_key, out):  # type: ignore[no-untyped-def]
    """Shots by ammunition and rocket lamp, hits by enemies' bars, kills by what vanishes and by the laser's lamp."""
    aimed = _aim(before, carry)
    lost = bar_drop(before, now, carry, s)
    if lost > 0.0:
        carry.enemy_ticks = 0
    laser, rocket = laser_shots(before.player, now.player), rocket_shots(before.player, now.player)
    fired = laser > 0 or rocket > 0 or not s.reads_ammo
    kind = enemy_killed(before, now, carry, s, gap, fired, laser_key)
    if kind >= 0:
        out.kills += 1.0
        out.kill_value += values[kind]
    lit = before.player.laser_on or now.player.laser_on
    carry.has_lamp = carry.has_lamp or lit
    carry.armed_ticks = 0 if lit or rocket > 0 else carry.armed_ticks + 1
    armed = carry.armed_ticks <= s.bar_ticks or not carry.has_lamp
    count_shots(laser, rocket, lost, kind >= 0, aimed, armed, now, carry, s, out)


@numba.njit
def _aim(before, carry):  # type: ignore[no-untyped-def]
    """Notes which enemy was selected; whether one was in sight."""
    carry.enemy_ticks += 1
    for slot in range(MAX_TRACKS):
        track = before.tracks[slot]
        if track.id > 0 and track.role == _ENEMY and track.selected:
            carry.enemy, carry.enemy_kind, carry.enemy_ticks = track.id, track.kind, 0
            return True
    return False


def _fingerprint() -> int:
    """Of every source file of this, and of the records that it reads."""
    here = Path(__file__)
    files = [here, here.with_name("shot_detector.py"), here.with_name("kill_loot_detector.py")]
    files.append(here.parents[2] / "contract" / "observation.py")
    return zlib.crc32(b"".join(file.read_bytes() for file in files))


def _compile(fingerprint: int) -> Callable[..., None]:
    @numba.njit(cache=True)
    def see_all(records, carries, settings, values, aspect, laser_key, found):  # type: ignore[no-untyped-def]
        """Worlds with a carry each, or ticks of one world with its one carry."""
        _ = fingerprint
        for at in range(len(records)):
            _see(records[at], carries[at % len(carries)], settings[0], values, aspect, laser_key, found[at])

    return see_all


_see_all = _compile(_fingerprint())
