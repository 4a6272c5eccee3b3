"""Verdicts on made-up outcomes, where every figure can be said beforehand, and one on real play."""

import math

import numpy as np
import pytest

from tests.support.synthetic_rollouts import LUCK, NUM_WORLDS, made_up, made_up_verdict
from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.serialization import from_json, to_json
from understudy.evaluation.comparison.compare import Entry, EntryRollouts, compare, summarise, typical_world
from understudy.evaluation.comparison.comparison_result import ComparisonResult
from understudy.evaluation.rollouts.baselines import DoNothing, Random
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


def test_a_verdict_survives_being_written_and_read() -> None:
    verdict = made_up_verdict()
    again = from_json(ComparisonResult, to_json(verdict))
    assert to_json(again) == to_json(verdict)
    assert again.row("understudy").score == verdict.row("understudy").score


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
