"""Outcome detection: hits, misses, kills, loot, deaths and damage from consecutive observations alone.

Inputs are what a player's window shows: enemies' bars, the objects and their positions, the ship's own bars, its
ammunition and rocket lamp, the map. The `events` of an observation (the game's own log) are never read: another game
may have no log. Accuracy: benchmarks/outcomes.py.

Compiled like the engine (worlds/simulator/engine/step.py): the entry point is defined inside a function that takes a
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
from understudy.perception.outcomes.kill_loot_detector import (
    BOX_INDEX,
    ENEMY_INDEX,
    box_collected,
    enemy_killed,
    find_slot,
    note_click,
)
from understudy.perception.outcomes.shot_detector import bar_drop, count_shots, laser_shots, rocket_shots

OUTCOMES = np.dtype(
    [
        ("hits", "f4"),  # shots of the player that lowered an enemy's bars
        ("misses", "f4"),  # shots that lowered none
        ("kills", "f4"),
        ("loot", "f4"),  # boxes collected
        ("deaths", "f4"),
        ("damage_taken", "f4"),  # fractions of the player's own full hull
        ("kill_value", "f4"),  # points of the killed enemies, by kind
        ("loot_value", "f4"),
    ],
)
"""Outcomes between two consecutive observations, 32 bytes."""

_ENEMY = int(Role.ENEMY)
LASER_KEY = "ctrl"
"""Key that switches the laser, where the profile has it."""
_LONGEST_GAP_S = 0.5
"""Observations farther apart than this are not compared."""


@dataclass(frozen=True, kw_only=True)
class OutcomeDetectorConfig:
    """Thresholds. The defaults are for exact observations; VISION_CONFIG is for those of perception."""

    smallest_drop: float = 0.0005
    """Of the player's own bar, as a fraction of it; a smaller drop is reading noise."""
    smallest_hit: float = 0.0005
    """Of an enemy's bar, likewise."""
    edge: float = 0.02
    """Window fractions: an object that vanishes this near the edge has left the window."""
    collect_reach: float = 0.035
    """Window widths: a box that vanishes this near the ship was collected."""
    shield_worth: float = 0.6
    """A full shield in full hulls, of the player."""
    enemy_shield_worth: float = 0.35
    """A full shield in full hulls, of an enemy."""
    bar_ticks: int = 1
    """An enemy's bar has to read lower (or higher) for so many consecutive ticks before it counts."""
    reads_ammo: bool = True
    """Ammunition is known to the single shot. False for a bar in a picture: misses are then not detected."""
    confirm_ticks: int = 0
    """An object has to be missing for so long before it counts, and a box to have been tracked for half of that: above
    0 for a tracker with missed and false detections."""
    memory_ticks: int = 10 * TICK_RATE_HZ
    """An enemy that was neither selected nor hit for so long and then vanishes was not killed."""
    approach: float = 0.0
    """A box counts as collected only if the ship came nearer to it by so much while it was the nearest (window widths),
    or if it was clicked: in a game without a ship, things vanish in the middle of the window too."""
    click_ticks: int = 0
    """For so long after a click an object counts as aimed at: an enemy that then vanishes was killed, a box was
    collected. 0 where the selection is always seen."""


VISION_CONFIG = OutcomeDetectorConfig(
    smallest_drop=0.004,
    smallest_hit=0.02,
    bar_ticks=4,
    reads_ammo=False,
    confirm_ticks=8,
    approach=0.01,
    click_ticks=10,
)
"""For perception: bars are read to a pixel with outliers, detections are missed or false, ammunition is a bar, and a
game may have neither ship nor selection."""

_SETTINGS = np.dtype([(name, "f8") for name in OutcomeDetectorConfig.__dataclass_fields__])
OUTCOME_CARRY = np.dtype(
    [
        ("before", OBSERVATION),
        ("has_before", "u1"),  # whether `before` is set
        ("enemy", "i4"),  # id of the last selected enemy; 0 for none
        ("enemy_kind", "i4"),
        ("enemy_ticks", "i4"),  # since it was last selected or hit
        ("pending_vanished", "i4", (2,)),  # ids of an enemy and a box that are missing, not yet confirmed; 0 for none
        ("pending_ticks", "i4", (2,)),
        ("pending_kind", "i4", (2,)),
        ("pending_place", "f4", (2, 2)),  # x and y where they were last, window fractions
        ("pending_hp", "f4", (2,)),  # health bar when it was last seen, 0 to 1; NaN for unknown
        ("pending_newest", "i4", (2,)),  # the highest id when they vanished: a tracker gives new objects higher ones
        ("nearest_box", "i4"),  # id of the box nearest to the ship
        ("nearest_box_ticks", "i4"),  # since it became the nearest
        ("nearest_box_far", "f4"),  # its largest distance from the ship since then, window widths
        ("clicked", "i4"),  # id of the last clicked object; 0 for none
        ("clicked_ticks", "i4"),  # since then
        ("last_hit_damage", "f4"),  # of the last single laser hit, in full hulls of the enemy
        ("bars_of", "i4"),  # id of the enemy of `bars`; 0 for none
        ("bars", "f4", (2,)),  # its hull and shield at the last counted change
        ("lower_ticks", "i4"),  # consecutive lower readings
        ("higher_ticks", "i4"),  # consecutive higher readings
        ("ticks_since_armed", "i4"),  # since the laser's lamp was lit or a rocket fired
        ("has_lamp", "u1"),  # the laser's lamp was lit once: this game has one
        ("pending_offscreen_shots", "i4"),  # at the enemy while it was out of sight, not yet counted
    ],
)
"""State of one world between two observations."""


class OutcomeDetector:
    """Detects outcomes in B worlds tick by tick, or in a whole episode; stateless but for the carry."""

    def __init__(self, profile: Profile, config: OutcomeDetectorConfig | None = None) -> None:
        """Args:
        profile: the game, with the value of each kind of object.
        config: thresholds; those for exact observations by default.
        """
        config = config or OutcomeDetectorConfig()
        self._values = np.array([kind.value for kind in profile.kinds], np.float64)
        self._settings = np.array([tuple(getattr(config, name) for name in _SETTINGS.names or ())], _SETTINGS)
        self._laser_key = np.uint32(profile.key_bit(LASER_KEY) if LASER_KEY in profile.keys else 0)
        self._aspect = profile.window_height / profile.window_width

    def start(self, num_worlds: int) -> Carry:
        """Returns the initial carry: records of dtype OUTCOME_CARRY, shape (B,)."""
        return np.zeros(num_worlds, OUTCOME_CARRY)

    def update(self, observation: Observation, carry: Carry) -> np.ndarray:
        """Returns the outcomes since the previous observation; none for the first one.

        Returns:
            Records of dtype OUTCOMES, shape (B,). The carry is updated in place.
        """
        assert len(carry) == len(observation)
        return self._detect(observation, carry)

    def process_episode(self, observation: Observation) -> np.ndarray:
        """Returns the same for T consecutive ticks of one world; records of dtype OUTCOMES, shape (T,)."""
        return self._detect(observation, self.start(1))

    def _detect(self, observation: Observation, carry: Carry) -> np.ndarray:
        found = np.zeros(len(observation), OUTCOMES)
        _detect_all(observation.records, carry, self._settings, self._values, self._aspect, self._laser_key, found)
        return found


@numba.njit
def _detect(now, carry, s, values, aspect, laser_key, out):  # type: ignore[no-untyped-def]
    before = carry.before
    gap = now.time_s - before.time_s
    is_consecutive = carry.has_before and 0.0 < gap <= _LONGEST_GAP_S
    if is_consecutive:
        _own_ship(before.player, now.player, s, out)
    alive = before.player.alive or not now.player.alive
    if is_consecutive and alive and before.player.map_index == now.player.map_index:
        note_click(before, now, carry)
        _fight(before, now, carry, s, values, gap, laser_key, out)
        kind = box_collected(before, now, carry, s, gap, aspect)
        if kind >= 0:
            out.loot += 1.0
            out.loot_value += values[kind]
    else:
        carry.enemy, carry.bars_of, carry.pending_vanished[ENEMY_INDEX], carry.pending_vanished[BOX_INDEX] = 0, 0, 0, 0
        carry.pending_offscreen_shots = 0
    if not is_consecutive:
        carry.last_hit_damage = 0.0
    carry.before, carry.has_before = now, 1


@numba.njit
def _own_ship(before, now, s, out):  # type: ignore[no-untyped-def]
    """Writes deaths and damage taken, from the player's own flag and bars."""
    if before.alive and not now.alive:
        out.deaths += 1.0
    hull, shield = before.hp - now.hp, before.shield - now.shield
    if before.alive and hull > s.smallest_drop:
        out.damage_taken += hull
    if before.alive and shield > s.smallest_drop:
        out.damage_taken += shield * s.shield_worth


@numba.njit
def _fight(before, now, carry, s, values, gap, laser_key, out):  # type: ignore[no-untyped-def]
    """Detects shots by ammunition and rocket lamp, hits by enemies' bars, kills by vanished objects and laser lamp."""
    aimed = _aim(before, carry, s)
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
    carry.ticks_since_armed = 0 if lit or rocket > 0 else carry.ticks_since_armed + 1
    armed = carry.ticks_since_armed <= s.bar_ticks or not carry.has_lamp
    count_shots(laser, rocket, lost, kind >= 0, aimed, armed, now, carry, s, out)


@numba.njit
def _aim(before, carry, s):  # type: ignore[no-untyped-def]
    """Stores the selected enemy in the carry, or the one just clicked; returns whether one is selected and in sight."""
    carry.enemy_ticks += 1
    for slot in range(MAX_TRACKS):
        track = before.tracks[slot]
        if track.id > 0 and track.role == _ENEMY and track.selected:
            carry.enemy, carry.enemy_kind, carry.enemy_ticks = track.id, track.kind, 0
            return True
    if carry.clicked and carry.clicked_ticks < s.click_ticks:
        slot = find_slot(before, carry.clicked)
        if slot >= 0 and before.tracks[slot].role == _ENEMY:
            carry.enemy, carry.enemy_kind = carry.clicked, before.tracks[slot].kind
            carry.enemy_ticks = s.memory_ticks - (s.click_ticks - carry.clicked_ticks)
    return False


def _fingerprint() -> int:
    """Returns the checksum of the source files of the compiled functions and of the records that they read."""
    here = Path(__file__)
    files = [here, here.with_name("shot_detector.py"), here.with_name("kill_loot_detector.py")]
    files.append(here.parents[2] / "contract" / "observation.py")
    return zlib.crc32(b"".join(file.read_bytes() for file in files))


def _compile(fingerprint: int) -> Callable[..., None]:
    @numba.njit(cache=True)
    def detect_all(records, carries, settings, values, aspect, laser_key, found):  # type: ignore[no-untyped-def]
        """Worlds with a carry each, or ticks of one world with one carry."""
        _ = fingerprint
        for at in range(len(records)):
            _detect(records[at], carries[at % len(carries)], settings[0], values, aspect, laser_key, found[at])

    return detect_all


_detect_all = _compile(_fingerprint())
