import numpy as np
import pygame

from tests.support.rendering_scenes import quiet_observation, scene
from understudy.worlds.simulator.engine.readings import LASER, LOADED, ROCKET
from understudy.worlds.simulator.rendering.overlay_screens import LESSONS_S, Tutorial
from understudy.worlds.simulator.rendering.scene import Scene
from understudy.worlds.simulator.rendering.text_renderer import TextRenderer

SIZE = (640, 360)


def drawn(tutorial: Tutorial, played_s: float) -> np.ndarray:
    surface = pygame.Surface(SIZE, 0, 32)
    tutorial.draw(surface, TextRenderer(SIZE[1]), played_s)
    return np.frombuffer(surface.get_buffer().raw, np.uint8)


def everything_done() -> list[Scene]:
    """Two moments in which a player has done all that the lessons name."""
    start, end = quiet_observation(), quiet_observation()
    player = end["player"]
    (
        player["vx"],
        player["switches"][..., LASER],
        player["gauges"][..., ROCKET],
        player["selectors"][..., LOADED],
        player["safe"],
    ) = 0.1, 1, 0.5, 2, 1
    end["tracks"]["selected"][0] = 1
    last = scene(end)
    last.totals["loot"] = last.totals["jumps"] = 1
    return [
        scene(start),
        Scene(observation=end, effects=last.effects, tick=9.0, totals=last.totals, goal=(100.0, 100.0)),
    ]


def test_the_lessons_are_there_for_the_first_minute_and_then_gone() -> None:
    assert drawn(Tutorial(), 1.0).any()
    assert not drawn(Tutorial(), LESSONS_S + 1).any()


def test_a_lesson_is_ticked_off_when_it_was_done() -> None:
    tutorial = Tutorial()
    before = drawn(tutorial, 1.0)
    observation = quiet_observation()
    observation["player"]["switches"][..., LASER] = 1
    tutorial.watch(scene(observation))
    assert (drawn(tutorial, 1.0) != before).any()


def test_the_lessons_go_when_all_were_done() -> None:
    tutorial = Tutorial()
    for moment in everything_done():
        assert drawn(tutorial, 1.0).any()
        tutorial.watch(moment)
    assert not drawn(tutorial, 1.0).any()


def test_a_short_flight_is_no_flight_by_the_minimap() -> None:
    tutorial = Tutorial()
    first, last = everything_done()
    near = Scene(
        observation=last.observation, effects=last.effects, tick=9.0, totals=last.totals, goal=(5100.0, 3300.0)
    )
    for moment in (first, near):
        tutorial.watch(moment)
    assert drawn(tutorial, 1.0).any(), "one lesson is left"
