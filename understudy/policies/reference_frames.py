"""Local reference frames for pointer targets: one around the attacked enemy, one along the direction of flight.

A player who circles an enemy keeps a distance and a side, and one who flees moves away from the attackers, in any
direction on the screen. In these frames the click has the same coordinates each time; in window fractions the network
would have to learn every direction separately. Both frames rotate with the scene and are consistent under mirrors.
"""

import numba
import numpy as np

from understudy.contract.observation import MAX_TRACKS
from understudy.policies.click_semantics import BASE, ENEMY, distance, slot_of

FIGHT_FRAME, FLIGHT_FRAME = 0, 1
NUM_FRAMES = 2
FRAME_VECTORS = 3
"""Origin, ahead and aside, in units of the window scaled to -1..1; ahead and aside are half a window's width long.
All zero where there is no such frame."""
NEAREST = 0.04
"""Window widths; lower bound on the distance of an enemy in its 1/distance^2 weight."""


@numba.njit(cache=True)
def fight_frame(observation, carry, geometry, out):  # type: ignore[no-untyped-def]
    """Computes the frame around the selected object: `ahead` points to the ship, `aside` along its circling motion.

    Without a selection it uses the clicked enemy, else the nearest one.

    Args:
        out: (FRAME_VECTORS, 2), written.

    Returns:
        The track slot, -1 for no frame.
    """
    slot = slot_of(observation, carry.selected_id)
    if slot < 0:
        slot = slot_of(observation, carry.clicked_id)
        if slot < 0 or observation.tracks[slot].role != ENEMY:
            slot = nearest(observation, geometry, ENEMY)
    if slot < 0:
        return -1
    track, player, aspect = observation.tracks[slot], observation.player, geometry.aspect
    x, y = 0.5 - track.x, (0.5 - track.y) * aspect
    turning = x * player.vy * aspect - y * player.vx
    if not _write_axes(x, y, turning, aspect, out):
        return -1
    out[0, 0], out[0, 1] = 2.0 * (track.x - 0.5), 2.0 * (track.y - 0.5)
    return slot


@numba.njit(cache=True)
def flight_frame(observation, geometry, out):  # type: ignore[no-untyped-def]
    """Computes the frame around the ship: `ahead` points away from visible enemies, `aside` to the side of the base.

    The direction is a sum over enemies, weighted by 1/distance^2 and doubled for those that attack.

    Args:
        out: (FRAME_VECTORS, 2), written.

    Returns:
        Length of the weighted sum, 0 for no frame.
    """
    x, y, aspect = 0.0, 0.0, geometry.aspect
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id > 0 and track.role == ENEMY:
            away = max(distance(geometry, track.x - 0.5, track.y - 0.5), NEAREST)
            push = (2.0 if track.attacking != 0 else 1.0) / (away * away)
            x += push * (0.5 - track.x)
            y += push * (0.5 - track.y) * aspect
    base = nearest_landmark(observation, BASE)
    home_x, home_y = observation.player.vx, observation.player.vy * aspect
    if base >= 0:
        home_x = observation.landmarks[base].x - observation.player.x
        home_y = (observation.landmarks[base].y - observation.player.y) * aspect
    if not _write_axes(x, y, x * home_y - y * home_x, aspect, out):
        return 0.0
    return np.sqrt(x * x + y * y)


@numba.njit(cache=True)
def _write_axes(x, y, turning, aspect, out):  # type: ignore[no-untyped-def]
    """Writes unit axes along (x, y), window widths, and perpendicular to it on the side of the sign of `turning`.

    Returns False, and writes nothing, if (x, y) is zero or NaN.
    """
    length = np.sqrt(x * x + y * y)
    if not length > 1e-6:
        return False
    x, y = x / length, y / length
    side = 1.0 if turning >= 0.0 else -1.0
    out[1, 0], out[1, 1] = x, y / aspect
    out[2, 0], out[2, 1] = -side * y, side * x / aspect
    return True


@numba.njit(cache=True)
def along(frame, axis, x, y, aspect):  # type: ignore[no-untyped-def]
    """Returns the component of a vector (window fractions) along an axis of a frame, window widths."""
    return x * frame[axis, 0] + y * aspect * frame[axis, 1] * aspect


@numba.njit(cache=True)
def nearest(observation, geometry, role):  # type: ignore[no-untyped-def]
    """Returns the slot of the nearest object of a role, -1 when there is none."""
    best, best_away = -1, 1e9
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id > 0 and track.role == role:
            away = distance(geometry, track.x - 0.5, track.y - 0.5)
            if away < best_away:
                best, best_away = slot, away
    return best


@numba.njit(cache=True)
def nearest_landmark(observation, role):  # type: ignore[no-untyped-def]
    """Returns the index of the nearest landmark of a role, -1 when there is none."""
    best, best_away = -1, 1e9
    for i in range(len(observation.landmarks)):
        mark = observation.landmarks[i]
        if mark.role == role:
            away = (mark.x - observation.player.x) ** 2 + (mark.y - observation.player.y) ** 2
            if away < best_away:
                best, best_away = i, away
    return best
