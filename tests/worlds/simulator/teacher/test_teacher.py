from functools import cache

import numpy as np
import pytest

from understudy.contract.errors import FlagError
from understudy.contract.intent import Mode, Phase
from understudy.contract.observation import TICK_S, Button, Observation, Role, empty_observation
from understudy.evaluation.rollouts.baselines import BASELINES
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import AMMO, HP, LASER, LOADED, ROCKET, SHIELD
from understudy.worlds.simulator.teacher.motor import CURSOR_SPEED_LIMIT
from understudy.worlds.simulator.teacher.style import read_styles
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

PROFILE = load_profile()
STYLES = tuple(read_styles())
KINDS = [kind.name for kind in PROFILE.kinds]
CTRL, SPACE, JUMP = PROFILE.key_bit("ctrl"), PROFILE.key_bit("space"), PROFILE.key_bit("j")
ENEMY_X, ENEMY_Y = 0.6, 0.35
BASE_X, BASE_Y = 0.2, 0.3


def quiet_space(num_worlds: int = 1) -> Observation:
    """A healthy ship in the middle of map 1-1, nothing in sight, the base on the minimap."""
    observation = empty_observation(num_worlds)
    records = observation.records
    player = records["player"]
    player["alive"], player["gauges"], player["selectors"][..., LOADED] = 1, 1.0, 1
    player["x"], player["y"] = 0.5, 0.5
    records["landmarks"]["role"][:, 0] = Role.BASE
    records["landmarks"]["x"][:, 0], records["landmarks"]["y"][:, 0] = BASE_X, BASE_Y
    records["cursor_x"], records["cursor_y"] = 0.5, 0.5
    return observation


def put(observation: Observation, slot: int, name: str, x: float, y: float) -> None:
    """Puts an object into the window; its id is 100 + slot."""
    track = observation.records["tracks"][:, slot]
    track["id"], track["kind"] = 100 + slot, KINDS.index(name)
    track["role"] = PROFILE.kinds[KINDS.index(name)].role
    track["x"], track["y"], track["width"], track["height"] = x, y, 0.045, 0.08
    track["gauges"][..., HP] = track["gauges"][..., SHIELD] = 1.0 if track["role"][0] == Role.ENEMY else np.nan
    observation.records["tracks"][:, slot] = track


def alien_in_sight() -> Observation:
    """A weak alien within the laser's range."""
    observation = quiet_space()
    put(observation, 0, "streuner", ENEMY_X, ENEMY_Y)
    return observation


def watch(observation: Observation, num_ticks: int, style: str = "hunter", seed: int = 5) -> tuple[np.ndarray, Mode]:
    """The actions of a teacher before a scene that stands still but for its own mouse; and its mode at the end."""
    teacher, actions = Teacher(style, PROFILE), []
    carry = teacher.start(np.full(len(observation), seed, np.uint64))
    for _ in range(num_ticks):
        decision = teacher.decide(observation, carry)
        carry = decision.carry
        actions.append(decision.action.records.copy())
        for field in ("cursor_x", "cursor_y", "button", "keys"):
            observation.records[field] = decision.action.records[field]
    return np.stack(actions), Mode(teacher.oracle(carry).records["mode"][0])


def clicks(actions: np.ndarray) -> np.ndarray:
    """The ticks of world 0 in which the button went down."""
    buttons = actions["button"][:, 0]
    return actions[1:, 0][(buttons[1:] == Button.LEFT) & (buttons[:-1] == Button.NONE)]


@cache
def played(style: str, num_worlds: int = 4, num_ticks: int = 1200, first: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Actions and true intents of a teacher in the embedded game, records (T, B)."""
    seeds = np.arange(first, first + num_worlds, dtype=np.uint64)
    world, teacher = Simulator(seeds), Teacher(style, PROFILE)
    carry, actions, intents = teacher.start(seeds), [], []
    for _ in range(num_ticks):
        decision = teacher.decide(world.observe(), carry)
        carry = decision.carry
        actions.append(decision.action.records.copy())
        intents.append(teacher.oracle(carry).records)
        world.act(decision.action)
    return np.stack(actions), np.stack(intents)


@cache
def score(name: str, num_worlds: int = 16, num_ticks: int = 2400) -> float:
    """Mean points a minute, a death counting -10, on all maps alike."""
    seeds = np.arange(700, 700 + num_worlds, dtype=np.uint64)
    world = Simulator(seeds)
    pilot = Teacher(name, PROFILE) if name in STYLES else BASELINES[name](PROFILE)
    carry, points = pilot.start(seeds), 0.0
    for _ in range(num_ticks):
        decision = pilot.decide(world.observe(), carry)
        carry = decision.carry
        world.act(decision.action)
        events = world.observe().records["events"]
        points += float(events["value"].sum() - 10.0 * events["deaths"].sum())
    return points / num_worlds / (num_ticks * TICK_S / 60.0)


def test_there_are_a_hunter_a_kiter_and_a_careful_one() -> None:
    assert set(STYLES) >= {"hunter", "kiter", "careful"}


def test_an_unknown_style_is_refused_by_one_sentence_that_names_the_known_ones() -> None:
    with pytest.raises(FlagError, match=r"'berserk'.*hunter, kiter, careful"):
        Teacher("berserk", PROFILE)


def test_it_reacts_to_an_alien_by_a_click_on_it_after_a_human_time() -> None:
    actions, mode = watch(alien_in_sight(), 60)
    first = clicks(actions)[0]
    pressed_at = int(np.argmax(actions["button"][:, 0] == Button.LEFT))
    assert mode is Mode.FIGHT
    assert 0.3 < pressed_at * TICK_S < 1.6
    assert abs(first["cursor_x"] - ENEMY_X) < 0.0225
    assert abs(first["cursor_y"] - ENEMY_Y) < 0.04


def test_it_presses_for_a_few_ticks_and_then_releases() -> None:
    buttons = played("hunter")[0]["button"][:, 0]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], buttons.astype(int), [0]])))
    lengths = edges[1::2] - edges[::2]
    assert lengths.min() >= 1
    assert lengths.max() <= 6
    assert 1.0 < lengths.mean() < 4.0


@pytest.mark.parametrize("style", STYLES)
def test_the_cursor_never_moves_faster_than_its_limit_and_goes_in_smooth_strokes(style: str) -> None:
    actions, _ = played(style)
    step_x, step_y = np.diff(actions["cursor_x"], axis=0), np.diff(actions["cursor_y"], axis=0)
    speeds = np.hypot(step_x, step_y * 9 / 16) / TICK_S
    assert speeds.max() <= CURSOR_SPEED_LIMIT * 1.001
    assert 0.05 < (speeds > 0).mean() < 0.9


def test_the_laser_is_switched_on_once_the_alien_is_selected_and_the_rocket_follows() -> None:
    observation = alien_in_sight()
    observation.records["tracks"]["selected"][:, 0] = 1
    assert (watch(observation, 30)[0]["keys"] & CTRL).any()
    observation.records["player"]["switches"][..., LASER] = 1
    keys = watch(observation, 30)[0]["keys"]
    assert (keys & SPACE).any()
    assert not (keys & CTRL).any()


def test_a_rocket_is_not_fired_before_it_is_ready() -> None:
    observation = alien_in_sight()
    observation.records["tracks"]["selected"][:, 0] = 1
    observation.records["player"]["switches"][..., LASER] = 1
    observation.records["player"]["gauges"][..., ROCKET] = 0.5
    assert not (watch(observation, 40)[0]["keys"] & SPACE).any()


def test_a_strong_alien_is_shot_with_better_ammunition_while_there_is_any() -> None:
    observation = quiet_space()
    put(observation, 0, "mordon", ENEMY_X, ENEMY_Y)
    observation.records["tracks"]["selected"][:, 0] = 1
    observation.records["player"]["switches"][..., LASER] = 1
    assert (watch(observation, 30)[0]["keys"] & PROFILE.key_bit("2")).any()
    observation.records["player"]["gauges"][..., AMMO : AMMO + 4][:, 1:] = 0.0
    keys = watch(observation, 30)[0]["keys"]
    assert not (keys & (PROFILE.key_bit("2") | PROFILE.key_bit("3") | PROFILE.key_bit("4"))).any()


def test_it_keeps_moving_round_a_target_that_it_shoots_at() -> None:
    observation = alien_in_sight()
    observation.records["tracks"]["selected"][:, 0] = 1
    observation.records["player"]["switches"][..., LASER] = 1
    places = clicks(watch(observation, 200)[0])
    assert len(places) >= 2
    from_alien = np.hypot((places["cursor_x"] - ENEMY_X) * 1600, (places["cursor_y"] - ENEMY_Y) * 900)
    assert from_alien.min() > 150


def test_it_flees_to_the_base_by_the_minimap_when_its_hull_is_low() -> None:
    observation = alien_in_sight()
    observation.records["player"]["gauges"][..., HP], observation.records["player"]["gauges"][..., SHIELD] = 0.15, 0.0
    actions, mode = watch(observation, 60)
    minimap = PROFILE.minimap
    first = clicks(actions)[0]
    assert mode is Mode.FLEE
    assert abs((first["cursor_x"] - minimap.left) / minimap.width - BASE_X) < 0.1
    assert abs((first["cursor_y"] - minimap.top) / minimap.height - BASE_Y) < 0.2


def test_in_the_base_it_waits_until_it_is_repaired() -> None:
    observation = alien_in_sight()
    observation.records["player"]["gauges"][..., HP], observation.records["player"]["gauges"][..., SHIELD] = 0.15, 0.0
    observation.records["player"]["safe"] = 1
    assert len(clicks(watch(observation, 200)[0][40:])) == 0


def test_with_middling_health_a_healthy_alien_far_off_is_left_alone() -> None:
    observation = alien_in_sight()
    observation.records["player"]["gauges"][..., HP], observation.records["player"]["gauges"][..., SHIELD] = 0.5, 0.3
    actions, mode = watch(observation, 100, "careful")
    places = clicks(actions)
    assert mode is Mode.CAUTIOUS
    on_alien = np.hypot((places["cursor_x"] - ENEMY_X) * 1600, (places["cursor_y"] - ENEMY_Y) * 900) < 60
    assert not on_alien.any()


def test_a_box_is_fetched() -> None:
    observation = quiet_space()
    put(observation, 0, "bonus_box", 0.4, 0.6)
    actions, mode = watch(observation, 40, "kiter")
    assert mode is Mode.LOOT
    assert abs(clicks(actions)[0]["cursor_x"] - 0.4) < 0.0225


def test_with_nothing_in_sight_it_explores_by_the_minimap() -> None:
    actions, mode = watch(quiet_space(), 60)
    first = clicks(actions)[0]
    assert mode is Mode.EXPLORE
    assert PROFILE.minimap.contains(float(first["cursor_x"]), float(first["cursor_y"]))


def test_too_strong_an_alien_is_no_target_for_the_careful() -> None:
    observation = quiet_space()
    put(observation, 0, "lordakium", ENEMY_X, ENEMY_Y)
    assert watch(observation, 60, "careful")[1] is not Mode.FIGHT


def test_unreadable_bars_do_not_confuse_it() -> None:
    observation = alien_in_sight()
    observation.records["player"]["gauges"][..., HP] = observation.records["player"]["gauges"][..., SHIELD] = np.nan
    observation.records["tracks"]["gauges"][..., HP] = np.nan
    actions, _ = watch(observation, 100)
    assert np.isfinite(actions["cursor_x"]).all()
    assert len(clicks(actions)) > 0


def test_the_dead_do_nothing() -> None:
    observation = alien_in_sight()
    observation.records["player"]["alive"] = 0
    actions, _ = watch(observation, 60)
    assert (actions["button"] == 0).all()
    assert (actions["keys"] == 0).all()


@pytest.mark.parametrize("style", STYLES)
def test_a_world_is_played_the_same_whatever_is_beside_it(style: str) -> None:
    together, _ = played(style)
    alone, _ = played(style, num_worlds=1, first=42)
    assert (together[:, 2] == alone[:, 0]).all()
    assert (together[:, 0] != together[:, 1]).any()


def test_its_decisions_carry_no_intent() -> None:
    teacher, observation = Teacher("hunter", PROFILE), alien_in_sight()
    decision = teacher.decide(observation, teacher.start(np.array([1], np.uint64)))
    assert decision.intent.records["mode"][0] == -1
    assert decision.intent.records["target_id"][0] == 0


def test_it_looks_at_the_observation_alone() -> None:
    """The same sights from another world's memory, and with the world itself gone, give the same actions."""
    seeds = np.arange(9, 11, dtype=np.uint64)
    world, teacher = Simulator(seeds), Teacher("hunter", PROFILE)
    seen, carry, actions = [], teacher.start(seeds), []
    for _ in range(300):
        seen.append(world.observe().copy())
        decision = teacher.decide(seen[-1], carry)
        actions.append(decision.action.records.copy())
        world.act(decision.action)
    del world
    carry = teacher.start(seeds)
    again = [Teacher("hunter", PROFILE).decide(observation, carry).action.records for observation in seen]
    assert (np.stack(actions) == np.stack(again)).all()


@pytest.mark.parametrize("style", STYLES)
def test_the_oracle_says_what_the_hand_then_does(style: str) -> None:
    """Where a gesture is said to end is where the button falls, and the mode names the kind of thing clicked."""
    actions, intents = played(style)
    begun = (intents["phase"][1:] == Phase.MOVE) & (intents["phase"][:-1] == Phase.IDLE)
    pressed = (intents["phase"][1:] == Phase.IDLE) & (intents["phase"][:-1] == Phase.PRESS)
    pairs = [(b, pressed_at) for b in range(4) for pressed_at in np.flatnonzero(pressed[:, b])]
    ticks, worlds = np.array([tick for _, tick in pairs]), np.array([b for b, _ in pairs])
    starts = np.array([np.flatnonzero(begun[:tick, b])[-1] + 1 for b, tick in pairs])
    assert len(pairs) > 50
    ends, done = intents[ticks, worlds], actions[ticks + 1, worlds]
    assert (done["button"] == Button.LEFT).all()
    error = np.hypot(ends["gesture_x"] - done["cursor_x"], ends["gesture_y"] - done["cursor_y"])
    assert np.quantile(error, 0.9) < 0.02
    # a change of mode redirects the hand half-way, so only gestures that lie within one mode tell what the mode does
    steady = np.array(
        [np.ptp(intents["mode"][s : e + 1, b]) == 0 for s, e, b in zip(starts, ticks, worlds, strict=True)]
    )
    on_minimap = np.array([PROFILE.minimap.contains(float(a["cursor_x"]), float(a["cursor_y"])) for a in done])
    modes = intents["mode"][ticks, worlds]
    assert on_minimap[steady & (modes == Mode.EXPLORE)].mean() > 0.95
    assert on_minimap[steady & (modes == Mode.FIGHT)].mean() < 0.02


@cache
def manner(style: str, num_worlds: int = 16, num_ticks: int = 3600) -> dict[str, float]:
    """How a style plays: share of boxes, distance of fights in units, hull when it breaks off, strongest victims."""
    seeds = np.arange(300, 300 + num_worlds, dtype=np.uint64)
    world, teacher = Simulator(seeds), Teacher(style, PROFILE)
    carry = teacher.start(seeds)
    kills, boxes, distances, hulls, modes, value = 0.0, 0.0, [], [], carry["mode"].copy(), 0.0
    for _ in range(num_ticks):
        records = world.observe().records
        decision = teacher.decide(world.observe(), carry)
        carry = decision.carry
        tracks, events = records["tracks"], records["events"]
        shot_at = (tracks["selected"] > 0) & (records["player"]["switches"][..., LASER] > 0)[:, None]
        distances.append(np.hypot((tracks["x"] - 0.5) * 1600, (tracks["y"] - 0.5) * 900)[shot_at])
        hulls.append(records["player"]["gauges"][..., HP][(carry["mode"] == Mode.FLEE) & (modes != Mode.FLEE)])
        modes = carry["mode"].copy()
        killing = events["kills"] > 0
        value += float(events["value"][killing].sum())
        kills, boxes = kills + float(events["kills"].sum()), boxes + float(events["loot"].sum())
        world.act(decision.action)
    return {
        "box_share": boxes / (boxes + kills),
        "distance": float(np.concatenate(distances).mean()),
        "hull": float(np.concatenate(hulls).mean()),
        "value_of_a_kill": value / kills,
    }


def test_the_styles_are_clearly_different() -> None:
    hunter, kiter, careful = manner("hunter"), manner("kiter"), manner("careful")
    assert kiter["box_share"] > careful["box_share"] > hunter["box_share"] + 0.05
    assert kiter["distance"] > careful["distance"] + 50 > hunter["distance"] + 50
    assert min(kiter["hull"], careful["hull"]) > hunter["hull"] + 0.1
    assert hunter["value_of_a_kill"] > 1.3 * careful["value_of_a_kill"]


@pytest.mark.parametrize("style", STYLES)
def test_every_style_beats_every_baseline_by_far(style: str) -> None:
    best = max(score(name) for name in BASELINES)
    assert score(style) > best + 5.0
    assert score(style) > 6.0
