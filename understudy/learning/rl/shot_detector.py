"""Shots of the player, and which of them hit: by ammunition, rocket lamp and enemies' bars.

A laser may reach beyond the window's edge. What was shot at out there shows no bars; how many of those shots hit is
told when it is seen again, from what its bars have lost meanwhile, or when it dies. If neither comes, they count as
neither hit nor miss.
Compiled as part of outcomes.py.
"""

import numba
import numpy as np

from understudy.learning.rl.kill_loot_detector import find_slot


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
def bar_drop(before, now, carry, s):  # type: ignore[no-untyped-def]
    """What the enemy fought has lost, in its own full hulls, since its bars were last taken down in the carry.

    A reading counts once `bar_ticks` of them in a row have told the same: a misread bar jumps down and up again.
    """
    slot = find_slot(now, carry.enemy) if carry.enemy else -1
    if carry.bars_of != carry.enemy:
        _begin_bars(before, carry)
    if slot < 0:
        return 0.0
    track, bars = now.tracks[slot], carry.bars
    bars[0] = track.hp if bars[0] != bars[0] else bars[0]
    bars[1] = track.shield if bars[1] != bars[1] else bars[1]
    hull, cover = bars[0] - track.hp, bars[1] - track.shield  # NaN, and so neither up nor down, where it is unread
    lost = hull if hull > s.smallest_hit else 0.0
    lost += cover * s.enemy_shield_worth if cover > s.smallest_hit else 0.0
    mended = hull < -s.smallest_hit or cover < -s.smallest_hit
    carry.lower_ticks = carry.lower_ticks + 1 if lost > 0.0 else 0
    carry.higher_ticks = carry.higher_ticks + 1 if mended and not lost > 0.0 else 0
    if max(carry.lower_ticks, carry.higher_ticks) < s.bar_ticks:
        return 0.0
    bars[0] = track.hp if track.hp == track.hp else bars[0]
    bars[1] = track.shield if track.shield == track.shield else bars[1]
    carry.lower_ticks = carry.higher_ticks = 0
    return lost


@numba.njit
def _begin_bars(before, carry):  # type: ignore[no-untyped-def]
    """Another enemy is fought: its bars as they were in the observation before, NaN where it was not in sight."""
    slot = find_slot(before, carry.enemy) if carry.enemy else -1
    carry.bars_of, carry.unseen_shots, carry.lower_ticks, carry.higher_ticks = carry.enemy, 0, 0, 0
    carry.bars[0] = before.tracks[slot].hp if slot >= 0 else np.nan
    carry.bars[1] = before.tracks[slot].shield if slot >= 0 else np.nan


@numba.njit
def count_shots(laser, rocket, lost, killed, aimed, armed, now, carry, s, out):  # type: ignore[no-untyped-def]
    """Writes hits and misses of a tick in which the enemy fought lost `lost` hulls, seen to be aimed at or not."""
    if laser < 0 or rocket < 0 or not s.reads_ammo:  # what was taken off is all there is to see
        out.hits += 1.0 if (lost > 0.0 and armed) or killed else 0.0
        return
    shots = laser + rocket
    if killed:
        out.hits += max(1, shots)
        _emit_offscreen_hits(carry, s, out)
    elif find_slot(now, carry.enemy) < 0:
        carry.unseen_shots += shots if carry.enemy else 0
    elif aimed or lost > 0.0 or carry.unseen_shots:
        _emit(shots + carry.unseen_shots, lost, carry, out)
        if shots == 1 and laser == 1 and lost > 0.0 and carry.unseen_shots == 0:
            carry.single = lost
        carry.unseen_shots = 0


@numba.njit
def _emit(shots, lost, carry, out):  # type: ignore[no-untyped-def]
    """How many of some shots hit that took off `lost`, where one hit of the laser takes off `single`; 0 for not known.

    Half a hit more counts as one more: a rocket takes off about as much.
    """
    hits = 0
    if lost > 0.0:
        hits = shots if not carry.single > 0.0 else min(shots, int(lost / carry.single + 0.5))
        hits = max(1, hits)
    out.hits += hits
    out.misses += max(0, shots - hits)


@numba.njit
def _emit_offscreen_hits(carry, s, out):  # type: ignore[no-untyped-def]
    """What it had left when it was last in sight was taken off by the shots since then, the last of them included."""
    if not carry.unseen_shots:
        return
    left = carry.bars[0] + carry.bars[1] * s.enemy_shield_worth
    known = carry.single > 0.0 and left == left
    hits = min(carry.unseen_shots, int(left / carry.single)) if known else carry.unseen_shots
    out.hits += hits
    out.misses += carry.unseen_shots - hits
    carry.unseen_shots = 0
