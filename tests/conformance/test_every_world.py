"""What every World must keep to. A new world is done when its row is added here and passes."""

from collections.abc import Callable

import numpy as np
import pytest

from understudy.contract.action import ACTION, Action
from understudy.contract.observation import OBSERVATION, Button, Role
from understudy.contract.profile import Profile
from understudy.contract.protocols import World
from understudy.runtime.safety import Guarded, Muted
from understudy.worlds.simulator.world import Simulator

SEEDS = np.array([3, 1, 4], np.uint64)
NUM_TICKS = 400

WORLDS: dict[str, Callable[[np.ndarray], World]] = {
    "simulator": Simulator,
    "guarded simulator": lambda seeds: Guarded(Simulator(seeds)),
    "muted simulator": lambda seeds: Muted(Simulator(seeds), moves_by_itself=False),
}
every_world = pytest.mark.parametrize("make_world", WORLDS.values(), ids=WORLDS.keys())


def some_action(tick: int, profile: Profile, seeds: np.ndarray) -> Action:
    """Moving about, clicking and pressing each key in turn; what a world gets depends on its seed alone."""
    records = np.zeros(len(seeds), ACTION)
    phase = tick / 15 + seeds.astype(float)
    records["cursor_x"] = 0.5 + 0.4 * np.sin(phase)
    records["cursor_y"] = 0.5 + 0.4 * np.cos(0.7 * phase)
    records["button"] = Button.LEFT if tick % 10 < 2 else Button.NONE
    records["keys"] = 1 << (tick // 40) % len(profile.keys) if tick % 20 == 0 else 0
    return Action(records)


def play(world: World, seeds: np.ndarray, num_ticks: int = NUM_TICKS) -> np.ndarray:
    """Everything that was seen, records of shape (T, B)."""
    seen = np.empty((num_ticks, len(seeds)), OBSERVATION)
    for tick in range(num_ticks):
        seen[tick] = world.observe().records
        world.act(some_action(tick, world.profile, seeds))
    return seen


@every_world
def test_it_shows_as_many_worlds_as_it_says(make_world: Callable[[np.ndarray], World]) -> None:
    world = make_world(SEEDS)
    assert isinstance(world, World)
    assert world.num_worlds == len(world.observe()) == len(SEEDS)


@every_world
def test_looking_twice_shows_the_same(make_world: Callable[[np.ndarray], World]) -> None:
    world = make_world(SEEDS)
    before = world.observe().records.tobytes()
    assert world.observe().records.tobytes() == before
    world.act(some_action(0, world.profile, SEEDS))
    assert world.observe().records.tobytes() != before


@every_world
def test_the_same_seeds_and_actions_are_the_same_game_to_the_bit(make_world: Callable[[np.ndarray], World]) -> None:
    assert play(make_world(SEEDS), SEEDS).tobytes() == play(make_world(SEEDS), SEEDS).tobytes()


@every_world
def test_a_world_does_not_depend_on_its_neighbours(make_world: Callable[[np.ndarray], World]) -> None:
    together = play(make_world(SEEDS), SEEDS)
    alone = play(make_world(SEEDS[1:2]), SEEDS[1:2])
    assert together[:, 1].tobytes() == alone[:, 0].tobytes()


@every_world
def test_another_seed_is_another_game(make_world: Callable[[np.ndarray], World]) -> None:
    seen = play(make_world(SEEDS), SEEDS)
    assert seen[:, 0].tobytes() != seen[:, 2].tobytes()


@every_world
def test_time_moves_on_with_every_tick(make_world: Callable[[np.ndarray], World]) -> None:
    time_s = play(make_world(SEEDS), SEEDS)["time_s"]
    assert np.isfinite(time_s).all()
    assert np.diff(time_s, axis=0) == pytest.approx(0.05)


@every_world
def test_tracks_stand_first_and_nearest_first_with_an_id_of_their_own(
    make_world: Callable[[np.ndarray], World],
) -> None:
    world = make_world(SEEDS)
    seen = play(world, SEEDS).ravel()
    tracks = seen["tracks"]
    occupied = tracks["id"] > 0
    assert occupied.any()
    assert not (np.diff(occupied.astype(int), axis=1) > 0).any()
    for row, used in zip(tracks["id"], occupied, strict=True):
        assert len(set(row[used])) == used.sum()
    aspect = world.profile.window_height / world.profile.window_width
    distance = np.hypot(tracks["x"] - 0.5, (tracks["y"] - 0.5) * aspect)
    assert not (occupied[:, 1:] & (np.diff(distance, axis=1) < -1e-5)).any()


@every_world
def test_tracks_are_of_kinds_and_roles_that_the_profile_knows(make_world: Callable[[np.ndarray], World]) -> None:
    world = make_world(SEEDS)
    tracks = play(world, SEEDS)["tracks"]
    tracks = tracks[tracks["id"] > 0]
    roles = np.array([kind.role for kind in world.profile.kinds])
    assert (tracks["role"] == roles[tracks["kind"]]).all()
    assert ((tracks["width"] > 0) & (tracks["height"] > 0)).all()
    assert np.isfinite([tracks["x"], tracks["y"], tracks["vx"], tracks["vy"]]).all()


@every_world
def test_fractions_are_fractions_or_unknown(make_world: Callable[[np.ndarray], World]) -> None:
    seen = play(make_world(SEEDS), SEEDS)
    for values in (
        seen["player"]["hp"],
        seen["player"]["shield"],
        seen["player"]["x"],
        seen["player"]["y"],
        seen["player"]["rocket_ready"],
        seen["player"]["ammo"],
        seen["tracks"]["hp"],
        seen["tracks"]["shield"],
        seen["landmarks"]["x"],
        seen["landmarks"]["y"],
        seen["cursor_x"],
        seen["cursor_y"],
    ):
        assert (np.isnan(values) | ((values >= 0) & (values <= 1))).all()


@every_world
def test_maps_keys_buttons_and_landmarks_are_known_ones(make_world: Callable[[np.ndarray], World]) -> None:
    world = make_world(SEEDS)
    seen = play(world, SEEDS)
    maps = seen["player"]["map_index"]
    assert ((maps >= -1) & (maps < len(world.profile.maps))).all()
    assert (seen["keys"] < 1 << len(world.profile.keys)).all()
    assert (seen["button"] <= max(Button)).all()
    assert np.isin(seen["landmarks"]["role"], [Role.NONE, Role.PORTAL, Role.BASE]).all()


@every_world
def test_events_are_counted_and_never_negative(make_world: Callable[[np.ndarray], World]) -> None:
    events = play(make_world(SEEDS), SEEDS)["events"]
    for name in events.dtype.names or ():
        assert np.isfinite(events[name]).all()
        assert (events[name] >= 0).all()


@every_world
def test_closing_twice_is_fine(make_world: Callable[[np.ndarray], World]) -> None:
    world = make_world(SEEDS)
    world.act(some_action(0, world.profile, SEEDS))
    world.close()
    world.close()


@pytest.mark.parametrize("name", ["simulator", "guarded simulator"])
def test_the_mouse_and_the_keys_are_seen_where_they_were_put(name: str) -> None:
    world = WORLDS[name](SEEDS)
    for tick in range(60):
        action = some_action(tick, world.profile, SEEDS)
        world.act(action)
        seen = world.observe().records
        for field in ("cursor_x", "cursor_y", "button", "keys"):
            assert seen[field].tolist() == action.records[field].tolist(), field
