"""Outcome detection: hits, misses, kills, loot, deaths and damage from consecutive observations alone.

Inputs are what a player's window shows: enemies' bars, the objects and their positions, the player's own gauges of
health, its weapons (the gauges and switches that the profile declares as such), the map. The `events` of an observation
(the game's own log) are never read: another game may have no log. Accuracy: benchmarks/outcomes.py.

Compiled like the engine (worlds/simulator/engine/step.py): the entry point is defined inside a function that takes a
fingerprint of its sources, because numba's cache on disk does not notice a change in a function of another file.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

from understudy.contract.observation import MAX_GAUGES, MAX_TRACKS, OBSERVATION, TICK_RATE_HZ, Observation, Role
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry
from understudy.perception.outcomes.kill_loot_detector import (
    BOX_INDEX,
    ENEMY_INDEX,
    box_collected,
    enemy_killed,
    find_slot,
    is_armed,
    note_click,
)
from understudy.perception.outcomes.outcome_readings import outcome_readings
from understudy.perception.outcomes.shot_detector import bar_drop, cooldown_shots, count_shots, store_shots

OUTCOMES = np.dtype(
    [
        ("hits", "f4"),  # shots of the player that lowered an enemy's bars
        ("misses", "f4"),  # shots that lowered none
        ("kills", "f4"),
        ("loot", "f4"),  # boxes collected
        ("deaths", "f4"),
        ("damage_taken", "f4"),  # full vital gauges of the player
        ("kill_value", "f4"),  # points of the killed enemies, by kind
        ("loot_value", "f4"),
    ],
)
"""Outcomes between two consecutive observations, 32 bytes."""

_ENEMY = int(Role.ENEMY)
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
    bar_ticks: int = 1
    """An enemy's bar has to read lower (or higher) for so many consecutive ticks before it counts."""
    reads_stores: bool = True
    """Stores are known to the single shot. False for a bar in a picture: misses are then not detected."""
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
    reads_stores=False,
    confirm_ticks=8,
    approach=0.01,
    click_ticks=10,
)
"""For perception: bars are read to a pixel with outliers, detections are missed or false, a store is a bar, and a
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
        ("last_hit_damage", "f4"),  # of the last single hit, in full vital gauges of the enemy
        ("bars_of", "i4"),  # id of the enemy of `bars`; 0 for none
        ("bars", "f4", (2,)),  # its gauges at the last counted change
        ("lower_ticks", "i4"),  # consecutive lower readings
        ("higher_ticks", "i4"),  # consecutive higher readings
        ("ticks_since_armed", "i4"),  # since a weapon's switch was on or a weapon with a cooldown was used
        ("has_lamp", "u1"),  # a weapon's switch was on once: this game shows one
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
        self._readings = outcome_readings(profile)
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
        _detect_all(observation.records, carry, self._settings, self._values, self._aspect, self._readings[0], found)
        return found


@numba.njit
def _detect(now, carry, s, values, aspect, g, out):  # type: ignore[no-untyped-def]
    before = carry.before
    gap = now.time_s - before.time_s
    is_consecutive = carry.has_before and 0.0 < gap <= _LONGEST_GAP_S
    if is_consecutive:
        _own_health(before.player, now.player, s, g, out)
    alive = before.player.alive or not now.player.alive
    if is_consecutive and alive and before.player.map_index == now.player.map_index:
        note_click(before, now, carry)
        _fight(before, now, carry, s, values, gap, g, out)
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
def _own_health(before, now, s, g, out):  # type: ignore[no-untyped-def]
    """Writes deaths and damage taken, from the player's own flag and gauges of health."""
    if before.alive and not now.alive:
        out.deaths += 1.0
    for place in range(MAX_GAUGES):
        lost = before.gauges[place] - now.gauges[place]
        if before.alive and g.worth[place] > 0.0 and lost > s.smallest_drop:
            out.damage_taken += lost * g.worth[place]


@numba.njit
def _fight(before, now, carry, s, values, gap, g, out):  # type: ignore[no-untyped-def]
    """Detects shots by stores and cooldowns, hits by enemies' bars, kills by vanished objects and weapons' switches."""
    aimed = _aim(before, carry, s)
    lost = bar_drop(before, now, carry, s, g)
    if lost > 0.0:
        carry.enemy_ticks = 0
    stores, cooldowns = store_shots(before.player, now.player, g), cooldown_shots(before.player, now.player, g)
    fired = stores > 0 or cooldowns > 0 or not s.reads_stores
    kind = enemy_killed(before, now, carry, s, gap, fired, g)
    if kind >= 0:
        out.kills += 1.0
        out.kill_value += values[kind]
    lit = is_armed(before.player, g) or is_armed(now.player, g)
    carry.has_lamp = carry.has_lamp or lit
    carry.ticks_since_armed = 0 if lit or cooldowns > 0 else carry.ticks_since_armed + 1
    armed = carry.ticks_since_armed <= s.bar_ticks or not carry.has_lamp
    count_shots(stores, cooldowns, lost, kind >= 0, aimed, armed, now, carry, s, g, out)


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
    files += [here.with_name("outcome_readings.py"), here.parents[2] / "contract" / "observation.py"]
    return zlib.crc32(b"".join(file.read_bytes() for file in files))


def _compile(fingerprint: int) -> Callable[..., None]:
    @numba.njit(cache=True)
    def detect_all(records, carries, settings, values, aspect, g, found):  # type: ignore[no-untyped-def]
        """Worlds with a carry each, or ticks of one world with one carry."""
        _ = fingerprint
        for at in range(len(records)):
            _detect(records[at], carries[at % len(carries)], settings[0], values, aspect, g, found[at])

    return detect_all


_detect_all = _compile(_fingerprint())
