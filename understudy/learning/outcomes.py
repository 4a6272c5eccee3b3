"""What came of playing, read off consecutive observations alone: hits, misses, kills, loot, deaths, damage taken.

Only what a player's window shows is looked at: enemies' bars, which objects are there and where, the ship's own bars,
its ammunition and rocket lamp, the map. The game's own log (`events` of an observation) is never read, though it stands
on the screen too: another game may have none. How right this is: benchmarks/outcomes.py.
"""

from dataclasses import dataclass

import numba
import numpy as np

from understudy.contract.observation import MAX_TRACKS, OBSERVATION, TICK_RATE_HZ, Observation, Role
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry

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

_ENEMY, _LOOT = int(Role.ENEMY), int(Role.LOOT)
LASER_KEY = "ctrl"
"""What switches the laser, where a profile has such a key."""
_LONGEST_GAP_S = 0.5
"""Observations farther apart than this are not consecutive: nothing is concluded."""


@dataclass(frozen=True, kw_only=True)
class WatchConfig:
    """How sharply to look. The defaults are for exact observations; an eye that reads pictures needs wider ones."""

    smallest_drop: float = 0.0005
    """Of a bar, as a fraction of it: less is taken for unsteady reading."""
    edge: float = 0.02
    """Window fractions: what vanishes so near the edge has left the window."""
    collect_reach: float = 0.035
    """Window widths from the ship within which a box that vanishes was collected."""
    shield_worth: float = 0.6
    """Full hulls that a full shield is worth."""
    confirm_ticks: int = 0
    """So long an object has to be gone before it counts: more for a tracker that loses things at times."""
    memory_ticks: int = 10 * TICK_RATE_HZ
    """An enemy that was neither selected nor hit for so long does not count as killed when it vanishes."""


_SETTINGS = np.dtype([(name, "f8") for name in WatchConfig.__dataclass_fields__])
WATCH_CARRY = np.dtype(
    [
        ("before", OBSERVATION),
        ("seen", "u1"),  # `before` holds something
        ("foe", "i4"),  # id of the enemy fought last; 0 for none
        ("foe_kind", "i4"),
        ("foe_ticks", "i4"),  # since it was last selected or hit
        ("gone", "i4", (2,)),  # ids of an enemy and a box that have vanished and may come back; 0 for none
        ("gone_ticks", "i4", (2,)),
        ("gone_kind", "i4", (2,)),
        ("single", "f4"),  # what the last single shot of the laser took off, in bars
    ],
)
"""What is remembered of one world."""


class OutcomeWatch:
    """Sees B worlds tick by tick, all memory in the carry."""

    def __init__(self, profile: Profile, config: WatchConfig | None = None) -> None:
        """Args:
        profile: the game; what its kinds are worth.
        config: how sharply to look.
        """
        config = config or WatchConfig()
        self._values = np.array([kind.value for kind in profile.kinds], np.float64)
        self._settings = np.array([tuple(getattr(config, name) for name in _SETTINGS.names or ())], _SETTINGS)
        self._laser_key = np.uint32(profile.key_bit(LASER_KEY) if LASER_KEY in profile.keys else 0)
        self._aspect = profile.window_height / profile.window_width

    def start(self, num_worlds: int) -> Carry:
        """A fresh memory: records of dtype WATCH_CARRY, shape (B,)."""
        return np.zeros(num_worlds, WATCH_CARRY)

    def see(self, observation: Observation, carry: Carry) -> np.ndarray:
        """What happened since the observation before; nothing in the first one.

        Returns:
            Records of dtype OUTCOMES, shape (B,). The carry is updated in place.
        """
        found = np.zeros(len(observation), OUTCOMES)
        _see_worlds(observation.records, carry, self._settings, self._values, self._aspect, self._laser_key, found)
        return found

    def see_all(self, observation: Observation) -> np.ndarray:
        """The same for T consecutive ticks of one world; records of dtype OUTCOMES, shape (T,)."""
        found = np.zeros(len(observation), OUTCOMES)
        memory = self.start(1)
        _see_ticks(observation.records, memory, self._settings, self._values, self._aspect, self._laser_key, found)
        return found


@numba.njit(cache=True)
def _see_worlds(records, carries, settings, values, aspect, laser_key, found):  # type: ignore[no-untyped-def]
    for world in range(len(records)):
        _see(records[world], carries[world], settings[0], values, aspect, laser_key, found[world])


@numba.njit(cache=True)
def _see_ticks(records, carries, settings, values, aspect, laser_key, found):  # type: ignore[no-untyped-def]
    for tick in range(len(records)):
        _see(records[tick], carries[0], settings[0], values, aspect, laser_key, found[tick])


@numba.njit(cache=True)
def _see(now, carry, s, values, aspect, laser_key, out):  # type: ignore[no-untyped-def]
    before = carry.before
    gap = now.time_s - before.time_s
    if carry.seen and 0.0 < gap <= _LONGEST_GAP_S:
        _own_ship(before.player, now.player, s, out)
        same_place = before.player.map_index == now.player.map_index and (before.player.alive or not now.player.alive)
        if same_place:
            _fight(before, now, carry, s, values, gap, laser_key, out)
            _boxes(before, now, carry, s, values, gap, aspect, out)
        else:
            carry.foe, carry.gone[0], carry.gone[1] = 0, 0, 0
    else:
        carry.foe, carry.gone[0], carry.gone[1], carry.single = 0, 0, 0, 0.0
    carry.before, carry.seen = now, 1


@numba.njit(cache=True)
def _own_ship(before, now, s, out):  # type: ignore[no-untyped-def]
    """Deaths and damage: the player's own flag and bars."""
    if before.alive and not now.alive:
        out.deaths += 1.0
    hull, shield = before.hp - now.hp, before.shield - now.shield
    if before.alive and hull > s.smallest_drop:
        out.damage_taken += hull
    if before.alive and shield > s.smallest_drop:
        out.damage_taken += shield * s.shield_worth


@numba.njit(cache=True)
def _fight(before, now, carry, s, values, gap, laser_key, out):  # type: ignore[no-untyped-def]
    """Shots by ammunition and rocket lamp, hits by enemies' bars, kills by what vanishes and by the laser's lamp."""
    lost, foe = 0.0, 0
    for slot in range(MAX_TRACKS):
        track = before.tracks[slot]
        if track.id <= 0 or track.role != _ENEMY:
            continue
        later = _slot_of(now, track.id)
        if later >= 0:
            drop = _drop(track.hp, now.tracks[later].hp, s) + _drop(track.shield, now.tracks[later].shield, s)
            if drop > 0.0:
                lost += drop
                foe, carry.foe_kind = track.id, track.kind
        if track.selected and foe == 0:
            foe, carry.foe_kind = track.id, track.kind
    carry.foe_ticks += 1
    if foe:
        carry.foe, carry.foe_ticks = foe, 0
    laser, rocket = _laser_shots(before.player, now.player), _rocket_shots(before.player, now.player)
    kind = _vanished(before, now, carry, s, gap)
    if kind < 0 and laser + rocket > 0 and _lamp_went_out(before, now, laser_key) and _out_of_sight(now, carry, s):
        kind, carry.foe = carry.foe_kind, 0
    if kind >= 0:
        out.kills += 1.0
        out.kill_value += values[kind]
    _count_shots(laser, rocket, lost, kind >= 0, foe, before, now, carry, out)


@numba.njit(cache=True)
def _count_shots(laser, rocket, lost, killed, foe, before, now, carry, out):  # type: ignore[no-untyped-def]
    """Of two shots at once, one hit if less was taken off than by the last single one and half a rocket more."""
    if laser < 0 or rocket < 0:  # ammunition cannot be read: what was taken off is all there is to see
        out.hits += 1.0 if lost > 0.0 or killed else 0.0
        return
    shots = laser + rocket
    if killed:
        out.hits += max(1, shots)
    elif lost > 0.0 and shots == 2:
        out.hits += 2.0 if lost > 1.5 * carry.single else 1.0
        out.misses += 0.0 if lost > 1.5 * carry.single else 1.0
    elif lost > 0.0:
        out.hits += 1.0
        if laser == 1:
            carry.single = lost
    elif foe and _slot_of(now, foe) >= 0:
        out.misses += shots


@numba.njit(cache=True)
def _drop(before, now, s):  # type: ignore[no-untyped-def]
    """How much a bar has fallen; 0 where it cannot be read."""
    fall = before - now
    return fall if fall > s.smallest_drop else 0.0


@numba.njit(cache=True)
def _laser_shots(before, now):  # type: ignore[no-untyped-def]
    """1 if some ammunition has become less, -1 if none of it can be read."""
    readable = 0
    for kind in range(4):
        if now.ammo[kind] < before.ammo[kind]:
            return 1
        if now.ammo[kind] == now.ammo[kind] and before.ammo[kind] == before.ammo[kind]:
            readable = 1
    return 0 if readable else -1


@numba.njit(cache=True)
def _rocket_shots(before, now):  # type: ignore[no-untyped-def]
    """1 if the launcher has just been emptied, -1 if it cannot be seen."""
    fall = before.rocket_ready - now.rocket_ready
    if fall != fall:
        return -1
    return 1 if fall > 0.5 else 0


@numba.njit(cache=True)
def _vanished(before, now, carry, s, gap):  # type: ignore[no-untyped-def]
    """Kind of the enemy fought that is gone for good, though it should be in sight; -1 for none."""
    if carry.gone[0]:
        return _confirmed(now, carry, s, 0)
    slot = _slot_of(before, carry.foe) if carry.foe and carry.foe_ticks <= s.memory_ticks else -1
    if slot < 0 or _slot_of(now, carry.foe) >= 0 or not _should_be_seen(before.tracks[slot], now, s, gap):
        return -1
    if now.player.laser_on:  # it goes out when its target dies
        return -1
    carry.gone[0], carry.gone_ticks[0], carry.gone_kind[0] = carry.foe, 0, before.tracks[slot].kind
    carry.foe = 0
    return _confirmed(now, carry, s, 0)


@numba.njit(cache=True)
def _lamp_went_out(before, now, laser_key):  # type: ignore[no-untyped-def]
    """Whether the laser has stopped of itself, by neither its key nor a click on another target."""
    by_key = now.keys & ~before.keys & laser_key
    by_click = now.button != 0 and before.button == 0
    return bool(before.player.laser_on and not now.player.laser_on and not by_key and not by_click)


@numba.njit(cache=True)
def _out_of_sight(now, carry, s):  # type: ignore[no-untyped-def]
    """Whether the enemy fought is beyond the window's edge: the laser reaches farther than that."""
    return bool(carry.foe and carry.foe_ticks <= s.memory_ticks and _slot_of(now, carry.foe) < 0)


@numba.njit(cache=True)
def _boxes(before, now, carry, s, values, gap, aspect, out):  # type: ignore[no-untyped-def]
    """Boxes that vanish where the ship is."""
    if not carry.gone[1] and now.player.alive:
        for slot in range(MAX_TRACKS):
            track = before.tracks[slot]
            if track.id > 0 and track.role == _LOOT and _slot_of(now, track.id) < 0:
                across, down = track.x + track.vx * gap - 0.5, (track.y + track.vy * gap - 0.5) * aspect
                if (across * across + down * down) ** 0.5 < s.collect_reach:
                    carry.gone[1], carry.gone_ticks[1], carry.gone_kind[1] = track.id, 0, track.kind
    if carry.gone[1]:
        kind = _confirmed(now, carry, s, 1)
        if kind >= 0:
            out.loot += 1.0
            out.loot_value += values[kind]


@numba.njit(cache=True)
def _confirmed(now, carry, s, which):  # type: ignore[no-untyped-def]
    """Kind of what is missed, once it has been missed for long enough; -1 before that, or when it has come back."""
    if _slot_of(now, carry.gone[which]) >= 0:
        carry.gone[which] = 0
        return -1
    carry.gone_ticks[which] += 1
    if carry.gone_ticks[which] <= s.confirm_ticks:
        return -1
    carry.gone[which] = 0
    return carry.gone_kind[which]


@numba.njit(cache=True)
def _should_be_seen(track, now, s, gap):  # type: ignore[no-untyped-def]
    """Whether something would be in the window now, and on the list of what is in it, if it still were."""
    x, y = track.x + track.vx * gap, track.y + track.vy * gap
    if not (s.edge < x < 1.0 - s.edge and s.edge < y < 1.0 - s.edge):
        return False
    last = now.tracks[MAX_TRACKS - 1]
    return last.id <= 0 or abs(x - 0.5) + abs(y - 0.5) < abs(last.x - 0.5) + abs(last.y - 0.5)


@numba.njit(cache=True)
def _slot_of(record, number):  # type: ignore[no-untyped-def]
    """Where an object is on the list; -1 where it is not."""
    for slot in range(MAX_TRACKS):
        if record.tracks[slot].id == number:
            return slot
        if record.tracks[slot].id <= 0:
            return -1
    return -1
