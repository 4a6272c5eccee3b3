"""Verdicts on made-up outcomes, where every figure can be said beforehand, and one on real play."""

import json
import math

import numpy as np
import pytest

from tests.support.synthetic_rollouts import LUCK, NUM_WORLDS, made_up, made_up_verdict
from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.serialization import from_json, to_json
from understudy.evaluation.comparison.compare import Entry, EntryRollouts, compare, summarise, typical_world
from understudy.evaluation.comparison.comparison_result import ComparisonResult
from understudy.evaluation.rollouts.baselines import DoNothing, Random
from understudy.evaluation.rollouts.episode_stats import EVENT_NAMES, NO_MODE
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher


def test_random_counts_as_nothing_and_the_person_as_one() -> None:
    verdict = made_up_verdict()
    assert verdict.row("random").normalised.value == 0.0
    assert verdict.row("hunter").normalised.value == 1.0
    # hunter 20 - 5 = 15, understudy 20 - 5 = 15, random -10
    assert verdict.row("hunter").score.value == pytest.approx(15.0)
    assert verdict.row("random").score.value == pytest.approx(-10.0)
    assert verdict.row("understudy").normalised.value == pytest.approx(1.0)


def test_gaps_are_paired_world_by_world() -> None:
    verdict = summarise(
        {
            "understudy": EntryRollouts(kind="policy", runs=(made_up(LUCK - 2),)),
            "hunter": EntryRollouts(kind="person", runs=(made_up(LUCK),)),
            "random": EntryRollouts(kind="baseline", runs=(made_up(0 * LUCK),)),
        },
        person="hunter",
        random="random",
    )
    gap = verdict.row("understudy").gap
    assert (gap.value, gap.low, gap.high) == pytest.approx((-2.0, -2.0, -2.0))
    score = verdict.row("understudy").score
    assert score.high - score.low > 1.0


def test_deaths_are_counted_per_hour_and_set_beside_the_persons() -> None:
    verdict = made_up_verdict()
    assert verdict.row("hunter").deaths_per_hour.value == pytest.approx(30.0)
    assert verdict.row("random").deaths_ratio.value == pytest.approx(2.0)
    immortal = verdict.row("understudy")
    assert immortal.deaths_per_hour.value == 0.0
    # no death in 32 minutes of two runs: exact Poisson bound
    assert immortal.deaths_per_hour.high == pytest.approx(-math.log(0.025) / (32 / 60))
    assert immortal.deaths_ratio.value == 0.0


def test_modes_maps_and_hits_add_up() -> None:
    verdict = made_up_verdict()
    understudy = verdict.row("understudy")
    assert [mode.time_share for mode in understudy.modes] == [0, 1, 0, 0, 0]
    assert understudy.modes[Mode.LOOT].value_per_minute == pytest.approx(15.0)
    assert verdict.row("hunter").modes == ()
    assert [place.num_worlds for place in understudy.maps] == [4, 4, 4, 4]
    assert sum(place.time_share for place in understudy.maps) == pytest.approx(1.0)
    assert understudy.hit_rate.value == 0.75
    assert len(understudy.modes) == NUM_MODES


def test_travel_is_counted_in_each_world_and_set_beside_the_persons() -> None:
    tour = made_up(LUCK)
    tour.ticks[:, :, NO_MODE] = [600, 200, 400, 0]
    tour.events[:, 1, NO_MODE, EVENT_NAMES.index("jumps")] = 2
    tour.habits.records["returns"] = 3
    tour.habits.records["idle_ticks"] = 300
    tour.habits.records["place_ticks"][:, 2, 0, 5] = 400
    stay = made_up(LUCK)
    verdict = summarise(
        {
            "understudy": EntryRollouts(kind="policy", runs=(stay, stay)),
            "hunter": EntryRollouts(kind="person", runs=(tour,)),
            "random": EntryRollouts(kind="baseline", runs=(tour,)),
        },
        person="hunter",
        random="random",
    )
    travel, maps = verdict.row("hunter").travel, verdict.row("hunter").maps
    assert travel is not None
    found = (travel.maps_visited, travel.portals_per_minute, travel.returns_per_hour, travel.idle_share)
    assert [estimate.value for estimate in found] == pytest.approx([3, 2, 180, 0.25])
    assert [place.time_share for place in maps] == pytest.approx([0.5, 1 / 6, 1 / 3, 0])
    assert maps[2].cells[5] == pytest.approx(1 / 3, abs=1e-5) and sum(maps[2].cells) == maps[2].cells[5]
    stayed = verdict.row("understudy").travel
    assert stayed is not None and stayed.maps_visited.value == 1
    assert verdict.row("random").maps[2].cells == ()


def test_a_verdict_survives_being_written_and_read() -> None:
    verdict = made_up_verdict()
    again = from_json(ComparisonResult, to_json(verdict))
    assert to_json(again) == to_json(verdict)
    assert again.row("understudy").score == verdict.row("understudy").score


def test_a_verdict_of_before_travel_was_counted_is_read() -> None:
    plain = json.loads(to_json(made_up_verdict()))
    for row in plain["rows"]:
        del row["travel"]
        for place in row["maps"]:
            del place["cells"]
    older = from_json(ComparisonResult, json.dumps(plain))
    assert older.row("hunter").travel is None and older.row("hunter").score == made_up_verdict().row("hunter").score


def test_the_typical_world_is_the_one_in_the_middle() -> None:
    shuffled = np.random.default_rng(0).permutation(LUCK)
    middle = typical_world(EntryRollouts(kind="policy", runs=(made_up(shuffled),)))
    assert shuffled[middle] == LUCK[NUM_WORLDS // 2]


def test_the_teacher_beats_chance_on_the_real_game() -> None:
    profile = load_profile("darkorbit")
    verdict = compare(
        [
            Entry(name="hunter", kind="person", pilots=(Teacher("hunter", profile),)),
            Entry(name="random", kind="baseline", pilots=(Random(profile),)),
            Entry(name="do_nothing", kind="baseline", pilots=(DoNothing(profile),)),
        ],
        seeds_for(Purpose.CHOOSE, 16),
        60.0,
        person="hunter",
        random="random",
    )
    hunter, idle = verdict.row("hunter"), verdict.row("do_nothing")
    assert hunter.score.low > 3.0
    assert hunter.kills_per_minute.low > 1.0
    assert (idle.score.value, idle.kills_per_minute.value) == (0.0, 0.0)
    assert idle.improvement.high < 0.2
    assert (verdict.purpose, verdict.num_worlds, verdict.seconds) == ("CHOOSE", 16, pytest.approx(60.0))
