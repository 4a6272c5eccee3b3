"""The encoding: mirrored worlds give mirrored features, memory is in the carry, and nothing unknown is guessed."""

import itertools

import numba
import numpy as np
import pytest

from tests.support.policy_scenes import KINDS, PROFILE, busy_play, mirrored, plain_profile, put, quiet_space
from understudy.contract.action import ACTION
from understudy.contract.observation import MAX_TRACKS, OBSERVATION, Observation, Role
from understudy.policies.click_semantics import MAX_KINDS, UI_GEOMETRY
from understudy.policies.context_features import CONTEXT_WIDTH, NUM_MIRRORED, NUM_PLACES
from understudy.policies.encoder import Encoded, Encoder, mirror_signs
from understudy.policies.motor_model import MOTOR_MODEL, MOTOR_STATE
from understudy.policies.object_features import (
    NUM_LANDMARK_MIRRORED,
    NUM_LANDMARK_PLACES,
    NUM_TRACK_MIRRORED,
    PLACE_AT,
    THERE_AT,
    TRACK_WIDTH,
)
from understudy.policies.reference_frames import FLIGHT_FRAME, FRAME_VECTORS
from understudy.policies.temporal_features import (
    ENCODING_CARRY,
    FOREVER,
    T_ENEMY,
    T_ENEMY_SEEN,
    T_HURT,
    T_PRESS,
    T_SELECTED,
    T_TARGET_LOST,
)
from understudy.worlds.simulator.engine.compiled_rules import compile_rules
from understudy.worlds.simulator.engine.readings import HP

VITALS = 2 * NUM_MIRRORED
HULL, HULL_KNOWN, HULL_CHANGE = VITALS, VITALS + 1, VITALS + 4
TRACK_HP, TRACK_HP_KNOWN, TRACK_TREND = 11, 12, 21


def arrays(encoded: Encoded) -> tuple[np.ndarray, ...]:
    return encoded.context, encoded.tracks, encoded.kinds, encoded.landmarks


def encode_last(*scenes: Observation) -> tuple[Encoded, np.ndarray]:
    """The last of some scenes of one world seen one after the other, and the carry."""
    encoder = Encoder(PROFILE)
    carry = encoder.start(len(scenes[0]))
    for scene in scenes:
        encoded = encoder.encode(scene, carry)
    return encoded, carry


@pytest.mark.parametrize(("flip_x", "flip_y"), [(True, False), (False, True), (True, True)])
def test_a_mirrored_world_gives_exactly_the_mirrored_features(flip_x: bool, flip_y: bool) -> None:
    play = busy_play(300, seed=1)[:, 0]
    seen = Encoder(plain_profile()).encode_episode(Observation(play))
    other = Encoder(plain_profile(flip_x, flip_y)).encode_episode(Observation(mirrored(play, flip_x, flip_y)))
    widths = [(NUM_MIRRORED, CONTEXT_WIDTH), (NUM_TRACK_MIRRORED, TRACK_WIDTH), (NUM_LANDMARK_MIRRORED, PLACE_AT)]
    both = [(each.context, each.tracks, each.landmarks[..., :PLACE_AT]) for each in (seen, other)]
    pairs = zip(*both, strict=True)
    for (mirrored_part, width), (one, two) in zip(widths, pairs, strict=True):
        np.testing.assert_array_equal(one * mirror_signs(mirrored_part, width, flip_x, flip_y), two)
    np.testing.assert_array_equal(seen.kinds, other.kinds)
    flips = seen.context.std(axis=0)[:VITALS] > 0
    own_ship = [axis * NUM_MIRRORED + NUM_PLACES + FLIGHT_FRAME * FRAME_VECTORS for axis in (0, 1)]
    assert sorted(np.flatnonzero(~flips)) == own_ship  # all others that flip were put to the test


def test_portals_of_all_maps_are_told_apart_and_on_an_unknown_map_none() -> None:
    rules, places = compile_rules(PROFILE)[0], []
    for map_index, num_portals in enumerate(rules["num_portals"]):
        scene = quiet_space()
        scene.records["player"]["map_index"] = map_index
        marks = scene.records["landmarks"][0, :num_portals]
        marks["role"] = Role.PORTAL
        marks["x"] = rules["portal_x"][map_index, :num_portals] / rules["map_width"]
        marks["y"] = rules["portal_y"][map_index, :num_portals] / rules["map_height"]
        found, _ = encode_last(scene)
        assert (found.landmarks[0, :num_portals, THERE_AT] == 1).all()
        places.extend(found.landmarks[0, :num_portals, PLACE_AT])
    assert len(set(places)) == len(places) == 8
    assert min(places) > 0 and max(places) < NUM_LANDMARK_PLACES
    scene = quiet_space()
    scene.records["player"]["map_index"] = -1
    assert (encode_last(scene)[0].landmarks[0, :, PLACE_AT] == 0).all()


def test_worlds_in_a_batch_are_encoded_as_each_alone() -> None:
    play, encoder = busy_play(40, seed=2, num_worlds=3), Encoder(PROFILE)
    together, alone = encoder.start(3), [encoder.start(1) for _ in range(3)]
    for scene in play:
        whole = encoder.encode(Observation(scene), together)
        for world, carry in enumerate(alone):
            part = encoder.encode(Observation(scene[world : world + 1]), carry)
            for one, other in zip(arrays(whole), arrays(part), strict=True):
                np.testing.assert_array_equal(one[world], other[0])


def test_an_episode_is_encoded_as_its_ticks_one_after_the_other() -> None:
    play, encoder = busy_play(60, seed=3)[:, 0], Encoder(PROFILE)
    whole, carry = encoder.encode_episode(Observation(play)), encoder.start(1)
    for tick in range(len(play)):
        for one, other in zip(
            arrays(whole), arrays(encoder.encode(Observation(play[tick : tick + 1]), carry)), strict=True
        ):
            np.testing.assert_array_equal(one[tick], other[0])


def test_nothing_leaks_from_the_future() -> None:
    play, later = busy_play(80, seed=4)[:, 0], busy_play(80, seed=5)[:, 0]
    later[:50] = play[:50]
    encoder = Encoder(PROFILE)
    for one, other in zip(
        arrays(encoder.encode_episode(Observation(play))),
        arrays(encoder.encode_episode(Observation(later))),
        strict=True,
    ):
        np.testing.assert_array_equal(one[:50], other[:50])
        assert not np.array_equal(one[50], other[50])


def test_an_unknown_hull_is_flagged_and_no_change_is_made_up() -> None:
    known, unknown = quiet_space(), quiet_space()
    unknown.records["player"]["gauges"][..., HP] = np.nan
    half = quiet_space()
    half.records["player"]["gauges"][..., HP] = 0.5
    told = encode_last(known)[0].context[0]
    assert (told[HULL], told[HULL_KNOWN]) == (1.0, 1.0)
    silent = encode_last(known, unknown)[0].context[0]
    assert (silent[HULL], silent[HULL_KNOWN], silent[HULL_CHANGE]) == (0.0, 0.0, 0.0)
    assert encode_last(known, unknown, known)[0].context[0, HULL_CHANGE] == 0.0
    assert encode_last(unknown, unknown, half)[0].context[0, HULL_CHANGE] == 0.0  # the first reading is no loss
    assert encode_last(known, half)[0].context[0, HULL_CHANGE] < -1.0


def test_an_objects_hit_points_are_compared_over_a_gap_in_sight() -> None:
    def alien(hp: float) -> Observation:
        scene = quiet_space()
        put(scene, 0, "streuner", 0.6, 0.4)
        scene.records["tracks"]["gauges"][..., HP][0, 0] = hp
        return scene

    def trend(*hit_points: float) -> float:
        return float(encode_last(*map(alien, hit_points))[0].tracks[0, 0, TRACK_TREND])

    hidden = encode_last(alien(0.5), alien(np.nan))[0].tracks[0, 0]
    assert (hidden[TRACK_HP], hidden[TRACK_HP_KNOWN]) == (0.0, 0.0)
    assert trend(np.nan, 0.5) == trend(0.5, 0.5) == trend(0.5, np.nan) == 0.0
    assert trend(0.5, 0.4) == pytest.approx(-0.2, rel=1e-4)
    assert trend(0.5, np.nan, 0.4) == trend(0.5, 0.4)


def test_everything_unreadable_at_once_gives_numbers_all_the_same() -> None:
    scene = quiet_space()
    put(scene, 0, "streuner", 0.6, 0.4)
    for name in ("gauges", "x", "y", "vx", "vy"):
        scene.records["player"][name] = np.nan
    scene.records["tracks"]["gauges"] = np.nan
    for array in arrays(encode_last(scene, scene)[0]):
        assert np.isfinite(array).all()


def test_timers_count_the_ticks_since_each_event() -> None:
    scenes = [quiet_space() for _ in range(8)]
    put(scenes[1], 0, "streuner", 0.6, 0.4)  # seen in 1, gone in 2
    scenes[3].records["events"]["damage_taken"] = 0.1
    encoder = Encoder(PROFILE)
    carry = encoder.start(1)
    ages = []
    for scene in scenes:
        encoder.encode(scene, carry)
        ages.append((carry["timers"][0, T_ENEMY_SEEN], carry["timers"][0, T_HURT]))
    assert [seen for seen, _ in ages] == [FOREVER, 0, 1, 2, 3, 4, 5, 6]
    assert [hurt for _, hurt in ages] == [FOREVER, FOREVER, FOREVER, 0, 1, 2, 3, 4]


def test_a_press_is_counted_once_however_long_it_is_held() -> None:
    held, released = quiet_space(), quiet_space()
    held.records["button"], held.records["keys"] = 1, 1 << 3
    carry = encode_last(quiet_space(), held, held, held, released)[1]
    assert carry["timers"][0, T_PRESS] == 3
    assert carry["timers"][0, -8:].tolist() == [FOREVER] * 3 + [3] + [FOREVER] * 4


def test_a_click_on_an_object_is_remembered_with_the_object() -> None:
    first, second = quiet_space(), quiet_space()
    put(first, 0, "streuner", 0.75, 0.5)
    put(second, 4, "streuner", 0.7, 0.5, number=100)  # the same one, in another slot
    put(second, 0, "bonus_box", 0.5, 0.7, number=7)
    first.records["button"], first.records["cursor_x"] = 1, 0.75
    carry = encode_last(first, second)[1]
    assert carry["clicked_id"][0] == 100
    assert carry["timers"][0, T_ENEMY] == 1
    assert carry["clicked"][0, 4] == 1
    assert carry["clicked"][0, 0] == FOREVER


def test_a_selection_is_timed_when_it_begins_and_when_it_is_lost() -> None:
    free, chosen = quiet_space(), quiet_space()
    put(chosen, 0, "streuner", 0.6, 0.4)
    chosen.records["tracks"]["selected"][0, 0] = 1
    carry = encode_last(free, chosen, chosen, free)[1]
    assert carry["timers"][0, T_SELECTED] == 2
    assert carry["timers"][0, T_TARGET_LOST] == 0


def test_an_empty_scene_is_all_zero_where_objects_would_be() -> None:
    encoded = encode_last(quiet_space())[0]
    assert not encoded.tracks.any()
    assert not encoded.kinds.any()


def test_a_kind_that_the_profile_does_not_know_reads_no_foreign_memory() -> None:
    for kind in (-1, 31, 40, 32000):
        scene = quiet_space()
        put(scene, 0, "streuner", 0.6, 0.4)
        scene.records["tracks"]["kind"][0, 0] = kind
        scene.records["tracks"]["attacking"][0, 0] = 1
        encoded = encode_last(scene)[0]
        assert 1 <= encoded.kinds[0, 0] <= MAX_KINDS
        assert np.isin(encoded.tracks[0, 0, 19], np.float32([one.strength for one in PROFILE.kinds] + [0.0]))


def test_ids_and_ages_follow_an_object_through_the_slots() -> None:
    scenes = [quiet_space() for _ in range(5)]
    for scene, slot in zip(scenes, [0, 3, 3, 1, 0], strict=True):
        put(scene, slot, KINDS[2], 0.6, 0.4, number=55)
    carry = encode_last(*scenes)[1]
    assert carry["ids"][0].tolist() == [55] + [0] * (MAX_TRACKS - 1)
    assert carry["age"][0, 0] == 4


def test_records_are_one_type_to_the_compiler_however_they_were_made() -> None:
    """numba takes records with another alignment flag for another type, compiles anew and warns."""
    for dtype in (OBSERVATION, ACTION, ENCODING_CARRY, UI_GEOMETRY, MOTOR_MODEL, MOTOR_STATE):
        assert not dtype.isalignedstruct
        made = np.zeros(4, dtype)
        loaded = np.frombuffer(made.tobytes(), dtype)
        types = {numba.typeof(array.copy()) for array in (made, loaded, made[1:3], np.concatenate([made, loaded]))}
        assert len(types) == 1
    for one, other in itertools.pairwise((Encoder(PROFILE), Encoder(plain_profile()))):
        assert numba.typeof(one.geometry) == numba.typeof(other.geometry)
