import numpy as np
import pytest

from tests.support.review_moments import moment
from understudy.contract.intent import Mode
from understudy.feedback.provider import ProviderError
from understudy.feedback.rule_provider import RuleCritic


def test_low_hit_points_and_three_enemies_near_should_flee() -> None:
    opinion = RuleCritic().judge(moment(Mode.FIGHT, hp=0.23, shield=0.0, attackers=3))
    assert opinion.mode is Mode.FLEE
    assert opinion.confidence > 0.9
    assert opinion.reason == "Low HP (16%), 3 enemies nearby - should retreat"


def test_more_enemies_make_it_flee_earlier() -> None:
    alone, crowd = (moment(Mode.FIGHT, hp=0.4, shield=0.1, attackers=count) for count in (1, 3))
    assert RuleCritic().judge(alone).mode is Mode.FIGHT
    assert RuleCritic().judge(crowd).mode is Mode.FLEE


def test_a_healthy_ship_may_do_what_it_does() -> None:
    for mode in Mode:
        assert RuleCritic().judge(moment(mode, attackers=0)).mode is mode


def test_a_broken_hull_with_nobody_shooting_is_no_time_for_a_fight() -> None:
    out_there, at_home = moment(Mode.FIGHT, hp=0.1, shield=0.1), moment(Mode.FIGHT, hp=0.1, shield=0.1)
    at_home.observation["player"]["safe"] = 1
    assert RuleCritic().judge(out_there).mode is Mode.FLEE
    assert RuleCritic().judge(at_home).mode is Mode.CAUTIOUS


def test_nobody_flees_from_a_streuner_at_full_health() -> None:
    opinion = RuleCritic().judge(moment(Mode.FLEE, attackers=1, kind="streuner"))  # type: ignore[arg-type]
    assert (opinion.mode, opinion.target) == (Mode.FIGHT, 11)
    strong = RuleCritic().judge(moment(Mode.FLEE, attackers=1, kind="kristallon"))  # type: ignore[arg-type]
    assert strong.mode is Mode.FLEE


def test_it_says_nothing_where_it_cannot_see() -> None:
    with pytest.raises(ProviderError):
        RuleCritic().judge(moment(hp=np.nan))
