"""Shots of the player, and which of them hit: by ammunition, rocket lamp and enemies' bars.

A laser may reach beyond the window's edge. What was shot at out there shows no bars; how many of those shots hit is
told when it is seen again, from what its bars have lost meanwhile, or when it dies. If neither comes, they count as
neither hit nor miss.
Compiled as part of outcomes.py.
"""

import numba

from understudy.learning.outcome_sight import slot_of


@numba.njit
def laser_shots(before, now):  # type: ignore[no-untyped-def]
    """1 if some ammunition has become less, -1 if none of it can be read."""
    readable = 0
    for kind in range(4):
        if now.ammo[kind] < before.ammo[kind]:
            return 1
        if now.ammo[kind] == now.ammo[kind] and before.ammo[kind] == before.ammo[kind]:
            readable = 1
    return 0 if readable else -1


@numba.njit
def rocket_shots(before, now):  # type: ignore[no-untyped-def]
    """1 if the launcher has just been emptied, -1 if it cannot be seen."""
    fall = before.rocket_ready - now.rocket_ready
    if fall != fall:
        return -1
    return 1 if fall > 0.5 else 0


@numba.njit
def taken_off(hp, shield, track, s):  # type: ignore[no-untyped-def]
    """What an enemy has lost since its bars read `hp` and `shield`, in full hulls; an unread bar lost nothing."""
    hull, cover = hp - track.hp, shield - track.shield
    lost = hull if hull > s.smallest_drop else 0.0
    return lost + (cover * s.enemy_shield_worth if cover > s.smallest_drop else 0.0)


@numba.njit
def count_shots(laser, rocket, lost, killed, foe, now, carry, s, out):  # type: ignore[no-untyped-def]
    """Writes hits and misses of a tick in which enemies in sight lost `lost` hulls."""
    if laser < 0 or rocket < 0:  # ammunition cannot be read: what was taken off is all there is to see
        out.hits += 1.0 if lost > 0.0 or killed else 0.0
        return
    shots = laser + rocket
    if killed:
        out.hits += max(1, shots)
        _tell_unseen_of_killed(carry, s, out)
    elif lost > 0.0:
        hits = hits_among(shots, lost, carry.single) if shots > 1 else 1
        out.hits += hits
        out.misses += max(0, shots - hits)  # without a shot that was seen, somebody else's or too coarse a bar
        if shots == 1 and laser == 1:
            carry.single = lost
    elif foe and slot_of(now, foe) >= 0:
        out.misses += shots
    elif carry.foe and carry.bars_of == carry.foe:
        carry.unseen_shots += shots
    _tell_unseen(now, carry, s, out)


@numba.njit
def hits_among(shots, lost, single):  # type: ignore[no-untyped-def]
    """How many of some shots took off `lost`, where one hit of the laser takes off `single`; 0 for not known yet.

    Half a hit more counts as one more: a rocket takes off about as much.
    """
    if not lost > 0.0:
        return 0
    if not single > 0.0:
        return shots
    return min(shots, max(1, int(lost / single + 0.5)))


@numba.njit
def remember_bars(now, carry):  # type: ignore[no-untyped-def]
    """Of the enemy fought, while they can be read."""
    slot = slot_of(now, carry.foe) if carry.foe else -1
    if slot < 0:
        return
    track = now.tracks[slot]
    if carry.bars_of != carry.foe:
        carry.bars_of, carry.unseen_shots = carry.foe, 0
        carry.bars[0], carry.bars[1] = track.hp, track.shield
    if track.hp == track.hp:
        carry.bars[0] = track.hp
    if track.shield == track.shield:
        carry.bars[1] = track.shield


@numba.njit
def forget_unseen(carry):  # type: ignore[no-untyped-def]
    """What the shots at an enemy out of sight led to will never be known."""
    carry.bars_of, carry.unseen_shots = 0, 0


@numba.njit
def _tell_unseen(now, carry, s, out):  # type: ignore[no-untyped-def]
    slot = slot_of(now, carry.foe) if carry.unseen_shots and carry.bars_of == carry.foe else -1
    if slot < 0:
        return
    lost = taken_off(carry.bars[0], carry.bars[1], now.tracks[slot], s)
    hits = hits_among(carry.unseen_shots, lost, carry.single)
    out.hits += hits
    out.misses += carry.unseen_shots - hits
    carry.unseen_shots = 0


@numba.njit
def _tell_unseen_of_killed(carry, s, out):  # type: ignore[no-untyped-def]
    """What it had left when it was last in sight was taken off by the shots since then, the last of them included."""
    if not carry.unseen_shots:
        return
    left = carry.bars[0] + carry.bars[1] * s.enemy_shield_worth
    hits = carry.unseen_shots if not carry.single > 0.0 else min(carry.unseen_shots, int(left / carry.single))
    out.hits += hits
    out.misses += carry.unseen_shots - hits
    carry.unseen_shots = 0
