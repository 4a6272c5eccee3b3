"""The player's shots and hits, inferred from its weapons' stores, cooldowns and switches, and from enemies' bars.

A weapon may reach beyond the window's edge, where an enemy shows no bars. Shots at it are counted when it is visible
again, from the drop of its bars meanwhile, or when it dies; otherwise they count as neither hits nor misses.
Compiled as part of outcome_detector.py.
"""

import numba
import numpy as np

from understudy.contract.observation import MAX_GAUGES, MAX_TRACK_GAUGES
from understudy.perception.outcomes.kill_loot_detector import find_slot


@numba.njit
def store_shots(before, now, g):  # type: ignore[no-untyped-def]
    """Returns 1 if any weapon's store fell, -1 if none can be read; 0 also where only cooldowns are declared."""
    readable, declared, others = 0, 0, 0
    for place in range(MAX_GAUGES):
        others += g.cooldowns[place]
        if not g.stores[place]:
            continue
        declared = 1
        if now.gauges[place] < before.gauges[place]:
            return 1
        if now.gauges[place] == now.gauges[place] and before.gauges[place] == before.gauges[place]:
            readable = 1
    return 0 if readable or (others and not declared) else -1


@numba.njit
def cooldown_shots(before, now, g):  # type: ignore[no-untyped-def]
    """Returns 1 if a weapon's cooldown has just begun, -1 if one cannot be read; 0 where none is declared."""
    found = 0
    for place in range(MAX_GAUGES):
        if g.cooldowns[place]:
            fall = before.gauges[place] - now.gauges[place]
            if fall > 0.5:
                return 1
            if fall != fall:
                found = -1
    return found


@numba.njit
def bar_drop(before, now, carry, s, g):  # type: ignore[no-untyped-def]
    """Returns the drop of the enemy's bars since the last counted change, in its own full vital gauges.

    A change counts after `bar_ticks` consecutive readings: a misread bar jumps down and up again.
    """
    slot = find_slot(now, carry.enemy) if carry.enemy else -1
    if carry.bars_of != carry.enemy:
        _begin_bars(before, carry)
    if slot < 0:
        return 0.0
    track, bars = now.tracks[slot], carry.bars
    lost, mended = 0.0, False
    for place in range(MAX_TRACK_GAUGES):
        bars[place] = track.gauges[place] if bars[place] != bars[place] else bars[place]
        fall = bars[place] - track.gauges[place]  # NaN where a bar was not read: neither a drop nor a rise
        lost += fall * g.track_worth[place] if fall > s.smallest_hit else 0.0
        mended = mended or fall < -s.smallest_hit
    carry.lower_ticks = carry.lower_ticks + 1 if lost > 0.0 else 0
    carry.higher_ticks = carry.higher_ticks + 1 if mended and not lost > 0.0 else 0
    if max(carry.lower_ticks, carry.higher_ticks) < s.bar_ticks:
        return 0.0
    for place in range(MAX_TRACK_GAUGES):
        bars[place] = track.gauges[place] if track.gauges[place] == track.gauges[place] else bars[place]
    carry.lower_ticks = carry.higher_ticks = 0
    return lost


@numba.njit
def _begin_bars(before, carry):  # type: ignore[no-untyped-def]
    """Starts on another enemy with its bars in the previous observation, NaN where it was not visible."""
    slot = find_slot(before, carry.enemy) if carry.enemy else -1
    carry.bars_of, carry.pending_offscreen_shots, carry.lower_ticks, carry.higher_ticks = carry.enemy, 0, 0, 0
    for place in range(MAX_TRACK_GAUGES):
        carry.bars[place] = before.tracks[slot].gauges[place] if slot >= 0 else np.nan


@numba.njit
def count_shots(stores, cooldowns, lost, killed, aimed, armed, now, carry, s, g, out):  # type: ignore[no-untyped-def]
    """Writes the hits and misses of a tick in which the enemy, `aimed` at or not, lost `lost` vital gauges."""
    if stores < 0 or cooldowns < 0 or not s.reads_stores:  # bar drops are then the only evidence
        out.hits += 1.0 if (lost > 0.0 and armed) or killed else 0.0
        return
    shots = stores + cooldowns
    if killed:
        out.hits += max(1, shots)
        _emit_offscreen_hits(carry, g, out)
    elif find_slot(now, carry.enemy) < 0:
        carry.pending_offscreen_shots += shots if carry.enemy else 0
    elif aimed or lost > 0.0 or carry.pending_offscreen_shots:
        _emit(shots + carry.pending_offscreen_shots, lost, carry, out)
        if shots == 1 and stores == 1 and lost > 0.0 and carry.pending_offscreen_shots == 0:
            carry.last_hit_damage = lost
        carry.pending_offscreen_shots = 0


@numba.njit
def _emit(shots, lost, carry, out):  # type: ignore[no-untyped-def]
    """Splits shots into hits and misses by the damage `lost` and that of one hit, where it is known.

    Rounded to whole hits: a weapon with a cooldown may do less damage than a hit.
    """
    hits = 0
    if lost > 0.0:
        hits = shots if not carry.last_hit_damage > 0.0 else min(shots, int(lost / carry.last_hit_damage + 0.5))
        hits = max(1, hits)
    out.hits += hits
    out.misses += max(0, shots - hits)


@numba.njit
def _emit_offscreen_hits(carry, g, out):  # type: ignore[no-untyped-def]
    """Counts the pending shots at an enemy that died out of sight: they took off what its bars had left."""
    if not carry.pending_offscreen_shots:
        return
    left = 0.0
    for place in range(g.num_track_gauges):
        left += carry.bars[place] * g.track_worth[place]
    known = carry.last_hit_damage > 0.0 and left == left
    hits = (
        min(carry.pending_offscreen_shots, int(left / carry.last_hit_damage))
        if known
        else carry.pending_offscreen_shots
    )
    out.hits += hits
    out.misses += carry.pending_offscreen_shots - hits
    carry.pending_offscreen_shots = 0
