"""Kills and collected boxes, inferred from objects that vanish between two observations.

Compiled as part of outcome_detector.py.
"""

import numba

from understudy.contract.observation import MAX_SWITCHES, MAX_TRACKS, Role

_LOOT = int(Role.LOOT)
RETURN_REACH = 0.02
"""A new object of the same kind this near to where one vanished is the same, under a new id (window fractions)."""
HEALED = 0.2
"""A new object whose health bar is fuller by this much is another one."""
ENEMY_INDEX, BOX_INDEX = 0, 1
"""Indices into the carry's `pending_*` fields."""


@numba.njit
def find_slot(record, number):  # type: ignore[no-untyped-def]
    """Returns the index of the track with this id; -1 where there is none."""
    for slot in range(MAX_TRACKS):
        if record.tracks[slot].id == number:
            return slot
        if record.tracks[slot].id <= 0:
            return -1
    return -1


@numba.njit
def is_armed(player, g):  # type: ignore[no-untyped-def]
    """Returns whether a weapon's switch is on."""
    for place in range(MAX_SWITCHES):  # noqa: SIM110 (numba compiles no any() of a generator)
        if g.weapons[place] and player.switches[place]:
            return True
    return False


@numba.njit
def enemy_killed(before, now, carry, s, gap, fired, g):  # type: ignore[no-untyped-def]
    """Returns the kind of the enemy that died in this tick; -1 for none."""
    kind = _vanished(before, now, carry, s, gap, g)
    if kind < 0 and fired and _weapon_stopped_itself(before, now, g) and _out_of_sight(now, carry, s):
        kind, carry.enemy = carry.enemy_kind, 0
    return kind


@numba.njit
def note_click(before, now, carry):  # type: ignore[no-untyped-def]
    """Stores the object under a press: the smallest box of the previous observation that the cursor lies in."""
    carry.clicked_ticks += 1
    if now.button & ~before.button == 0:
        return
    carry.clicked, smallest = 0, 2.0
    for slot in range(MAX_TRACKS):
        track = before.tracks[slot]
        across, down = abs(now.cursor_x - track.x), abs(now.cursor_y - track.y)
        inside = track.id > 0 and 2.0 * across <= track.width and 2.0 * down <= track.height
        if inside and track.width * track.height < smallest:
            carry.clicked, carry.clicked_ticks, smallest = track.id, 0, track.width * track.height


@numba.njit
def box_collected(before, now, carry, s, gap, aspect):  # type: ignore[no-untyped-def]
    """Returns the kind of the box that vanished within the ship's reach, or after a click on it; -1 for none."""
    if not carry.pending_vanished[BOX_INDEX] and now.player.alive:
        for slot in range(MAX_TRACKS):
            track = before.tracks[slot]
            gone = track.id > 0 and track.role == _LOOT and find_slot(now, track.id) < 0
            if gone and (_is_clicked(track, now, carry, s, gap) or _is_reached(track, carry, s, gap, aspect)):
                _mark_vanished(carry, BOX_INDEX, track, before)
    _update_nearest_box(now, carry, aspect)
    return _confirm_vanished(now, carry, s, BOX_INDEX) if carry.pending_vanished[BOX_INDEX] else -1


@numba.njit
def _is_clicked(track, now, carry, s, gap):  # type: ignore[no-untyped-def]
    """Returns whether an object that is gone, and should be visible, was clicked shortly before."""
    recent = carry.clicked == track.id and carry.clicked_ticks < s.click_ticks
    return recent and _should_be_visible(track, now, s, gap)


@numba.njit
def _is_reached(track, carry, s, gap, aspect):  # type: ignore[no-untyped-def]
    """Returns whether the ship was at a box when it vanished, having come nearer to it."""
    distance = _distance(track.x + track.vx * gap, track.y + track.vy * gap, aspect)
    if distance >= s.collect_reach:
        return False
    if s.confirm_ticks == 0:
        return True
    is_old = track.id == carry.nearest_box and 2 * carry.nearest_box_ticks > s.confirm_ticks
    return is_old and carry.nearest_box_far - distance >= s.approach


@numba.njit
def _distance(x, y, aspect):  # type: ignore[no-untyped-def]
    """Returns the distance of a place from the ship, which is in the middle of the window, in window widths."""
    return ((x - 0.5) ** 2 + ((y - 0.5) * aspect) ** 2) ** 0.5


@numba.njit
def _update_nearest_box(now, carry, aspect):  # type: ignore[no-untyped-def]
    """Follows the box nearest to the ship: for how long, and how far it was; tracks are sorted by distance."""
    for slot in range(MAX_TRACKS):
        track = now.tracks[slot]
        if track.id > 0 and track.role == _LOOT:
            if track.id != carry.nearest_box:
                carry.nearest_box, carry.nearest_box_ticks, carry.nearest_box_far = track.id, 0, 0.0
            carry.nearest_box_ticks += 1
            carry.nearest_box_far = max(carry.nearest_box_far, _distance(track.x, track.y, aspect))
            return


@numba.njit
def _vanished(before, now, carry, s, gap, g):  # type: ignore[no-untyped-def]
    """Returns the kind of the last selected enemy, once confirmed missing where it should be visible; else -1."""
    if carry.pending_vanished[ENEMY_INDEX]:
        return _confirm_vanished(now, carry, s, ENEMY_INDEX)
    slot = find_slot(before, carry.enemy) if carry.enemy and carry.enemy_ticks <= s.memory_ticks else -1
    if slot < 0 or find_slot(now, carry.enemy) >= 0 or not _should_be_visible(before.tracks[slot], now, s, gap):
        return -1
    if is_armed(now.player, g):  # a weapon stops when its target dies
        return -1
    _mark_vanished(carry, ENEMY_INDEX, before.tracks[slot], before)
    carry.enemy = 0
    return _confirm_vanished(now, carry, s, ENEMY_INDEX)


@numba.njit
def _weapon_stopped_itself(before, now, g):  # type: ignore[no-untyped-def]
    """Returns whether a weapon's switch went off without its key or a click on another target."""
    by_key = now.keys & ~before.keys & g.weapon_keys
    by_click = now.button & ~before.button
    return bool(is_armed(before.player, g) and not is_armed(now.player, g) and not by_key and not by_click)


@numba.njit
def _out_of_sight(now, carry, s):  # type: ignore[no-untyped-def]
    """Returns whether the last selected enemy is outside the window, where a weapon still reaches."""
    return bool(carry.enemy and carry.enemy_ticks <= s.memory_ticks and find_slot(now, carry.enemy) < 0)


@numba.njit
def _mark_vanished(carry, which, track, before):  # type: ignore[no-untyped-def]
    carry.pending_vanished[which], carry.pending_ticks[which], carry.pending_kind[which] = track.id, 0, track.kind
    carry.pending_place[which, 0], carry.pending_place[which, 1] = track.x, track.y
    carry.pending_hp[which] = track.gauges[0]
    carry.pending_newest[which] = 0
    for slot in range(MAX_TRACKS):
        carry.pending_newest[which] = max(carry.pending_newest[which], before.tracks[slot].id)


@numba.njit
def _confirm_vanished(now, carry, s, which):  # type: ignore[no-untyped-def]
    """Returns the kind of the vanished object after `confirm_ticks` without it; -1 before that, or when it is back."""
    back = _returned(now, carry, s, which)
    if back:
        carry.pending_vanished[which] = 0
        if which == ENEMY_INDEX and carry.enemy == 0:
            carry.enemy, carry.enemy_ticks = back, 0
        return -1
    carry.pending_ticks[which] += 1
    if carry.pending_ticks[which] <= s.confirm_ticks:
        return -1
    carry.pending_vanished[which] = 0
    return carry.pending_kind[which]


@numba.njit
def _returned(now, carry, s, which):  # type: ignore[no-untyped-def]
    """Returns the id that a vanished object has now: its own, or a new one of its kind in its place; 0 for gone."""
    if find_slot(now, carry.pending_vanished[which]) >= 0:
        return carry.pending_vanished[which]
    for slot in range(MAX_TRACKS if s.confirm_ticks > 0 else 0):
        track = now.tracks[slot]
        if track.id > carry.pending_newest[which] and track.kind == carry.pending_kind[which]:
            across, down = track.x - carry.pending_place[which, 0], track.y - carry.pending_place[which, 1]
            is_healthier = track.gauges[0] > carry.pending_hp[which] + HEALED  # False where one of the two is unknown
            if not is_healthier and across * across + down * down < RETURN_REACH * RETURN_REACH:
                return track.id
    return 0


@numba.njit
def _should_be_visible(track, now, s, gap):  # type: ignore[no-untyped-def]
    """Returns whether the object would still be in the window, and near enough to be one of MAX_TRACKS tracks."""
    x, y = track.x + track.vx * gap, track.y + track.vy * gap
    if not (s.edge < x < 1.0 - s.edge and s.edge < y < 1.0 - s.edge):
        return False
    last = now.tracks[MAX_TRACKS - 1]
    return last.id <= 0 or abs(x - 0.5) + abs(y - 0.5) < abs(last.x - 0.5) + abs(last.y - 0.5)
