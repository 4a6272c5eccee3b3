import cv2
import numpy as np
import pytest

from tests.support.rendering_scenes import (
    HEIGHT,
    KINDS,
    PROFILE,
    WIDTH,
    centre,
    difference,
    mass_centre,
    quiet_observation,
    scene,
    with_object,
)
from understudy.contract.observation import Role
from understudy.worlds.simulator.engine.compiled_rules import compile_rules
from understudy.worlds.simulator.engine.readings import HP
from understudy.worlds.simulator.engine.state import Effect
from understudy.worlds.simulator.rendering import background
from understudy.worlds.simulator.rendering.entity_painter import SAFE_RADIUS
from understudy.worlds.simulator.rendering.hud_painter import HULL
from understudy.worlds.simulator.rendering.renderer import Renderer
from understudy.worlds.simulator.rendering.scene import MAP_HEIGHT, MAP_WIDTH, VIEW_HEIGHT, VIEW_WIDTH, scene_of
from understudy.worlds.simulator.rendering.sprite_sheet import SpriteSheet
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

PLACE = (0.36, 0.42)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(PROFILE, labels=False)


@pytest.fixture(scope="module")
def labelled() -> Renderer:
    return Renderer(PROFILE)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "base"])
def test_each_kind_of_object_is_drawn_at_its_place_within_a_hundredth_of_the_window(
    renderer: Renderer, kind: str
) -> None:
    empty = renderer.frame(scene(quiet_observation()))
    seen = difference(renderer.frame(scene(with_object(kind, *PLACE))), empty)
    seen[int(0.71 * HEIGHT) :, int(0.795 * WIDTH) :] = 0  # its dot on the minimap is tested below
    assert np.allclose(mass_centre(seen), PLACE, atol=0.01)


def test_the_base_is_drawn_at_its_place_and_its_safe_zone_around_it(renderer: Renderer) -> None:
    seen = difference(renderer.frame(scene(with_object("base", 0.4, 0.5))), renderer.frame(scene(quiet_observation())))
    solid = cv2.erode((seen > 30).astype(np.uint8), np.ones((5, 5), np.uint8))  # without the thin ring
    assert np.allclose(centre(solid), (0.4, 0.5), atol=0.01)
    ring = np.flatnonzero(seen[HEIGHT // 2 - 40] > 60)
    assert (ring[-1] - ring[0]) / WIDTH * VIEW_WIDTH == pytest.approx(2 * SAFE_RADIUS, rel=0.03)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "base"])
def test_each_object_fills_the_box_that_its_track_says(renderer: Renderer, kind: str) -> None:
    """The base is left out: the ring of its safe zone is larger than its box."""
    observation = with_object(kind, *PLACE)
    seen = difference(renderer.frame(scene(observation)), renderer.frame(scene(quiet_observation()))) > 60
    seen[int(0.71 * HEIGHT) :, int(0.795 * WIDTH) :] = False
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    drawn = np.array([(columns[-1] - columns[0]) / WIDTH, (rows[-1] - rows[0]) / HEIGHT])
    box = np.array([observation["tracks"][0]["width"], observation["tracks"][0]["height"]])
    assert (drawn > 0.7 * box).all()
    assert (drawn < 1.3 * box).all()


def test_every_visible_object_of_a_played_game_is_in_the_picture_where_the_truth_says(renderer: Renderer) -> None:
    world = Simulator(np.array([11], np.uint64), "1-2")
    teacher = Teacher("hunter", world.profile)
    carry = teacher.start(np.array([4], np.uint64))
    checked = 0
    for tick in range(900):
        decision = teacher.decide(world.observe(), carry)
        carry = decision.carry
        world.act(decision.action)
        if tick % 15 == 14:
            checked += _check_open_objects(renderer, world)
    assert checked >= 15


def _check_open_objects(renderer: Renderer, world: Simulator) -> int:
    """Takes each object out of the observation in turn: the picture has to change around its place and nowhere else."""
    observation = world.observe().records[0].copy()
    full = renderer.frame(scene_of(world.states[0], observation))
    tracks, checked = observation["tracks"], 0
    for slot in np.flatnonzero(tracks["id"] > 0):
        track = tracks[slot]
        others = [other for other in np.flatnonzero(tracks["id"] > 0) if other != slot]
        gaps = np.hypot(tracks["x"][others] - track["x"], tracks["y"][others] - track["y"])
        alone = track["role"] != Role.BASE and bool((gaps > 0.07).all()) and not track["selected"]
        off_ship = np.hypot(track["x"] - 0.5, track["y"] - 0.5) > 0.08
        inside = 0.06 < track["x"] < 0.94 and 0.16 < track["y"] < 0.66 and off_ship
        if not (alone and inside):
            continue
        without = observation.copy()
        without["tracks"]["id"][slot] = 0
        seen = difference(renderer.frame(scene_of(world.states[0], without)), full)
        seen[int(0.71 * HEIGHT) :, int(0.795 * WIDTH) :] = 0
        assert np.allclose(centre(seen > 60), (track["x"], track["y"]), atol=0.01), track
        checked += 1
    return checked


def test_kinds_can_be_told_apart_by_their_looks() -> None:
    sheet = SpriteSheet()
    looks = []
    for kind in PROFILE.kinds[:12]:
        sprite = sheet.sprite(kind.name, kind.role, 60, 60, 0.6)
        looks.append(np.frombuffer(sprite.get_buffer().raw, np.uint8).astype(float))
    for one in range(len(looks)):
        for other in range(one):
            assert np.abs(looks[one] - looks[other]).mean() > 6.0, (KINDS[one], KINDS[other])


def test_a_kind_without_a_design_is_visible_too() -> None:
    sprite = SpriteSheet().sprite("something new", Role.ENEMY, 40, 40)
    assert np.frombuffer(sprite.get_buffer().raw, np.uint8).max() > 100


def test_a_scene_drawn_twice_is_the_same_picture(labelled: Renderer) -> None:
    moment = scene(with_object("mordon", *PLACE), [(98, Effect.LASER_HIT, 3, 5000, 3200, 4800, 3100, 6)])
    assert (labelled.frame(moment) == labelled.frame(moment)).all()


def test_a_picture_belongs_to_whoever_asked_for_it(renderer: Renderer) -> None:
    first = renderer.frame(scene(quiet_observation()))
    kept = first.copy()
    renderer.frame(scene(with_object("sibelon", *PLACE)))
    assert (first == kept).all()


@pytest.mark.parametrize("size", [(640, 360), (1920, 1080), (800, 800), (3840, 2160)])
def test_pictures_of_any_size_show_the_same_places(size: tuple[int, int]) -> None:
    renderer = Renderer(PROFILE, size, labels=False)
    full, empty = renderer.frame(scene(with_object("lordakium", *PLACE))), renderer.frame(scene(quiet_observation()))
    seen = difference(full, empty)
    seen[int(0.71 * size[1]) :, int(0.795 * size[0]) :] = 0
    assert full.shape == (size[1], size[0], 3)
    assert np.allclose(mass_centre(seen), PLACE, atol=0.01)


@pytest.mark.parametrize("hp", [0.25, 0.5, 0.75])
def test_the_bar_over_a_ship_is_as_long_as_its_hit_points(labelled: Renderer, hp: float) -> None:
    full, part = (_hull_pixels(labelled, with_object("devolarium", *PLACE, hp=each)) for each in (1.0, hp))
    assert part / full == pytest.approx(hp, abs=0.08)


@pytest.mark.parametrize("hp", [0.4, 0.8])
def test_the_players_bar_is_as_long_as_his_hit_points(renderer: Renderer, hp: float) -> None:
    lengths = []
    for each in (1.0, hp):
        observation = quiet_observation()
        observation["player"]["gauges"][..., HP] = each
        frame = renderer.frame(scene(observation))[: int(0.15 * HEIGHT), : int(0.2 * WIDTH)]
        lengths.append((frame == HULL).all(axis=2).any(axis=0).sum())
    assert lengths[1] / lengths[0] == pytest.approx(hp, abs=0.05)


def test_unreadable_bars_and_an_unknown_map_are_drawn_as_such_and_not_guessed(renderer: Renderer) -> None:
    observation = quiet_observation()
    observation["player"]["gauges"][..., HP] = np.nan
    observation["player"]["map_index"] = -1
    frame = renderer.frame(scene(observation))
    assert not (frame[: int(0.15 * HEIGHT), : int(0.2 * WIDTH)] == HULL).all(axis=2).any()


def _hull_pixels(renderer: Renderer, observation: np.void) -> int:
    frame = renderer.frame(scene(observation))
    left, right = int((PLACE[0] - 0.06) * WIDTH), int((PLACE[0] + 0.06) * WIDTH)
    return int((frame[int(0.2 * HEIGHT) : int(PLACE[1] * HEIGHT), left:right] == HULL).all(axis=2).sum())


def test_the_minimap_shows_the_ship_and_the_landmarks_where_they_are(renderer: Renderer) -> None:
    observation = quiet_observation()
    observation["player"]["x"], observation["player"]["y"] = 0.3, 0.7
    moved = quiet_observation()
    moved["player"]["x"], moved["player"]["y"] = 0.7, 0.3
    bright = (renderer.frame(scene(observation)) > 245).all(axis=2)
    assert np.allclose(_on_minimap(bright), (0.3, 0.7), atol=0.02)
    bright = (renderer.frame(scene(moved)) > 245).all(axis=2)
    assert np.allclose(_on_minimap(bright), (0.7, 0.3), atol=0.02)
    before = renderer.frame(scene(moved))
    moved["landmarks"][0] = (Role.PORTAL, 0.2, 0.8)
    assert np.allclose(_on_minimap(difference(renderer.frame(scene(moved)), before) > 0), (0.2, 0.8), atol=0.02)


def _on_minimap(picked: np.ndarray) -> tuple[float, float]:
    area = PROFILE.minimap
    top, left = round(area.top * HEIGHT), round(area.left * WIDTH)
    return centre(picked[top : top + round(area.height * HEIGHT), left : left + round(area.width * WIDTH)])


def test_the_cursor_is_drawn_with_its_tip_where_it_points(renderer: Renderer) -> None:
    observation = quiet_observation()
    without = renderer.frame(scene(observation))
    observation["cursor_x"], observation["cursor_y"] = 0.3, 0.4
    seen = difference(renderer.frame(scene(observation)), without)[:, : int(0.9 * WIDTH)] > 0
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert abs(columns[0] - 0.3 * WIDTH) <= 2
    assert abs(rows[0] - 0.4 * HEIGHT) <= 2


@pytest.mark.parametrize("effect", [Effect.KILL, Effect.LOOT, Effect.DEATH, Effect.JUMP])
def test_what_happened_is_drawn_where_it_happened(renderer: Renderer, effect: Effect) -> None:
    x, y = 5000 + (PLACE[0] - 0.5) * VIEW_WIDTH, 3200 + (PLACE[1] - 0.5) * VIEW_HEIGHT
    happened = renderer.frame(scene(quiet_observation(), [(96, effect, 0, x, y, x, y, 0)]))
    seen = difference(happened, renderer.frame(scene(quiet_observation())))
    seen[int(0.78 * HEIGHT) :] = 0  # the log
    assert np.allclose(centre(seen > 15), PLACE, atol=0.012)


def test_a_shot_flies_from_the_ship_to_its_target(renderer: Renderer) -> None:
    quiet = renderer.frame(scene(quiet_observation()))
    target = (5000 - 400.0, 3200.0)
    places = []
    for tick in (100.6, 102.0, 103.6):
        shot = scene(quiet_observation(), [(100, Effect.LASER_HIT, 0, 5000.0, 3200.0, *target, 6)], tick)
        seen = difference(renderer.frame(shot), quiet)
        seen[int(0.78 * HEIGHT) :] = 0
        places.append(mass_centre(seen)[0])
    assert 0.5 > places[0] > places[1] > places[2] > 0.25


def test_an_effect_is_over_after_a_while(renderer: Renderer) -> None:
    old = scene(quiet_observation(), [(60, Effect.KILL, 0, 5000, 3200, 5000, 3200, 0)], 100.0)
    seen = difference(renderer.frame(old), renderer.frame(scene(quiet_observation())))
    assert not seen[: int(0.78 * HEIGHT)].any()
    assert seen[int(0.78 * HEIGHT) :].any(), "the log remembers it longer"


def test_the_sky_repeats_without_a_seam() -> None:
    """Neighbouring pixels across the tile's edge differ no more than elsewhere."""
    tile = background._nebula(1)[..., :3].astype(float)
    inside = np.abs(np.diff(tile, axis=1)).mean()
    assert np.abs(tile[:, 0] - tile[:, -1]).mean() < 1.5 * inside
    assert np.abs(tile[0] - tile[-1]).mean() < 1.5 * inside


def test_the_drawing_uses_the_lengths_of_the_rules() -> None:
    rules = compile_rules(PROFILE)[0]
    assert (rules["view_width"], rules["view_height"]) == (VIEW_WIDTH, VIEW_HEIGHT)
    assert (rules["map_width"], rules["map_height"]) == (MAP_WIDTH, MAP_HEIGHT)
    assert (rules["base_radius"][: rules["num_maps"]] == SAFE_RADIUS).all()
