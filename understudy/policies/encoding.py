"""Observation to numbers: the one encoding, the same compiled function in training and in play.

A tick becomes a context vector, a matrix of track features and a matrix of landmark features. What happened before is
carried explicitly in one ENCODING_CARRY record per world (ages, times since each kind of event, slow averages), so a
memoryless network can still know its reaction times. Features that change sign under a left-right mirror come first,
then those that change sign under an up-down mirror, then the rest: `mirror` needs no list of names.
"""

from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Float32, Int64

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS, Observation
from understudy.contract.profile import Profile
from understudy.policies.geometry import (
    BASE,
    ENEMY,
    LOOT,
    MAX_KEYS,
    PORTAL,
    SORT_NOTHING,
    SORT_SPACE,
    SORT_TRACK,
    distance,
    geometry_of,
    known_kind,
    read_click,
    slot_of,
    to_map,
)

ENCODING = "gesture-5"
"""Name of this encoding; a checkpoint of another one is refused. Change it whenever a feature changes."""

NUM_MIRRORED = 13
"""So many context features flip with x, and as many with y."""
NUM_TRACK_MIRRORED = 4
NUM_LANDMARK_MIRRORED = 2

# Timers of the carry, in ticks; the keys' timers follow.
(T_PRESS, T_ENEMY, T_LOOT, T_MINIMAP, T_SPACE, T_HURT, T_HIT, T_KILL, T_LOOTED, T_DEATH) = range(10)
(T_SELECTED, T_ENEMY_SEEN, T_LOOT_SEEN, T_STOPPED, T_TARGET_LOST) = range(10, 15)
NUM_TIMERS = 15 + MAX_KEYS
TIMER_FEATURES = 4
MAX_MAPS = 8
NUM_LEVELS = 8
"""Steps of the ladders that make a threshold on a bar or a distance easy to learn, and sharp."""
NUM_FLIGHTS = 6
NUM_AMMO = 5
NUM_PLAIN = 63 + 4 * NUM_LEVELS + NUM_FLIGHTS + NUM_AMMO * NUM_LEVELS
CONTEXT_WIDTH = 2 * NUM_MIRRORED + NUM_PLAIN + TIMER_FEATURES * NUM_TIMERS
TRACK_WIDTH = 32
LANDMARK_WIDTH = 8
FOREVER = 6000.0
"""Ticks after which a timer stops counting; also what it holds before anything has happened."""
MOVING_SPEED = 0.01
"""A ship that is slower (window fractions a second) has stopped."""
RELOADED = 0.999

ENCODING_CARRY = np.dtype(
    [
        ("timers", "f4", (NUM_TIMERS,)),
        ("ids", "i4", (MAX_TRACKS,)),
        ("age", "f4", (MAX_TRACKS,)),  # ticks since first seen
        ("hp", "f4", (MAX_TRACKS,)),  # last known, NaN when it never was
        ("hp_trend", "f4", (MAX_TRACKS,)),  # slow average of hp change per tick
        ("clicked", "f4", (MAX_TRACKS,)),  # ticks since it was clicked
        ("clicked_id", "i4"),
        ("selected_id", "i4"),
        ("click_sort", "i4"),  # a Sort, of the last click
        ("click_role", "i4"),  # the Role clicked, where it was a track
        ("flight", "i4"),  # where the ship was last sent: 0 nowhere, 1 box, 2 space, 3 minimap, 4 base, 5 portal
        ("minimap_x", "f4"),  # last minimap click, map fractions
        ("minimap_y", "f4"),
        ("space_x", "f4"),  # last space click, window fractions
        ("space_y", "f4"),
        ("button", "u4"),
        ("keys", "u4"),
        ("hull_fast", "f4"),  # averages over about 10 ticks (fast) and 50 (slow); NaN until there is a reading
        ("hull_slow", "f4"),
        ("shield_fast", "f4"),
        ("shield_slow", "f4"),
    ],
)


@dataclass(frozen=True)
class Encoded:
    """B worlds (or ticks) as numbers."""

    context: Float32[np.ndarray, "B F"]
    tracks: Float32[np.ndarray, "B N track_features"]
    kinds: Int64[np.ndarray, "B N"]
    """0 for an empty slot, else kind + 1."""
    landmarks: Float32[np.ndarray, "B L landmark_features"]


class Encoder:
    """Encodes observations of one game; holds no memory of its own."""

    def __init__(self, profile: Profile) -> None:
        self.geometry = geometry_of(profile)

    def start(self, num_worlds: int) -> np.ndarray:
        """Fresh carries, records of dtype ENCODING_CARRY, shape (num_worlds,)."""
        carry = np.zeros(num_worlds, ENCODING_CARRY)
        carry["timers"] = FOREVER
        carry["space_x"] = carry["space_y"] = 0.5  # the middle: the one place that every mirror leaves where it is
        carry["hull_fast"] = carry["hull_slow"] = carry["shield_fast"] = carry["shield_slow"] = np.nan
        return carry

    def encode(self, observation: Observation, carry: np.ndarray) -> Encoded:
        """One tick of B worlds; updates `carry` in place."""
        arrays = _buffers(len(observation))
        _encode_worlds(observation.records, carry, self.geometry, *arrays)
        return Encoded(*arrays)

    def encode_episode(self, observation: Observation) -> Encoded:
        """All ticks of one world, in order, from a fresh carry."""
        arrays = _buffers(len(observation))
        _encode_ticks(observation.records, self.start(1), self.geometry, *arrays)
        return Encoded(*arrays)


def _buffers(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.zeros((size, CONTEXT_WIDTH), np.float32),
        np.zeros((size, MAX_TRACKS, TRACK_WIDTH), np.float32),
        np.zeros((size, MAX_TRACKS), np.int64),
        np.zeros((size, MAX_LANDMARKS, LANDMARK_WIDTH), np.float32),
    )


@numba.njit(cache=True)
def _encode_worlds(records, carries, geometry, context, tracks, kinds, landmarks):  # type: ignore[no-untyped-def]
    for b in range(len(records)):
        _encode(records[b], carries[b], geometry, context[b], tracks[b], kinds[b], landmarks[b])


@numba.njit(cache=True)
def _encode_ticks(records, carries, geometry, context, tracks, kinds, landmarks):  # type: ignore[no-untyped-def]
    for t in range(len(records)):
        _encode(records[t], carries[0], geometry, context[t], tracks[t], kinds[t], landmarks[t])


@numba.njit(cache=True)
def _encode(observation, carry, geometry, context, tracks, kinds, landmarks):  # type: ignore[no-untyped-def]
    _remember_tracks(observation, carry)
    _remember_inputs(observation, carry, geometry)
    _remember_events(observation, carry)
    _encode_tracks(observation, carry, geometry, tracks, kinds)
    _encode_landmarks(observation, landmarks)
    _encode_places(observation, carry, geometry, context)
    end = _encode_vitals(observation, carry, geometry, context, 2 * NUM_MIRRORED)
    end = _encode_scene(observation, carry, geometry, context, end)
    assert end == 2 * NUM_MIRRORED + NUM_PLAIN
    for i in range(NUM_TIMERS):
        _encode_timer(carry.timers[i], context, end + TIMER_FEATURES * i)
    for i in range(CONTEXT_WIDTH):
        if context[i] != context[i]:  # an unreadable minimap or counter: zero, as for everything unknown
            context[i] = 0.0
    for i in range(MAX_LANDMARKS):
        for column in range(LANDMARK_WIDTH):
            if landmarks[i, column] != landmarks[i, column]:
                landmarks[i, column] = 0.0


@numba.njit(cache=True)
def _encode_timer(ticks, out, at):  # type: ignore[no-untyped-def]
    """Four views of a time, sharp for reactions (0.1 s) and blunt for habits (10 s)."""
    out[at] = np.exp(-ticks / 3.0)
    out[at + 1] = np.exp(-ticks / 10.0)
    out[at + 2] = np.exp(-ticks / 40.0)
    out[at + 3] = np.exp(-ticks / 200.0)


@numba.njit(cache=True)
def _encode_ladder(value, first, step, out, at):  # type: ignore[no-untyped-def]
    """NUM_LEVELS soft steps: has the value passed `first`, `first + step`, ...?"""
    for level in range(NUM_LEVELS):
        out[at + level] = np.tanh(1.2 / step * (value - first - step * level))


@numba.njit(cache=True)
def _remember_tracks(observation, carry):  # type: ignore[no-untyped-def]
    """Moves ages, hit points and clicks along with each object's id, and notes newcomers."""
    old_ids, old_age, old_hp = carry.ids.copy(), carry.age.copy(), carry.hp.copy()
    old_trend, old_clicked = carry.hp_trend.copy(), carry.clicked.copy()
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        carry.ids[slot] = track.id
        carry.age[slot], carry.hp[slot], carry.hp_trend[slot], carry.clicked[slot] = 0.0, track.hp, 0.0, FOREVER
        if track.id <= 0:
            continue
        known = False
        for old in range(MAX_TRACKS):
            if old_ids[old] == track.id:
                known = True
                carry.age[slot] = min(old_age[old] + 1.0, FOREVER)
                change = track.hp - old_hp[old]
                carry.hp_trend[slot] = 0.95 * old_trend[old] + (0.05 * change if change == change else 0.0)
                if track.hp != track.hp:
                    carry.hp[slot] = old_hp[old]
                carry.clicked[slot] = min(old_clicked[old] + 1.0, FOREVER)
                break
        if not known and track.role == ENEMY:
            carry.timers[T_ENEMY_SEEN] = -1.0
        elif not known and track.role == LOOT:
            carry.timers[T_LOOT_SEEN] = -1.0


@numba.njit(cache=True)
def _remember_inputs(observation, carry, geometry):  # type: ignore[no-untyped-def]
    """Notes presses that began in the tick that led here, and what was clicked."""
    for i in range(NUM_TIMERS):
        carry.timers[i] = min(carry.timers[i] + 1.0, FOREVER)
    pressed_keys = observation.keys & ~carry.keys
    for k in range(MAX_KEYS):
        if (pressed_keys >> np.uint32(k)) & np.uint32(1):
            carry.timers[NUM_TIMERS - MAX_KEYS + k] = 0.0
    if observation.button != 0 and carry.button == 0:
        _remember_click(observation, carry, geometry)
    carry.button, carry.keys = observation.button, observation.keys


@numba.njit(cache=True)
def _remember_click(observation, carry, geometry):  # type: ignore[no-untyped-def]
    x, y = observation.cursor_x, observation.cursor_y
    sort, index = read_click(observation, geometry, x, y)
    carry.timers[T_PRESS] = 0.0
    carry.click_sort, carry.click_role = sort, 0
    if sort == SORT_TRACK:
        track = observation.tracks[index]
        carry.clicked_id, carry.click_role, carry.clicked[index] = track.id, track.role, 0.0
        carry.timers[T_LOOT if track.role == LOOT else T_ENEMY] = 0.0
        if track.role == LOOT:
            carry.flight = 1
    elif sort == SORT_SPACE:
        carry.space_x, carry.space_y, carry.flight = x, y, 2
        carry.timers[T_SPACE] = 0.0
    elif sort != SORT_NOTHING:
        carry.minimap_x, carry.minimap_y = to_map(geometry, x, y)
        carry.flight = 3
        if index >= 0:
            carry.flight = 4 if observation.landmarks[index].role == BASE else 5
        carry.timers[T_MINIMAP] = 0.0


@numba.njit(cache=True)
def _remember_events(observation, carry):  # type: ignore[no-untyped-def]
    events, player = observation.events, observation.player
    if events.damage_taken > 0:
        carry.timers[T_HURT] = 0.0
    if events.hits + events.misses > 0:
        carry.timers[T_HIT] = 0.0
    if events.kills > 0:
        carry.timers[T_KILL] = 0.0
    if events.loot > 0:
        carry.timers[T_LOOTED] = 0.0
    if events.deaths > 0:
        carry.timers[T_DEATH] = 0.0
    if events.deaths + events.jumps > 0:
        carry.flight = 0
    if abs(player.vx) + abs(player.vy) > MOVING_SPEED:
        carry.timers[T_STOPPED] = 0.0
    selected = 0
    for slot in range(MAX_TRACKS):
        if observation.tracks[slot].id > 0 and observation.tracks[slot].selected:
            selected = observation.tracks[slot].id
    if selected != carry.selected_id:
        carry.timers[T_TARGET_LOST if selected == 0 else T_SELECTED] = 0.0
    carry.selected_id = selected
    carry.hull_fast = _blend(carry.hull_fast, player.hp, 0.10)
    carry.hull_slow = _blend(carry.hull_slow, player.hp, 0.02)
    carry.shield_fast = _blend(carry.shield_fast, player.shield, 0.10)
    carry.shield_slow = _blend(carry.shield_slow, player.shield, 0.02)


@numba.njit(cache=True)
def _blend(average, reading, share):  # type: ignore[no-untyped-def]
    """Moves an average towards a reading; an unknown reading leaves it, the first known one sets it."""
    if average != average:
        return reading
    return average + share * (reading - average) if reading == reading else average


@numba.njit(cache=True)
def _encode_tracks(observation, carry, geometry, out, kinds):  # type: ignore[no-untyped-def]
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
        row[8], row[9] = 3.0 * away, np.exp(-8.0 * away)
        row[10] = 3.0 * distance(geometry, track.x - observation.cursor_x, track.y - observation.cursor_y)
        if track.hp == track.hp:
            row[11], row[12] = track.hp, 1.0
        if track.shield == track.shield:
            row[13], row[14] = track.shield, 1.0
        row[15], row[16] = track.attacking, track.selected
        row[17] = 1.0 if track.id == carry.clicked_id else 0.0
        row[18] = 10.0 * track.width
        row[19] = geometry.strength[known_kind(track.kind)]
        row[20] = geometry.worth[known_kind(track.kind)]
        row[21] = 40.0 * carry.hp_trend[slot]
        row[22], row[23] = np.exp(-carry.age[slot] / 4.0), np.exp(-carry.age[slot] / 40.0)
        row[24], row[25] = np.exp(-carry.clicked[slot] / 10.0), np.exp(-carry.clicked[slot] / 100.0)
        row[26] = 1.0 if track.role == ENEMY else 0.0
        row[27] = 1.0 if track.role == LOOT else 0.0
        row[28] = 1.0 if track.role == PORTAL else 0.0
        row[29] = slot / MAX_TRACKS
        row[30], row[31] = _company(observation, geometry, slot)


@numba.njit(cache=True)
def _company(observation, geometry, slot):  # type: ignore[no-untyped-def]
    """Strength of the other enemies around an object, and of those elsewhere that shoot at the player."""
    near, busy = 0.0, 0.0
    track = observation.tracks[slot]
    for other in range(MAX_TRACKS):
        alien = observation.tracks[other]
        if other != slot and alien.id > 0 and alien.role == ENEMY:
            strength = geometry.strength[known_kind(alien.kind)]
            near += strength * np.exp(-((distance(geometry, alien.x - track.x, alien.y - track.y) / 0.25) ** 4))
            busy += strength * alien.attacking
    return near, busy


@numba.njit(cache=True)
def _encode_landmarks(observation, out):  # type: ignore[no-untyped-def]
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
        row[7] = 1.0


@numba.njit(cache=True)
def _nearest(observation, geometry, role):  # type: ignore[no-untyped-def]
    """Slot of the nearest object of a role, -1 when there is none."""
    best, best_away = -1, 1e9
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id > 0 and track.role == role:
            away = distance(geometry, track.x - 0.5, track.y - 0.5)
            if away < best_away:
                best, best_away = slot, away
    return best


@numba.njit(cache=True)
def _nearest_landmark(observation, role):  # type: ignore[no-untyped-def]
    best, best_away = -1, 1e9
    for i in range(MAX_LANDMARKS):
        mark = observation.landmarks[i]
        if mark.role == role:
            away = (mark.x - observation.player.x) ** 2 + (mark.y - observation.player.y) ** 2
            if away < best_away:
                best, best_away = i, away
    return best


@numba.njit(cache=True)
def _encode_places(observation, carry, geometry, out):  # type: ignore[no-untyped-def]
    """The features that flip: x parts in [0, NUM_MIRRORED), y parts behind them, in the same order."""
    player, second = observation.player, NUM_MIRRORED
    out[0], out[second] = 2.0 * (player.x - 0.5), 2.0 * (player.y - 0.5)
    out[1], out[second + 1] = 2.0 * player.vx, 2.0 * player.vy
    out[2], out[second + 2] = 2.0 * (observation.cursor_x - 0.5), 2.0 * (observation.cursor_y - 0.5)
    slots = (
        slot_of(observation, carry.selected_id),
        _nearest(observation, geometry, ENEMY),
        _nearest(observation, geometry, LOOT),
        slot_of(observation, carry.clicked_id),
    )
    for i in range(4):
        if slots[i] >= 0:
            track = observation.tracks[slots[i]]
            out[3 + i], out[second + 3 + i] = 2.0 * (track.x - 0.5), 2.0 * (track.y - 0.5)
    if slots[0] >= 0:
        track = observation.tracks[slots[0]]
        out[7], out[second + 7] = track.vx + player.vx, track.vy + player.vy
    out[8] = 4.0 * (carry.minimap_x - player.x) if carry.timers[T_MINIMAP] < FOREVER else 0.0
    out[second + 8] = 4.0 * (carry.minimap_y - player.y) if carry.timers[T_MINIMAP] < FOREVER else 0.0
    if carry.timers[T_SPACE] < FOREVER:
        out[9], out[second + 9] = 2.0 * (carry.space_x - 0.5), 2.0 * (carry.space_y - 0.5)
    attackers = 0
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id > 0 and track.attacking:
            attackers += 1
            out[10] += 2.0 * (track.x - 0.5)
            out[second + 10] += 2.0 * (track.y - 0.5)
    if attackers > 0:
        out[10] /= attackers
        out[second + 10] /= attackers
    for i in range(2):
        mark = _nearest_landmark(observation, BASE if i == 0 else PORTAL)
        if mark >= 0:
            out[11 + i] = 2.0 * (observation.landmarks[mark].x - player.x)
            out[second + 11 + i] = 2.0 * (observation.landmarks[mark].y - player.y)


@numba.njit(cache=True)
def _encode_vitals(observation, carry, geometry, out, at):  # type: ignore[no-untyped-def]
    player = observation.player
    hull_known, shield_known = player.hp == player.hp, player.shield == player.shield
    hull = player.hp if hull_known else np.float32(0.0)
    shield = player.shield if shield_known else np.float32(0.0)
    out[at], out[at + 1] = hull, hull_known
    out[at + 2], out[at + 3] = shield, shield_known
    if hull_known:
        out[at + 4], out[at + 5] = 5.0 * (hull - carry.hull_fast), 3.0 * (hull - carry.hull_slow)
    if shield_known:
        out[at + 6], out[at + 7] = 5.0 * (shield - carry.shield_fast), 3.0 * (shield - carry.shield_slow)
    out[at + 8], out[at + 9] = player.rocket_ready, player.rocket_ready >= RELOADED
    for kind in range(4):
        out[at + 10 + kind] = player.ammo[kind]
    out[at + 14], out[at + 15], out[at + 16] = player.laser_on, player.safe, player.alive
    out[at + 17] = 4.0 * distance(geometry, player.vx, player.vy)
    out[at + 18], out[at + 19] = np.sin(3.0 * hull), np.sin(6.0 * hull)
    at += 20
    _encode_ladder(hull, 0.1, 0.1, out, at)
    _encode_ladder(shield, 0.1, 0.1, out, at + NUM_LEVELS)
    _encode_ladder(0.5 * (hull + shield), 0.1, 0.1, out, at + 2 * NUM_LEVELS)
    at += 3 * NUM_LEVELS
    if 0 <= player.ammo_kind < NUM_AMMO:
        out[at + player.ammo_kind] = 1.0
    at += NUM_AMMO
    if 0 <= player.map_index < MAX_MAPS:
        out[at + player.map_index] = 1.0
    return at + MAX_MAPS


@numba.njit(cache=True)
def _encode_scene(observation, carry, geometry, out, at):  # type: ignore[no-untyped-def]
    """Counts and distances: who is near, how strong, what was clicked last, how far it is to go."""
    player = observation.player
    num_enemies, num_loot, num_attackers, danger = 0.0, 0.0, 0.0, 0.0
    for slot in range(MAX_TRACKS):
        track = observation.tracks[slot]
        if track.id > 0:
            num_enemies += track.role == ENEMY
            num_loot += track.role == LOOT
            num_attackers += track.attacking
            danger += geometry.strength[known_kind(track.kind)] * track.attacking
    out[at], out[at + 1], out[at + 2], out[at + 3] = num_enemies / 5, num_loot / 5, num_attackers / 3, danger
    at += 4
    for slot in (
        slot_of(observation, carry.selected_id),
        _nearest(observation, geometry, ENEMY),
        _nearest(observation, geometry, LOOT),
        _nearest(observation, geometry, PORTAL),
    ):
        if slot >= 0:
            track = observation.tracks[slot]
            away = distance(geometry, track.x - 0.5, track.y - 0.5)
            out[at], out[at + 1], out[at + 2] = 1.0, 3.0 * away, np.exp(-8.0 * away)
            out[at + 3] = track.hp if track.hp == track.hp else 0.0
        at += 4
    slot = slot_of(observation, carry.selected_id)
    if slot >= 0:
        out[at] = geometry.strength[known_kind(observation.tracks[slot].kind)]
        out[at + 1] = observation.tracks[slot].attacking * 1.0
    out[at + 2 + min(max(carry.click_sort, 0), 4)] = 1.0
    out[at + 7] = 1.0 if carry.click_role == LOOT else 0.0
    at += 8
    if slot >= 0:
        track = observation.tracks[slot]
        _encode_ladder(distance(geometry, track.x - 0.5, track.y - 0.5), 0.1, 0.05, out, at)
    out[at + NUM_LEVELS + carry.flight] = 1.0
    at += NUM_LEVELS + NUM_FLIGHTS
    if slot >= 0 and 0 <= player.ammo_kind < NUM_AMMO:
        # Which ammunition for whom is decided a dozen times an hour: too rarely to find the product by itself.
        strength = geometry.strength[known_kind(observation.tracks[slot].kind)]
        _encode_ladder(strength, 0.05, 0.1, out, at + player.ammo_kind * NUM_LEVELS)
    at += NUM_AMMO * NUM_LEVELS
    if carry.timers[T_MINIMAP] < FOREVER:
        out[at] = 4.0 * np.sqrt((carry.minimap_x - player.x) ** 2 + (carry.minimap_y - player.y) ** 2)
        out[at + 1] = np.exp(-5.0 * out[at])
    return at + 2


def mirror_signs(mirrored: int, width: int, flip_x: bool, flip_y: bool) -> Float32[np.ndarray, " width"]:
    """Signs that turn features of the layout above into those of the mirrored scene."""
    signs = np.ones(width, np.float32)
    signs[:mirrored] = -1.0 if flip_x else 1.0
    signs[mirrored : 2 * mirrored] = -1.0 if flip_y else 1.0
    return signs
