from understudy.evaluation.rollouts.episode_stats import EVENT_NAMES
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.trajectory import record_trajectory
from understudy.evaluation.rollouts.vector_rollout import rollout
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher


def test_footage_shows_the_very_game_that_the_arena_judged() -> None:
    teacher = Teacher("hunter", load_profile("darkorbit"))
    seeds = seeds_for(Purpose.HOLDOUT, 1)
    trajectory = record_trajectory(teacher, int(seeds[0]), 30.0, "1-1")
    outcomes = rollout(teacher, seeds, 30.0, start_maps=["1-1"])
    assert len(trajectory.observations) == len(trajectory.actions) == len(trajectory.states) == 600
    seen = trajectory.observations.records["events"]
    last = outcomes.total("value")[0] - seen["value"].sum()
    assert seen["value"].sum() > 0
    assert 0 <= last <= 30  # only what the very last action brought is missing
    assert trajectory.states["tick"].tolist() == list(range(600))
    assert set(EVENT_NAMES) == set(seen.dtype.names)
