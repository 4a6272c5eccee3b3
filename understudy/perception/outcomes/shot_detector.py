"""The player's shots and hits, inferred from ammunition, rocket lamp and enemies' bars.

A laser may reach beyond the window's edge, where an enemy shows no bars. Shots at it are counted when it is visible
again, from the drop of its bars meanwhile, or when it dies; otherwise they count as neither hits nor misses.
Compiled as part of outcome_detector.py.
"""

import numba
import numpy as np

from understudy.perception.outcomes.kill_loot_detector import find_slot


@numba.njit
def laser_shots(before, now):  # type: ignore[no-untyped-def]
    """Returns 1 if any ammunition count fell, -1 if none can be read."""
    readable = 0
    for kind in range(4):
        if now.ammo[kind] < before.ammo[kind]:
            return 1
        if now.ammo[kind] == now.ammo[kind] and before.ammo[kind] == before.ammo[kind]:
            readable = 1
    return 0 if readable else -1


@numba.njit
def rocket_shots(before, now):  # type: ignore[no-untyped-def]
    """Returns 1 if the launcher has just been emptied, -1 if its lamp cannot be read."""
    fall = before.rocket_ready - now.rocket_ready
    if fall != fall:
        return -1
    return 1 if fall > 0.5 else 0


@numba.njit
def bar_drop(before, now, carry, s):  # type: ignore[no-untyped-def]
    """Returns the drop of the enemy's bars since the last counted change, in its own full hulls.

    A change counts after `bar_ticks` consecutive readings: a misread bar jumps down and up again.
    """
    slot = find_slot(now, carry.enemy) if carry.enemy else -1
    if carry.bars_of != carry.enemy:
        _begin_bars(before, carry)
    if slot < 0:
        return 0.0
    track, bars = now.tracks[slot], carry.bars
    bars[0] = track.hp if bars[0] != bars[0] else bars[0]
    bars[1] = track.shield if bars[1] != bars[1] else bars[1]
    hull, cover = bars[0] - track.hp, bars[1] - track.shield  # NaN where a bar was not read: neither a drop nor a rise
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
    """Starts on another enemy with its bars in the previous observation, NaN where it was not visible."""
    slot = find_slot(before, carry.enemy) if carry.enemy else -1
    carry.bars_of, carry.pending_offscreen_shots, carry.lower_ticks, carry.higher_ticks = carry.enemy, 0, 0, 0
    carry.bars[0] = before.tracks[slot].hp if slot >= 0 else np.nan
    carry.bars[1] = before.tracks[slot].shield if slot >= 0 else np.nan


@numba.njit
def count_shots(laser, rocket, lost, killed, aimed, armed, now, carry, s, out):  # type: ignore[no-untyped-def]
    """Writes the hits and misses of a tick in which the enemy, `aimed` at or not, lost `lost` hulls."""
    if laser < 0 or rocket < 0 or not s.reads_ammo:  # bar drops are then the only evidence
        out.hits += 1.0 if (lost > 0.0 and armed) or killed else 0.0
        return
    shots = laser + rocket
    if killed:
        out.hits += max(1, shots)
        _emit_offscreen_hits(carry, s, out)
    elif find_slot(now, carry.enemy) < 0:
        carry.pending_offscreen_shots += shots if carry.enemy else 0
    elif aimed or lost > 0.0 or carry.pending_offscreen_shots:
        _emit(shots + carry.pending_offscreen_shots, lost, carry, out)
        if shots == 1 and laser == 1 and lost > 0.0 and carry.pending_offscreen_shots == 0:
            carry.last_hit_damage = lost
        carry.pending_offscreen_shots = 0


@numba.njit
def _emit(shots, lost, carry, out):  # type: ignore[no-untyped-def]
    """Splits shots into hits and misses by the damage `lost` and that of one laser hit, where it is known.

    Rounded to whole hits: a rocket does about as much damage as half a hit.
    """
    hits = 0
    if lost > 0.0:
        hits = shots if not carry.last_hit_damage > 0.0 else min(shots, int(lost / carry.last_hit_damage + 0.5))
        hits = max(1, hits)
    out.hits += hits
    out.misses += max(0, shots - hits)


@numba.njit
def _emit_offscreen_hits(carry, s, out):  # type: ignore[no-untyped-def]
    """Counts the pending shots at an enemy that died out of sight: they took off what its bars had left."""
    if not carry.pending_offscreen_shots:
        return
    left = carry.bars[0] + carry.bars[1] * s.enemy_shield_worth
    known = carry.last_hit_damage > 0.0 and left == left
    hits = (
        min(carry.pending_offscreen_shots, int(left / carry.last_hit_damage))
        if known
        else carry.pending_offscreen_shots
    )
    out.hits += hits
    out.misses += carry.pending_offscreen_shots - hits
    carry.pending_offscreen_shots = 0
