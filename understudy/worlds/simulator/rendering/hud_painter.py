"""Draws the HUD: the player's bars and score, the log, weapons, and the minimap.

The panels lie in the profile's rectangles, in this order: bars, log, weapons, minimap frame; a profile without panels
shows the minimap alone.
"""

import numpy as np
import pygame

from understudy.contract.observation import TICK_S, Role
from understudy.contract.profile import Profile, Rectangle
from understudy.worlds.simulator.engine import readings
from understudy.worlds.simulator.engine.state import Effect
from understudy.worlds.simulator.rendering.effect_painter import LASER_COLOURS
from understudy.worlds.simulator.rendering.scene import KEPT_S, MAP_HEIGHT, MAP_WIDTH, VIEW_HEIGHT, VIEW_WIDTH, Scene
from understudy.worlds.simulator.rendering.text_renderer import Colour, TextRenderer

HULL, SHIELD, ROCKET = (70, 220, 110), (70, 160, 255), (255, 176, 70)
TEXT, FAINT, EDGE = (206, 222, 238), (122, 140, 160), (60, 110, 150)
LOW_HULL = 0.3
NUM_LOG_LINES = 7
_ROLE_DOTS: dict[Role, Colour] = {Role.ENEMY: (240, 70, 60), Role.LOOT: (240, 210, 80), Role.PLAYER: (110, 200, 255)}
AMMO_NAMES = ("LCB-10", "MCB-25", "MCB-50", "UCB-100")


def log_line(effect: np.void, profile: Profile) -> tuple[str, Colour] | None:
    """Returns the text and colour of the log line for one effect; None for effects that are not logged."""
    kind, amount = int(effect["kind"]), float(effect["amount"])
    name = profile.kinds[kind].name.replace("_", " ") if 0 <= kind < len(profile.kinds) else "it"
    lines: dict[Effect, tuple[str, Colour]] = {
        Effect.LASER_HIT: (f"You hit {name}: {amount:.0f}", TEXT),
        Effect.LASER_MISS: (f"You miss {name}", FAINT),
        Effect.ROCKET_HIT: (f"Rocket hits {name}: {amount:.0f}", ROCKET),
        Effect.ROCKET_MISS: (f"Rocket misses {name}", FAINT),
        Effect.ALIEN_HIT: (f"{name.capitalize()} hits you: {amount:.0f}", (255, 120, 110)),
        Effect.KILL: (f"{name.capitalize()} destroyed: +{amount:g}", (140, 255, 150)),
        Effect.LOOT: (f"{name.capitalize()} collected: +{amount:g}", (255, 224, 110)),
        Effect.DEATH: ("Your ship was destroyed", (255, 70, 70)),
        Effect.JUMP: ("Jump through the portal", (120, 210, 255)),
        Effect.RESPAWN: ("Repaired at the base", (120, 210, 255)),
    }
    return lines.get(Effect(int(effect["effect"])))


class HudPainter:
    """Draws the panels of one profile at one window size."""

    def __init__(self, profile: Profile, size: tuple[int, int], lettering: TextRenderer) -> None:
        self._profile = profile
        self._size = size
        self._lettering = lettering
        self._unit = size[1] / 720
        self._glass = [(rectangle, _glass(_pixels(rectangle, size))) for rectangle in profile.panels]

    def draw(self, surface: pygame.Surface, scene: Scene) -> None:
        """Draws all panels."""
        for rectangle, glass in self._glass:
            surface.blit(glass, _pixels(rectangle, self._size).topleft)
        if len(self._glass) >= 4:
            self._draw_bars(surface, scene, _pixels(self._profile.panels[0], self._size))
            self._draw_log(surface, scene, _pixels(self._profile.panels[1], self._size))
            self._draw_weapons(surface, scene, _pixels(self._profile.panels[2], self._size))
        self._draw_minimap(surface, scene, _pixels(self._profile.minimap, self._size))

    def _draw_bars(self, surface: pygame.Surface, scene: Scene, area: pygame.Rect) -> None:
        unit, player = self._unit, scene.observation["player"]
        for row, (name, colour, reading) in enumerate(
            (("HULL", HULL, readings.HP), ("SHIELD", SHIELD, readings.SHIELD))
        ):
            fraction = float(player["gauges"][reading])
            top = area.top + (10 + 25 * row) * unit
            alarm = reading == readings.HP and fraction < LOW_HULL and int(scene.tick / 6) % 2 == 0
            self._lettering.write(surface, name, (area.left + 10 * unit, top + 9 * unit), 13, TEXT, anchor="midleft")
            bar = pygame.Rect(area.left + 68 * unit, top, area.width - 80 * unit, 18 * unit)
            draw_bar(surface, bar, fraction, (255, 70, 60) if alarm else colour)
            text = "?" if np.isnan(fraction) else f"{100 * fraction:.0f} %"
            self._lettering.write(surface, text, bar.center, 12, (255, 255, 255), anchor="center")
        totals, base = scene.totals, area.top + 76 * unit
        self._lettering.write(surface, "SCORE", (area.left + 10 * unit, base), 12, FAINT, anchor="midleft")
        score = f"{totals['value']:g}"
        self._lettering.write(surface, score, (area.left + 68 * unit, base), 24, (255, 226, 110), anchor="midleft")
        counts = f"kills {totals['kills']:.0f}   boxes {totals['loot']:.0f}   deaths {totals['deaths']:.0f}"
        place = (area.left + 10 * unit, area.bottom - 12 * unit)
        self._lettering.write(surface, counts, place, 12, TEXT, anchor="midleft")

    def _draw_log(self, surface: pygame.Surface, scene: Scene, area: pygame.Rect) -> None:
        rows = 0
        for effect in scene.effects[::-1]:
            age_s = (scene.tick - float(effect["tick"])) * TICK_S
            line = log_line(effect, self._profile)
            if line is None or not 0 <= age_s < KEPT_S:
                continue
            place = (area.left + 10 * self._unit, area.bottom - (16 + 20 * rows) * self._unit)
            alpha = 255 if rows == 0 else round(235 * min(1.0, 2 * (1 - age_s / KEPT_S)))
            self._lettering.write(surface, line[0], place, 13, line[1], anchor="midleft", alpha=alpha)
            rows += 1
            if rows == NUM_LOG_LINES:
                return

    def _draw_weapons(self, surface: pygame.Surface, scene: Scene, area: pygame.Rect) -> None:
        unit, player = self._unit, scene.observation["player"]
        laser_on, ready = bool(player["switches"][readings.LASER]), float(player["gauges"][readings.ROCKET])
        cells = area.width / 6
        kind = int(player["selectors"][readings.LOADED])
        colour = LASER_COLOURS[(kind - 1) % 4]
        self._cell(surface, area, 0, cells, "Ctrl", "LASER", colour if laser_on else FAINT, 1.0 if laser_on else 0.0)
        self._cell(surface, area, 1, cells, "Space", "ROCKET", ROCKET if ready >= 1 else FAINT, ready)
        for index in range(4):
            left, name = float(player["gauges"][readings.AMMO + index]), AMMO_NAMES[index]
            tint = LASER_COLOURS[index] if left > 0 else FAINT
            self._cell(surface, area, 2 + index, cells, str(index + 1), name, tint, left)
            if kind == index + 1:
                box = pygame.Rect(
                    area.left + cells * (2 + index) + 3 * unit, area.top + 4 * unit, cells - 6 * unit, 46 * unit
                )
                pygame.draw.rect(surface, tint, box, 2, border_radius=4)

    def _cell(
        self,
        surface: pygame.Surface,
        area: pygame.Rect,
        index: int,
        width: float,
        key: str,
        name: str,
        tint: Colour,
        full: float,
    ) -> None:
        unit, centre = self._unit, area.left + width * (index + 0.5)
        self._lettering.write(surface, key, (centre, area.top + 14 * unit), 12, FAINT, anchor="center")
        self._lettering.write(surface, name, (centre, area.top + 28 * unit), 13, tint, anchor="center")
        bar = pygame.Rect(centre - width * 0.38, area.top + 39 * unit, width * 0.76, 6 * unit)
        draw_bar(surface, bar, full, tint)

    def _draw_minimap(self, surface: pygame.Surface, scene: Scene, area: pygame.Rect) -> None:
        observation, unit = scene.observation, self._unit
        draw_map(surface, scene, area)
        index = int(observation["player"]["map_index"])
        name = self._profile.maps[index] if 0 <= index < len(self._profile.maps) else "?"
        x, y = observation["player"]["x"] * MAP_WIDTH / 100, observation["player"]["y"] * MAP_HEIGHT / 100
        title = f"Map {name}    {x:.0f} / {y:.0f}"
        self._lettering.write(surface, title, (area.left + 2 * unit, area.top - 11 * unit), 13, TEXT, anchor="midleft")


def draw_map(surface: pygame.Surface, scene: Scene, area: pygame.Rect) -> None:
    """Draws the whole map into an area: landmarks, visible objects, the window's outline, the flight path, the ship."""
    observation, player = scene.observation, scene.observation["player"]
    unit = max(1.0, area.height / 190)
    pygame.draw.rect(surface, (5, 10, 18), area)
    for part in range(1, 6):
        x, y = area.left + area.width * part // 6, area.top + area.height * part // 6
        pygame.draw.line(surface, (16, 28, 42), (x, area.top), (x, area.bottom - 1))
        pygame.draw.line(surface, (16, 28, 42), (area.left, y), (area.right - 1, y))
    for mark in observation["landmarks"]:
        place = (area.left + float(mark["x"]) * area.width, area.top + float(mark["y"]) * area.height)
        if mark["role"] == Role.PORTAL:
            pygame.draw.circle(surface, (90, 190, 255), place, 5 * unit, max(1, round(2 * unit)))
        elif mark["role"] == Role.BASE:
            pygame.draw.circle(surface, (90, 230, 150), place, 8 * unit, 1)
            pygame.draw.circle(surface, (90, 230, 150), place, 3 * unit)
    here = (area.left + float(player["x"]) * area.width, area.top + float(player["y"]) * area.height)
    span = np.array([area.width * VIEW_WIDTH / MAP_WIDTH, area.height * VIEW_HEIGHT / MAP_HEIGHT])
    for track in observation["tracks"][observation["tracks"]["id"] > 0]:
        tint = _ROLE_DOTS.get(Role(int(track["role"])))
        if tint is not None:
            spot = np.array(here) + (np.array([track["x"], track["y"]]) - 0.5) * span
            pygame.draw.circle(surface, tint, spot.tolist(), 1.6 * unit)
    view = pygame.Rect(0, 0, round(span[0]), round(span[1]))
    view.center = (round(here[0]), round(here[1]))
    pygame.draw.rect(surface, (70, 96, 120), view.clip(area), 1)
    if scene.goal is not None:
        goal = (area.left + scene.goal[0] / MAP_WIDTH * area.width, area.top + scene.goal[1] / MAP_HEIGHT * area.height)
        pygame.draw.aaline(surface, (150, 170, 90), here, goal)
        pygame.draw.circle(surface, (220, 240, 120), goal, 3 * unit, 1)
    pygame.draw.circle(surface, (255, 255, 255), here, 2.6 * unit)
    pygame.draw.rect(surface, EDGE, area, 1)


def draw_bar(surface: pygame.Surface, area: pygame.Rect, fraction: float, colour: Colour) -> None:
    """Draws a bar filled to a fraction; NaN is drawn empty."""
    pygame.draw.rect(surface, (14, 20, 28), area)
    if fraction > 0:
        pygame.draw.rect(surface, colour, (area.left, area.top, round(area.width * min(1.0, fraction)), area.height))
        shade = tuple(channel * 3 // 5 for channel in colour)
        low = area.top + area.height * 2 // 3
        pygame.draw.rect(surface, shade, (area.left, low, round(area.width * min(1.0, fraction)), area.bottom - low))
    pygame.draw.rect(surface, (50, 64, 80), area, 1)


def _pixels(rectangle: Rectangle, size: tuple[int, int]) -> pygame.Rect:
    left, top = round(rectangle.left * size[0]), round(rectangle.top * size[1])
    right = round((rectangle.left + rectangle.width) * size[0])
    bottom = round((rectangle.top + rectangle.height) * size[1])
    return pygame.Rect(left, top, right - left, bottom - top)


def _glass(area: pygame.Rect) -> pygame.Surface:
    """Returns a dark translucent panel with a thin border."""
    plate = pygame.Surface(area.size, pygame.SRCALPHA, 32)
    pygame.draw.rect(plate, (8, 14, 24, 190), plate.get_rect(), border_radius=6)
    pygame.draw.rect(plate, (*EDGE, 170), plate.get_rect(), 1, border_radius=6)
    return plate
