from dataclasses import replace

import numpy as np
import pytest

from understudy.contract.action import ACTION
from understudy.contract.protocols import Pilot
from understudy.policies.click_semantics import classify_click, geometry_of
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.demonstration_noise import (
    ALL_HARDSHIPS,
    HARDSHIPS,
    DemonstrationNoise,
    IdleMinutes,
    MenusAndChat,
    TwoStyles,
    hardships_named,
)
from understudy.worlds.simulator.teacher.noisy_teacher import NoisyTeacher, in_spell, period_of
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

SEEDS = np.array([3, 1, 4], np.uint64)
MINUTE = 1200
BUSY = DemonstrationNoise(
    idle_minutes=IdleMinutes(every_minutes=0.5, minutes=0.2),
    menus_and_chat=MenusAndChat(every_minutes=0.5, minutes=0.2),
)


def play(pilot: Pilot, seeds: np.ndarray = SEEDS, num_ticks: int = MINUTE) -> np.ndarray:
    """What the pilot did, records of shape (T, B)."""
    world, carry = Simulator(seeds), pilot.start(seeds)
    done = np.empty((num_ticks, len(seeds)), ACTION)
    for tick in range(num_ticks):
        decision = pilot.decide(world.observe(), carry)
        carry = decision.carry
        done[tick] = decision.action.records
        world.act(decision.action)
    return done


def test_without_hardships_it_is_the_teacher_to_the_last_bit() -> None:
    profile = load_profile()
    assert (
        play(NoisyTeacher("kiter", profile, DemonstrationNoise())).tobytes()
        == play(Teacher("kiter", profile)).tobytes()
    )


@pytest.mark.parametrize("name", [name for name in HARDSHIPS if name != "other_window"])
def test_every_hardship_changes_the_play(name: str) -> None:
    profile = load_profile()
    hard = play(NoisyTeacher("hunter", profile, hardships_named((name,))), num_ticks=5 * MINUTE)
    assert hard.tobytes() != play(Teacher("hunter", profile), num_ticks=5 * MINUTE).tobytes()


def test_the_same_seeds_give_the_same_play_whichever_worlds_are_played_beside() -> None:
    pilot = NoisyTeacher("hunter", load_profile(), replace(ALL_HARDSHIPS, idle_minutes=BUSY.idle_minutes))
    assert play(pilot).tobytes() == play(pilot).tobytes()
    assert play(pilot)[:, 1].tobytes() == play(pilot, SEEDS[1:2])[:, 0].tobytes()


def test_its_actions_are_sound() -> None:
    profile = load_profile()
    done = play(NoisyTeacher("hunter", profile, BUSY))
    for axis in ("cursor_x", "cursor_y"):
        assert ((done[axis] >= 0) & (done[axis] <= 1)).all()
    assert (done["keys"] < 1 << len(profile.keys)).all()


def test_who_is_away_rests_hands_and_goes_on_where_it_was() -> None:
    pilot = NoisyTeacher(
        "hunter", load_profile(), DemonstrationNoise(idle_minutes=IdleMinutes(every_minutes=1.0, minutes=0.5))
    )
    world, carry = Simulator(SEEDS), pilot.start(SEEDS)
    away = np.zeros((2 * MINUTE, len(SEEDS)), bool)
    for tick in range(len(away)):
        before = carry.teacher["tick"].copy()
        seen = world.observe().copy()
        decision = pilot.decide(world.observe(), carry)
        away[tick] = carry.away
        rests = decision.action.records[carry.away]
        assert (rests["button"] == 0).all()
        assert (rests["keys"] == 0).all()
        assert (rests["cursor_x"] == seen.records["cursor_x"][carry.away]).all()
        assert (carry.teacher["tick"] - before == ~carry.away).all()
        world.act(decision.action)
    assert 0.35 < away.mean() < 0.65


def test_menus_and_chat_click_on_panels_and_type_and_do_nothing_else() -> None:
    profile = load_profile()
    chat = DemonstrationNoise(menus_and_chat=MenusAndChat(every_minutes=1.0, minutes=1.0))
    pilot = NoisyTeacher("hunter", profile, chat)
    world, carry, geometry = Simulator(SEEDS), pilot.start(SEEDS), geometry_of(profile)
    panel_clicks, typed = 0, 0
    for _ in range(MINUTE):
        seen = world.observe().copy()
        action = pilot.decide(world.observe(), carry).action
        for b in np.flatnonzero(carry.away & (action.records["button"] > 0) & (seen.records["button"] == 0)):
            x, y = float(action.records["cursor_x"][b]), float(action.records["cursor_y"][b])
            on_panel = any(panel.contains(x, y) for panel in profile.panels)
            assert on_panel
            panel_clicks += int(classify_click(seen.records[b], geometry, x, y)[0] == 0)
        typed += int((carry.away & (action.records["keys"] & ~seen.records["keys"] > 0)).sum())
        world.act(action)
    assert panel_clicks > 10
    assert typed > 60


def test_a_spell_takes_its_share_of_the_time_and_begins_elsewhere_in_each_world() -> None:
    seeds = np.arange(50, dtype=np.uint64)
    carry = NoisyTeacher("hunter", load_profile(), DemonstrationNoise()).start(seeds)
    inside = np.zeros((600, len(seeds)), bool)
    for row in range(len(inside)):
        carry.tick = row * 100
        inside[row] = in_spell(carry, 3, every_minutes=5.0, minutes=1.0)
    assert inside.mean() == pytest.approx(0.2, abs=0.02)
    assert len({column.tobytes() for column in inside.T}) == len(seeds)


def test_two_styles_take_turns_of_the_length_that_was_asked_for() -> None:
    carry = NoisyTeacher("hunter", load_profile(), DemonstrationNoise()).start(SEEDS)
    turns = []
    for tick in range(0, 10 * MINUTE, 20):
        carry.tick = tick
        turns.append(period_of(carry, 5, 2.0)[0][0])
    assert set(np.bincount(turns)[1:-1].tolist()) == {120}


def test_the_second_style_may_be_named() -> None:
    profile = load_profile()
    kiter = DemonstrationNoise(two_styles=TwoStyles(every_minutes=1.0, other="kiter"))
    itself = DemonstrationNoise(two_styles=TwoStyles(every_minutes=1.0, other="hunter"))
    plain = play(Teacher("hunter", profile), num_ticks=2 * MINUTE).tobytes()
    assert play(NoisyTeacher("hunter", profile, itself), num_ticks=2 * MINUTE).tobytes() == plain
    assert play(NoisyTeacher("hunter", profile, kiter), num_ticks=2 * MINUTE).tobytes() != plain
