"""What every World must keep to. A new world is done when its row is added here and passes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from understudy.contract.action import ACTION, Action
from understudy.contract.observation import ALL_BUTTONS, OBSERVATION, Button, Role
from understudy.contract.profile import Profile
from understudy.contract.protocols import World
from understudy.runtime.safety import Guarded
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.window.game_window import GameWindow
from understudy.worlds.simulator.world import Simulator

SEEDS = np.array([3, 1, 4], np.uint64)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A kind of World."""

    make: Callable[[np.ndarray], World]
    """Makes one with these seeds."""
    seeds: np.ndarray
    """Of the worlds that it is tried with; a live one has only one."""
    ticks: int = 400

    def play(self, seeds: np.ndarray | None = None) -> np.ndarray:
        """Everything that was seen, records of shape (T, B)."""
        seeds = self.seeds if seeds is None else seeds
        world = self.make(seeds)
        seen = np.empty((self.ticks, len(seeds)), OBSERVATION)
        for tick in range(self.ticks):
            seen[tick] = world.observe().records
            world.act(some_action(tick, world.profile, seeds))
        world.close()
        return seen


def window(seeds: np.ndarray) -> World:
    """A live game on a clock that goes on whenever it is looked at, so that it is the same game each time."""
    asked = iter(range(1_000_000))
    return GameWindow(int(seeds[0]), size=(320, 180), clock=lambda: 100.0 + 0.01 * next(asked))


ROWS = {
    "simulator": Row(make=Simulator, seeds=SEEDS),
    "guarded simulator": Row(make=lambda seeds: Guarded(Simulator(seeds)), seeds=SEEDS),
    "game window": Row(make=window, seeds=SEEDS[:1], ticks=30),
}
every_world = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())


def some_action(tick: int, profile: Profile, seeds: np.ndarray) -> Action:
    """Moving about, clicking and pressing each key in turn; what a world gets depends on its seed alone."""
    records = np.zeros(len(seeds), ACTION)
    phase = tick / 15 + seeds.astype(float)
    records["cursor_x"] = 0.5 + 0.4 * np.sin(phase)
    records["cursor_y"] = 0.5 + 0.4 * np.cos(0.7 * phase)
    records["button"] = Button.LEFT if tick % 10 < 2 else Button.NONE
    records["keys"] = 1 << (tick // 40) % len(profile.keys) if tick % 20 == 0 else 0
    return Action(records)


@every_world
def test_it_shows_as_many_worlds_as_it_says(row: Row) -> None:
    world = row.make(row.seeds)
    assert isinstance(world, World)
    assert world.num_worlds == len(world.observe()) == len(row.seeds)
    world.close()


@every_world
def test_looking_twice_shows_the_same(row: Row) -> None:
    world = row.make(row.seeds)
    before = world.observe().records.tobytes()
    assert world.observe().records.tobytes() == before
    world.act(some_action(0, world.profile, row.seeds))
    assert world.observe().records.tobytes() != before
    world.close()


@every_world
def test_the_same_seeds_and_actions_are_the_same_game_to_the_bit(row: Row) -> None:
    one, other = row.play(), row.play()
    one["time_s"] -= one["time_s"][0]  # a live world counts from when it was opened
    other["time_s"] -= other["time_s"][0]
    assert np.allclose(one["time_s"], other["time_s"])
    one["time_s"] = other["time_s"] = 0.0
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if len(row.seeds) > 1])
def test_a_world_does_not_depend_on_its_neighbours(name: str) -> None:
    together, alone = ROWS[name].play(), ROWS[name].play(SEEDS[1:2])
    assert together[:, 1].tobytes() == alone[:, 0].tobytes()


@every_world
def test_another_seed_is_another_game(row: Row) -> None:
    fields = ["player", "tracks", "landmarks"]
    assert row.play(SEEDS[:1])[fields].tobytes() != row.play(SEEDS[2:])[fields].tobytes()


@every_world
def test_time_moves_on_with_every_tick(row: Row) -> None:
    time_s = row.play()["time_s"]
    assert np.isfinite(time_s).all()
    assert np.diff(time_s, axis=0) == pytest.approx(0.05)


@every_world
def test_tracks_stand_first_and_nearest_first_with_an_id_of_their_own(row: Row) -> None:
    seen, profile = row.play().ravel(), load_profile()
    tracks = seen["tracks"]
    occupied = tracks["id"] > 0
    assert occupied.any()
    assert not (np.diff(occupied.astype(int), axis=1) > 0).any()
    for row, used in zip(tracks["id"], occupied, strict=True):
        assert len(set(row[used])) == used.sum()
    aspect = profile.window_height / profile.window_width
    distance = np.hypot(tracks["x"] - 0.5, (tracks["y"] - 0.5) * aspect)
    assert not (occupied[:, 1:] & (np.diff(distance, axis=1) < -1e-5)).any()


@every_world
def test_tracks_are_of_kinds_and_roles_that_the_profile_knows(row: Row) -> None:
    tracks, profile = row.play()["tracks"], load_profile()
    tracks = tracks[tracks["id"] > 0]
    roles = np.array([kind.role for kind in profile.kinds])
    assert (tracks["role"] == roles[tracks["kind"]]).all()
    assert ((tracks["width"] > 0) & (tracks["height"] > 0)).all()
    assert np.isfinite([tracks["x"], tracks["y"], tracks["vx"], tracks["vy"]]).all()


@every_world
def test_fractions_are_fractions_or_unknown(row: Row) -> None:
    seen = row.play()
    for values in (
        seen["player"]["gauges"],
        seen["player"]["x"],
        seen["player"]["y"],
        seen["tracks"]["gauges"],
        seen["landmarks"]["x"],
        seen["landmarks"]["y"],
        seen["cursor_x"],
        seen["cursor_y"],
    ):
        assert (np.isnan(values) | ((values >= 0) & (values <= 1))).all()


@every_world
def test_maps_keys_buttons_and_landmarks_are_known_ones(row: Row) -> None:
    seen, profile = row.play(), load_profile()
    maps = seen["player"]["map_index"]
    assert ((maps >= -1) & (maps < len(profile.maps))).all()
    assert (seen["keys"] < 1 << len(profile.keys)).all()
    assert (seen["button"] <= ALL_BUTTONS).all()
    assert np.isin(seen["landmarks"]["role"], [Role.NONE, Role.PORTAL, Role.BASE]).all()


@every_world
def test_events_are_counted_and_never_negative(row: Row) -> None:
    events = row.play()["events"]
    for name in events.dtype.names or ():
        assert np.isfinite(events[name]).all()
        assert (events[name] >= 0).all()


@every_world
def test_closing_twice_is_fine(row: Row) -> None:
    world = row.make(row.seeds)
    world.act(some_action(0, world.profile, row.seeds))
    world.close()
    world.close()


@pytest.mark.parametrize("name", ["simulator", "guarded simulator"])
def test_the_mouse_and_the_keys_are_seen_where_they_were_put(name: str) -> None:
    world = ROWS[name].make(SEEDS)
    for tick in range(60):
        action = some_action(tick, world.profile, SEEDS)
        world.act(action)
        seen = world.observe().records
        for field in ("cursor_x", "cursor_y", "button", "keys"):
            assert seen[field].tolist() == action.records[field].tolist(), field
