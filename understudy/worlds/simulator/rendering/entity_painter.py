"""Draws the objects on the map: ships, boxes, portals and the base, with their bars and names."""

import math

import numpy as np
import pygame

from understudy.contract.observation import Role
from understudy.contract.profile import Profile
from understudy.worlds.simulator.engine import readings
from understudy.worlds.simulator.rendering.hud_painter import HULL, SHIELD, draw_bar
from understudy.worlds.simulator.rendering.scene import VIEW_WIDTH, Scene
from understudy.worlds.simulator.rendering.sprite_sheet import NUM_HEADINGS, SpriteSheet, surface_of
from understudy.worlds.simulator.rendering.text_renderer import TextRenderer

SHIP_SIZE = 78.0
"""Size of the player's ship, map units."""
SAFE_RADIUS = 420.0
"""Radius of a base's safe zone, map units (data/maps.toml)."""
SLOW = 0.004
"""Below this speed (window widths a second) a ship keeps its heading."""
TURN_PER_TICK = 0.35
"""Fraction of a turn that is drawn per tick; in the simulation ships turn instantly."""


class Headings:
    """Last heading of each object, so that a ship that stops keeps its direction."""

    def __init__(self) -> None:
        self._headings: dict[int, tuple[float, float]] = {}

    def heading(self, object_id: int, vx: float, vy: float, tick: float) -> float:
        """Returns the heading of an object, turning smoothly to its direction of flight.

        Args:
            object_id: 0 for the player's ship.
            vx: over ground, window widths a second.
            vy: over ground, window widths a second.
            tick: now.
        """
        drift = (object_id * 2.399963) % (2 * math.pi)
        heading, then = self._headings.get(object_id, (drift, -1.0))
        if math.hypot(vx, vy) > SLOW:
            aim = math.atan2(vy, vx)
            turn = (aim - heading + math.pi) % (2 * math.pi) - math.pi
            gone = tick - then
            share = 1.0 if then < 0 or not 0 <= gone < 40 else 1 - (1 - TURN_PER_TICK) ** gone
            heading += turn * share
        if len(self._headings) > 400:
            self._headings.clear()
        self._headings[object_id] = (heading, tick)
        return heading


class EntityPainter:
    """Draws the objects of a scene and the player's ship."""

    def __init__(self, profile: Profile, size: tuple[int, int], lettering: TextRenderer, *, labels: bool) -> None:
        self._profile = profile
        self._size = size
        self._unit = size[1] / 720
        self._lettering = lettering
        self._labels = labels
        self._sheet = SpriteSheet()
        self._headings = Headings()
        self._flames: dict[tuple[int, int], pygame.Surface] = {}

    def draw(self, surface: pygame.Surface, scene: Scene) -> None:
        """Draws portals and bases first, then boxes and ships from far to near, then the player's ship."""
        tracks = scene.observation["tracks"][scene.observation["tracks"]["id"] > 0][::-1]
        for track in tracks:
            if track["role"] in (Role.PORTAL, Role.BASE):
                self._draw_place(surface, track, scene.tick)
        for track in tracks:
            if track["role"] not in (Role.PORTAL, Role.BASE):
                self._draw_body(surface, track, scene)
        if scene.observation["player"]["alive"]:
            self._draw_ship(surface, scene)

    def _box(self, track: np.void) -> pygame.Rect:
        width, height = float(track["width"]) * self._size[0], float(track["height"]) * self._size[1]
        box = pygame.Rect(0, 0, max(4, round(width)), max(4, round(height)))
        box.center = (round(float(track["x"]) * self._size[0]), round(float(track["y"]) * self._size[1]))
        return box

    def _draw_body(self, surface: pygame.Surface, track: np.void, scene: Scene) -> None:
        box, kind = self._box(track), self._profile.kinds[int(track["kind"])]
        heading = 0.0
        if track["role"] in (Role.ENEMY, Role.PLAYER):
            player, aspect = scene.observation["player"], self._size[1] / self._size[0]
            vx, vy = float(track["vx"] + player["vx"]), float(track["vy"] + player["vy"]) * aspect
            heading = self._headings.heading(int(track["id"]), vx, vy, scene.tick)
        elif track["role"] == Role.LOOT:
            heading = int(track["id"]) * 2.4 + scene.tick * 0.03
        if track["selected"]:
            self._draw_selection(surface, box, scene.tick)
        sprite = self._sheet.sprite(kind.name, kind.role, box.width, box.height, heading)
        surface.blit(sprite, sprite.get_rect(center=box.center), special_flags=pygame.BLEND_PREMULTIPLIED)
        if self._labels and track["role"] in (Role.ENEMY, Role.PLAYER):
            self._draw_label(surface, track, box, kind.name)

    def _draw_label(self, surface: pygame.Surface, track: np.void, box: pygame.Rect, name: str) -> None:
        unit, top = self._unit, box.top - 8 * self._unit
        width = max(54 * unit, box.width * 0.8)
        shown = [
            (float(track["gauges"][reading]), tint)
            for reading, tint in ((readings.SHIELD, SHIELD), (readings.HP, HULL))
        ]
        for fraction, tint in shown:
            if not np.isnan(fraction):
                bar = pygame.Rect(box.centerx - width / 2, top - 5 * unit, width, 5 * unit)
                draw_bar(surface, bar, fraction, tint)
                top -= 6 * unit
        tint = (255, 96, 84) if track["attacking"] else (255, 190, 120) if track["selected"] else (196, 168, 160)
        text = f"-=[ {name.replace('_', ' ').title()} ]=-"
        self._lettering.write(surface, text, (box.centerx, top - 2 * unit), 13, tint, anchor="midbottom")

    def _draw_selection(self, surface: pygame.Surface, box: pygame.Rect, tick: float) -> None:
        radius = max(box.size) * 0.62 + 4 * self._unit
        pygame.draw.circle(surface, (120, 34, 30), box.center, radius, 1)
        frame = pygame.Rect(0, 0, 2 * radius, 2 * radius)
        frame.center = box.center
        for quarter in range(4):
            start = tick * 0.06 + quarter * math.pi / 2
            pygame.draw.arc(surface, (255, 74, 60), frame, start, start + 0.7, max(2, round(2.4 * self._unit)))

    def _draw_place(self, surface: pygame.Surface, track: np.void, tick: float) -> None:
        box = self._box(track)
        if track["role"] == Role.PORTAL:
            sprite = self._place("portal", box.width, box.height, int(tick * 0.8) % 8)
        else:
            radius = SAFE_RADIUS / VIEW_WIDTH * self._size[0]
            pygame.draw.circle(surface, (38, 96, 74), box.center, radius, max(1, round(2 * self._unit)))
            pygame.draw.circle(surface, (22, 52, 44), box.center, radius - 5 * self._unit, 1)
            sprite = self._place("base", box.width, box.height, 0)
        surface.blit(sprite, sprite.get_rect(center=box.center), special_flags=pygame.BLEND_PREMULTIPLIED)
        if self._labels:
            name = self._profile.kinds[int(track["kind"])].name
            text = "Portal  [J]" if name == "portal" else name.title()
            below = (box.centerx, box.bottom + 4 * self._unit)
            self._lettering.write(surface, text, below, 14, (140, 220, 255), anchor="midtop")

    def _place(self, kind: str, width: int, height: int, step: int) -> pygame.Surface:
        return self._sheet.sprite(kind, Role.OTHER, width, height, step * 2 * math.pi / NUM_HEADINGS)

    def _draw_ship(self, surface: pygame.Surface, scene: Scene) -> None:
        player, aspect = scene.observation["player"], self._size[1] / self._size[0]
        vx, vy = float(player["vx"]), float(player["vy"]) * aspect
        heading = self._headings.heading(0, vx, vy, scene.tick)
        side = round(SHIP_SIZE / VIEW_WIDTH * self._size[0])
        centre = (self._size[0] / 2, self._size[1] / 2)
        if math.hypot(vx, vy) > SLOW:
            self._draw_flames(surface, centre, heading, side, scene.tick)
        sprite = self._sheet.sprite("ship", Role.PLAYER, side, side, heading)
        surface.blit(sprite, sprite.get_rect(center=centre), special_flags=pygame.BLEND_PREMULTIPLIED)
        if self._labels:
            self._draw_ship_bars(surface, player, side)

    def _draw_ship_bars(self, surface: pygame.Surface, player: np.void, side: int) -> None:
        unit, (x, y) = self._unit, (self._size[0] / 2, self._size[1] / 2)
        for row, (reading, tint) in enumerate(((readings.HP, HULL), (readings.SHIELD, SHIELD))):
            bar = pygame.Rect(x - 33 * unit, y - side * 0.62 - (14 - 6 * row) * unit, 66 * unit, 5 * unit)
            draw_bar(surface, bar, float(player["gauges"][reading]), tint)
        below = (x, y + side * 0.62 + 2 * unit)
        self._lettering.write(surface, "You", below, 13, (150, 210, 255), anchor="midtop")

    def _draw_flames(
        self, surface: pygame.Surface, centre: tuple[float, float], heading: float, side: int, tick: float
    ) -> None:
        """Draws two flickering engine jets."""
        flicker = 0.85 + 0.15 * math.sin(tick * 2.1)
        cos, sin = math.cos(heading), math.sin(heading)
        for lane in (-0.26, 0.26):
            for puff in range(7):
                back, size = (1.0 + 0.14 * puff * flicker) * side / 2, max(2, round(side * (0.15 - 0.016 * puff)))
                across = lane * side / 2
                x, y = centre[0] - back * cos - across * sin, centre[1] - back * sin + across * cos
                glow = self._flame(size, puff)
                surface.blit(glow, (x - size, y - size), special_flags=pygame.BLEND_RGB_ADD)

    def _flame(self, radius: int, puff: int) -> pygame.Surface:
        if (radius, puff) not in self._flames:
            y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32) / radius
            fall = np.clip(1 - np.hypot(x, y), 0, 1)[..., None] ** 1.5
            hot = np.array([120, 200, 255], np.float32) * (1 - puff / 9)
            pixels = np.concatenate([(fall * hot)[..., ::-1], np.full((*x.shape, 1), 255)], axis=2).astype(np.uint8)
            self._flames[radius, puff] = surface_of(pixels)
        return self._flames[radius, puff]
