import numpy as np

from understudy.evaluation.rollouts.play_counters import HABITS, PlayCounters
from understudy.evaluation.rollouts.play_style import behaviour_of, click_distance, style_distances
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher


def test_styles_differ_more_from_each_other_than_from_themselves() -> None:
    profile = load_profile("darkorbit")
    hunter, kiter = Teacher("hunter", profile), Teacher("kiter", profile)
    one, other = seeds_for(Purpose.CHOOSE, 16), seeds_for(Purpose.CHOOSE, 16, offset=16)
    distances = style_distances(
        [rollout(hunter, one, 60.0).habits, rollout(hunter, other, 60.0).habits, rollout(kiter, one, 60.0).habits]
    )
    np.testing.assert_allclose(distances, distances.T)
    assert (distances.diagonal() == 0).all()
    assert distances[0, 1] < 3.0
    assert distances[0, 2] > 2 * distances[0, 1]


def test_what_never_came_up_is_unknown_not_zero() -> None:
    nothing = behaviour_of(PlayCounters(np.zeros(2, HABITS)))
    assert np.isnan(nothing.fight_range)
    assert np.isnan(nothing.box_share)


def test_click_distance_is_the_share_of_clicks_that_would_have_to_move() -> None:
    first, second = np.zeros(1, HABITS), np.zeros(1, HABITS)
    first["clicks"][0, :2] = 5, 5
    second["clicks"][0, 1:3] = 5, 5
    assert click_distance(behaviour_of(PlayCounters(first)), behaviour_of(PlayCounters(second))) == 0.5
