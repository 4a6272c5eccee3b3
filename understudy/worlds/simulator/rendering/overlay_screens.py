"""Overlays for a human player: the first minute's tutorial, the pause screen, the large map and the death screen."""

import numpy as np
import pygame

from understudy.worlds.simulator.engine.readings import LASER, LOADED, ROCKET
from understudy.worlds.simulator.rendering.hud_painter import EDGE, FAINT, TEXT, draw_map
from understudy.worlds.simulator.rendering.scene import MAP_HEIGHT, MAP_WIDTH, VIEW_HEIGHT, VIEW_WIDTH, Scene
from understudy.worlds.simulator.rendering.text_renderer import TextRenderer

LESSONS_S = 60.0
_LESSONS = (
    "Click into space to fly; hold to steer",
    "Click an alien to select it",
    "Ctrl switches the laser on and off",
    "Space fires a rocket",
    "Click a box to collect it",
    "Click the minimap to fly far",
    "1 2 3 4 choose the ammunition",
    "J in a portal changes the map",
    "The base repairs you",
)
_GOOD = (130, 240, 150)


class Tutorial:
    """A checklist of the controls; hidden when all are done, or after a minute."""

    def __init__(self) -> None:
        self._done = [False] * len(_LESSONS)
        self._first_ammo = 0
        self.hidden = False

    def watch(self, scene: Scene) -> None:
        """Marks the lessons that this scene shows as done."""
        player, totals = scene.observation["player"], scene.totals
        self._first_ammo = self._first_ammo or int(player["selectors"][LOADED])
        seen = (
            bool(np.hypot(player["vx"], player["vy"]) > 0.01),
            bool(scene.observation["tracks"]["selected"].any()),
            bool(player["switches"][LASER]),
            bool(player["gauges"][ROCKET] < 1),
            bool(totals["loot"] > 0),
            _flies_far(scene),
            int(player["selectors"][LOADED]) != self._first_ammo,
            bool(totals["jumps"] > 0),
            bool(player["safe"]),
        )
        self._done = [done or now for done, now in zip(self._done, seen, strict=True)]

    def draw(self, surface: pygame.Surface, lettering: TextRenderer, played_s: float) -> None:
        """Draws the checklist unless it is hidden or complete."""
        if self.hidden or played_s > LESSONS_S or all(self._done):
            return
        unit, width = surface.get_height() / 720, surface.get_width()
        area = pygame.Rect(width - 296 * unit, 14 * unit, 284 * unit, (48 + 21 * len(_LESSONS)) * unit)
        _plate(surface, area, 170)
        place = (area.left + 12 * unit, area.top + 16 * unit)
        lettering.write(surface, "How to play    (H hides this)", place, 14, TEXT, anchor="midleft")
        for row, (lesson, done) in enumerate(zip(_LESSONS, self._done, strict=True)):
            y = area.top + (42 + 21 * row) * unit
            dot = (area.left + 17 * unit, y)
            pygame.draw.circle(surface, _GOOD if done else FAINT, dot, 4 * unit, 0 if done else 1)
            tint = FAINT if done else TEXT
            lettering.write(surface, lesson, (area.left + 30 * unit, y), 13, tint, anchor="midleft")
        left = f"P pause   M map   {max(0.0, LESSONS_S - played_s):.0f} s"
        lettering.write(surface, left, (area.right - 10 * unit, area.bottom - 8 * unit), 11, FAINT, anchor="midright")


def _flies_far(scene: Scene) -> bool:
    """Whether the destination lies outside the window, which only a click on the minimap can do."""
    if scene.goal is None:
        return False
    away_x = abs(scene.goal[0] - float(scene.observation["player"]["x"]) * MAP_WIDTH)
    away_y = abs(scene.goal[1] - float(scene.observation["player"]["y"]) * MAP_HEIGHT)
    return away_x > VIEW_WIDTH / 2 or away_y > VIEW_HEIGHT / 2


def draw_large_map(surface: pygame.Surface, scene: Scene, lettering: TextRenderer) -> None:
    """Draws the map of the whole sector in the middle of the window."""
    width, height = surface.get_size()
    area = pygame.Rect(0, 0, round(height * 0.62 * MAP_WIDTH / MAP_HEIGHT), round(height * 0.62))
    area.center = (width // 2, round(height * 0.44))
    _plate(surface, area.inflate(24, 24), 225)
    draw_map(surface, scene, area)
    lettering.write(surface, "M closes the map", area.midbottom, 13, FAINT, anchor="midbottom")


def draw_pause(surface: pygame.Surface, scene: Scene, lettering: TextRenderer) -> None:
    """Draws the pause screen."""
    veil = pygame.Surface(surface.get_size(), pygame.SRCALPHA, 32)
    veil.fill((4, 6, 12, 150))
    surface.blit(veil, (0, 0))
    x, y, unit = surface.get_width() / 2, surface.get_height() * 0.4, surface.get_height() / 720
    lettering.write(surface, "PAUSED", (x, y), 46, (230, 240, 255), anchor="center")
    totals = scene.totals
    score = f"score {totals['value']:g}    kills {totals['kills']:.0f}    deaths {totals['deaths']:.0f}"
    lettering.write(surface, score, (x, y + 48 * unit), 18, (255, 226, 110), anchor="center")
    keys = "P or Esc plays on, Q leaves the game"
    lettering.write(surface, keys, (x, y + 82 * unit), 15, TEXT, anchor="center")


def draw_death(surface: pygame.Surface, lettering: TextRenderer) -> None:
    """Draws the message shown until the player respawns."""
    x, y, unit = surface.get_width() / 2, surface.get_height() * 0.36, surface.get_height() / 720
    lettering.write(surface, "YOUR SHIP WAS DESTROYED", (x, y), 34, (255, 90, 80), anchor="center")
    lettering.write(surface, "it will be repaired at the base", (x, y + 36 * unit), 15, TEXT, anchor="center")


def _plate(surface: pygame.Surface, area: pygame.Rect, cover: int) -> None:
    plate = pygame.Surface(area.size, pygame.SRCALPHA, 32)
    pygame.draw.rect(plate, (6, 12, 22, cover), plate.get_rect(), border_radius=8)
    pygame.draw.rect(plate, (*EDGE, 190), plate.get_rect(), 1, border_radius=8)
    surface.blit(plate, area)
