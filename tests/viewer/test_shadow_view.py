import numpy as np
import pygame

from understudy.viewer.shadow_view import ShadowView
from understudy.worlds.simulator.rendering.renderer import pixels_of
from understudy.worlds.simulator.rendering.scene import scene_of
from understudy.worlds.simulator.world import Simulator

SIZE = (640, 360)


def test_the_lines_stand_on_a_plate_at_the_left_and_leave_the_game_free() -> None:
    world = Simulator(np.array([3], np.uint64), "1-1")
    surface = pygame.Surface(SIZE, 0, 32)
    surface.fill((90, 90, 90))
    lines = ("SHADOW: you play, it learns", "would click as you: 61% of 90, before 55%", "12 updates")
    ShadowView(SIZE, lambda: lines).draw(surface, scene_of(world.states[0], world.observe().records[0]))
    changed = (pixels_of(surface) != 90).any(axis=-1)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert columns[0] == 0 and columns[-1] < 0.4 * SIZE[0]
    assert rows[0] > 0.15 * SIZE[1] and rows[-1] < 0.35 * SIZE[1]
    bright = (pixels_of(surface) > 150).any(axis=-1)
    assert bright.sum() > 100, "text"
