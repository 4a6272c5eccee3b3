"""Features of each visible object and of each landmark on the minimap.

Features that change sign under a left-right mirror come first, then those of an up-down mirror, then the rest.
"""

import numba
import numpy as np

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACK_GAUGES, MAX_TRACKS
from understudy.policies.click_semantics import BASE, ENEMY, LOOT, MAX_MAPS, PORTAL, distance, known_kind

MINIMAP = MAX_TRACKS + MAX_LANDMARKS
"""Candidate `a free point of the minimap`; the tracks come first, then the landmarks."""
SPACE = MINIMAP + 1
NUM_CANDIDATES = SPACE + 1
NUM_TRACK_MIRRORED = 4
NUM_LANDMARK_MIRRORED = 2
TRACK_WIDTH = 32
AWAY_AT, SELECTED_AT, PORTAL_AT = 8, 16, 28
"""Columns of a track: distance (in thirds of a window's width), whether it is selected, whether it is a portal."""
LANDMARK_WIDTH = 9
THERE_AT, PLACE_AT = 7, 8
"""Columns of a landmark: whether it exists, and the index of its place and map (0 on an unknown map)."""
PLACE_CELLS = 4
"""Each map is divided into PLACE_CELLS x PLACE_CELLS cells; portals to different maps lie in different cells."""
NUM_LANDMARK_PLACES = 1 + MAX_MAPS * PLACE_CELLS**2


@numba.njit(cache=True)
def encode_tracks(observation, carry, geometry, out, kinds):  # type: ignore[no-untyped-def]
    """Writes the features of each track to `out` (N, TRACK_WIDTH) and kind + 1 to `kinds` (N,); both start at zero."""
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id <= 0:
            continue
        row = out[slot]
        kinds[slot] = known_kind(track.kind) + 1
        row[0], row[1] = 2.0 * (track.x - 0.5), track.vx
        row[2], row[3] = 2.0 * (track.x - observation.cursor_x), 2.0 * (track.x - carry.space_x)
        row[4], row[5] = 2.0 * (track.y - 0.5), track.vy
        row[6], row[7] = 2.0 * (track.y - observation.cursor_y), 2.0 * (track.y - carry.space_y)
        away = distance(geometry, track.x - 0.5, track.y - 0.5)
        row[AWAY_AT], row[9] = 3.0 * away, np.exp(-8.0 * away)
        row[10] = 3.0 * distance(geometry, track.x - observation.cursor_x, track.y - observation.cursor_y)
        for number in range(MAX_TRACK_GAUGES):
            if track.gauges[number] == track.gauges[number]:
                row[11 + 2 * number], row[12 + 2 * number] = track.gauges[number], 1.0
        row[15], row[SELECTED_AT] = track.attacking, track.selected
        row[17] = 1.0 if track.id == carry.clicked_id else 0.0
        row[18] = 10.0 * track.width
        row[19] = geometry.strength[known_kind(track.kind)]
        row[20] = geometry.worth[known_kind(track.kind)]
        row[21] = 40.0 * carry.hp_trend[slot]
        row[22], row[23] = np.exp(-carry.age[slot] / 4.0), np.exp(-carry.age[slot] / 40.0)
        row[24], row[25] = np.exp(-carry.clicked[slot] / 10.0), np.exp(-carry.clicked[slot] / 100.0)
        row[26] = 1.0 if track.role == ENEMY else 0.0
        row[27] = 1.0 if track.role == LOOT else 0.0
        row[PORTAL_AT] = 1.0 if track.role == PORTAL else 0.0
        row[29] = slot / MAX_TRACKS
        row[30], row[31] = _enemy_strength(observation, geometry, slot)


@numba.njit(cache=True)
def _enemy_strength(observation, geometry, slot):  # type: ignore[no-untyped-def]
    """Returns the summed strength of other enemies near an object, and of all others that shoot at the player."""
    near, busy = 0.0, 0.0
    track = observation.tracks[slot]
    for other in range(MAX_TRACKS):
        enemy = observation.tracks[other]
        if other != slot and enemy.id > 0 and enemy.role == ENEMY:
            strength = geometry.strength[known_kind(enemy.kind)]
            near += strength * np.exp(-((distance(geometry, enemy.x - track.x, enemy.y - track.y) / 0.25) ** 4))
            busy += strength * enemy.attacking
    return near, busy


@numba.njit(cache=True)
def encode_landmarks(observation, out):  # type: ignore[no-untyped-def]
    """Writes the features of each landmark to `out` (L, LANDMARK_WIDTH), which starts at zero."""
    player = observation.player
    for i in range(MAX_LANDMARKS):
        mark = observation.landmarks[i]
        if mark.role <= 0:
            continue
        row = out[i]
        row[0], row[1] = 2.0 * (mark.x - 0.5), 2.0 * (mark.x - player.x)
        row[2], row[3] = 2.0 * (mark.y - 0.5), 2.0 * (mark.y - player.y)
        row[4] = 2.0 * np.sqrt((mark.x - player.x) ** 2 + (mark.y - player.y) ** 2)
        row[5] = 1.0 if mark.role == PORTAL else 0.0
        row[6] = 1.0 if mark.role == BASE else 0.0
        row[THERE_AT], row[PLACE_AT] = 1.0, _place_on_map(player.map_index, mark)


@numba.njit(cache=True)
def _place_on_map(map_index, mark):  # type: ignore[no-untyped-def]
    """Returns the index of a landmark's cell among those of all maps, 0 if unknown; mirrors do not change it."""
    if not 0 <= map_index < MAX_MAPS or mark.x != mark.x or mark.y != mark.y:
        return 0
    column = min(max(int(PLACE_CELLS * mark.x), 0), PLACE_CELLS - 1)
    row = min(max(int(PLACE_CELLS * mark.y), 0), PLACE_CELLS - 1)
    return 1 + (map_index * PLACE_CELLS + row) * PLACE_CELLS + column
