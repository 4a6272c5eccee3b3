"""What is in sight from one observation to the next, and what has vanished for good: kills and boxes.

Compiled as part of outcomes.py.
"""

import numba

from understudy.contract.observation import MAX_TRACKS, Role

_LOOT = int(Role.LOOT)
ENEMY_GONE, BOX_GONE = 0, 1
"""Places in the carry's `gone`."""


@numba.njit
def find_slot(record, number):  # type: ignore[no-untyped-def]
    """Where an object is on the list; -1 where it is not."""
    for slot in range(MAX_TRACKS):
        if record.tracks[slot].id == number:
            return slot
        if record.tracks[slot].id <= 0:
            return -1
    return -1


@numba.njit
def enemy_killed(before, now, carry, s, gap, fired, laser_key):  # type: ignore[no-untyped-def]
    """Kind of the enemy that died in this tick, as far as can be seen; -1 for none."""
    kind = _vanished(before, now, carry, s, gap)
    if kind < 0 and fired and _laser_stopped_itself(before, now, laser_key) and _out_of_sight(now, carry, s):
        kind, carry.enemy = carry.enemy_kind, 0
    return kind


@numba.njit
def box_collected(before, now, carry, s, gap, aspect):  # type: ignore[no-untyped-def]
    """Kind of the box that vanished where the ship is; -1 for none."""
    if not carry.gone[BOX_GONE] and now.player.alive:
        for slot in range(MAX_TRACKS):
            track = before.tracks[slot]
            if track.id > 0 and track.role == _LOOT and find_slot(now, track.id) < 0:
                across, down = track.x + track.vx * gap - 0.5, (track.y + track.vy * gap - 0.5) * aspect
                real = s.confirm_ticks == 0 or (track.id == carry.box and 2 * carry.box_ticks > s.confirm_ticks)
                if real and (across * across + down * down) ** 0.5 < s.collect_reach:
                    _mark_vanished(carry, BOX_GONE, track)
    _watch_nearest_box(now, carry)
    return _confirm_vanished(now, carry, s, BOX_GONE) if carry.gone[BOX_GONE] else -1


@numba.njit
def _watch_nearest_box(now, carry):  # type: ignore[no-untyped-def]
    """Counts for how long the box nearest to the ship has been in sight: the list is in order of nearness."""
    for slot in range(MAX_TRACKS):
        track = now.tracks[slot]
        if track.id > 0 and track.role == _LOOT:
            carry.box_ticks = carry.box_ticks + 1 if track.id == carry.box else 1
            carry.box = track.id
            return


@numba.njit
def _vanished(before, now, carry, s, gap):  # type: ignore[no-untyped-def]
    """Kind of the enemy fought that is gone for good, though it should be in sight; -1 for none."""
    if carry.gone[ENEMY_GONE]:
        return _confirm_vanished(now, carry, s, ENEMY_GONE)
    slot = find_slot(before, carry.enemy) if carry.enemy and carry.enemy_ticks <= s.memory_ticks else -1
    if slot < 0 or find_slot(now, carry.enemy) >= 0 or not _should_be_seen(before.tracks[slot], now, s, gap):
        return -1
    if now.player.laser_on:  # it goes out when its target dies
        return -1
    _mark_vanished(carry, ENEMY_GONE, before.tracks[slot])
    carry.enemy = 0
    return _confirm_vanished(now, carry, s, ENEMY_GONE)


@numba.njit
def _laser_stopped_itself(before, now, laser_key):  # type: ignore[no-untyped-def]
    """Whether the laser has stopped of itself, by neither its key nor a click on another target."""
    by_key = now.keys & ~before.keys & laser_key
    by_click = now.button != 0 and before.button == 0
    return bool(before.player.laser_on and not now.player.laser_on and not by_key and not by_click)


@numba.njit
def _out_of_sight(now, carry, s):  # type: ignore[no-untyped-def]
    """Whether the enemy fought is beyond the window's edge: the laser reaches farther than that."""
    return bool(carry.enemy and carry.enemy_ticks <= s.memory_ticks and find_slot(now, carry.enemy) < 0)


@numba.njit
def _mark_vanished(carry, which, track):  # type: ignore[no-untyped-def]
    carry.gone[which], carry.gone_ticks[which], carry.gone_kind[which] = track.id, 0, track.kind


@numba.njit
def _confirm_vanished(now, carry, s, which):  # type: ignore[no-untyped-def]
    """Kind of what is missed, once it has been missed for long enough; -1 before that, or when it has come back."""
    if find_slot(now, carry.gone[which]) >= 0:
        carry.gone[which] = 0
        return -1
    carry.gone_ticks[which] += 1
    if carry.gone_ticks[which] <= s.confirm_ticks:
        return -1
    carry.gone[which] = 0
    return carry.gone_kind[which]


@numba.njit
def _should_be_seen(track, now, s, gap):  # type: ignore[no-untyped-def]
    """Whether something would be in the window now, and on the list of what is in it, if it still were."""
    x, y = track.x + track.vx * gap, track.y + track.vy * gap
    if not (s.edge < x < 1.0 - s.edge and s.edge < y < 1.0 - s.edge):
        return False
    last = now.tracks[MAX_TRACKS - 1]
    return last.id <= 0 or abs(x - 0.5) + abs(y - 0.5) < abs(last.x - 0.5) + abs(last.y - 0.5)
