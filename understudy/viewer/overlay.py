"""Draws a pilot's intent over the game: boxes of the tracks, mode and target probabilities, and the planned gesture."""

import numpy as np
import pygame

from understudy.contract.intent import Mode, Phase
from understudy.contract.observation import Role
from understudy.contract.profile import Profile
from understudy.worlds.simulator.rendering.text_renderer import Colour, TextRenderer

MODE_COLOURS: dict[Mode, Colour] = {
    Mode.FIGHT: (255, 96, 80),
    Mode.LOOT: (255, 214, 84),
    Mode.FLEE: (255, 120, 240),
    Mode.EXPLORE: (96, 200, 255),
    Mode.CAUTIOUS: (150, 240, 150),
}
_ROLES: dict[Role, Colour] = {Role.ENEMY: (190, 80, 70), Role.LOOT: (190, 165, 70), Role.PLAYER: (80, 150, 220)}
_OTHER: Colour = (110, 130, 150)
_GESTURE: Colour = (120, 255, 220)
SHOWN_PROBABILITY = 0.02
"""Targets below this probability get no number."""


class Overlay:
    """Draws intents over frames of one size. Without an intent (mode -1) it draws the boxes alone."""

    def __init__(self, profile: Profile, size: tuple[int, int]) -> None:
        self._profile = profile
        self._size = size
        self._unit = size[1] / 720
        self._lettering = TextRenderer(size[1])

    def draw(self, surface: pygame.Surface, observation: np.void, intent: np.void, caption: str = "") -> None:
        """Draws over a frame of the observation.

        Args:
            surface: the frame, of this overlay's size.
            observation: one record of dtype OBSERVATION.
            intent: one record of dtype INTENT.
            caption: text at the top, such as who plays.
        """
        for slot in np.flatnonzero(observation["tracks"]["id"] > 0):
            track, share = observation["tracks"][slot], float(intent["target_probabilities"][slot])
            self._draw_track(surface, track, share, chosen=int(track["id"]) == int(intent["target_id"]))
        if intent["mode"] >= 0:
            self._draw_gesture(surface, observation, intent)
            self._draw_modes(surface, intent)
        if caption:
            place = (self._size[0] / 2, 12 * self._unit)
            self._lettering.write(surface, caption, place, 18, (236, 244, 255), anchor="midtop")

    def _draw_track(self, surface: pygame.Surface, track: np.void, share: float, *, chosen: bool) -> None:
        width, height = float(track["width"]) * self._size[0], float(track["height"]) * self._size[1]
        box = pygame.Rect(0, 0, round(width), round(height))
        box.center = (round(float(track["x"]) * self._size[0]), round(float(track["y"]) * self._size[1]))
        tint = _ROLES.get(Role(int(track["role"])), _OTHER)
        if share > SHOWN_PROBABILITY:
            light = min(1.0, 0.35 + share)
            tint = (round(255 * light), round(236 * light), round(140 * light))
        corner = max(5, round(0.22 * min(box.size)))
        for x, dx in ((box.left, corner), (box.right - 1, -corner)):
            for y, dy in ((box.top, corner), (box.bottom - 1, -corner)):
                thick = 3 if chosen else 1
                pygame.draw.line(surface, tint, (x, y), (x + dx, y), thick)
                pygame.draw.line(surface, tint, (x, y), (x, y + dy), thick)
        if share > SHOWN_PROBABILITY:
            self._lettering.write(surface, f"{100 * share:.0f} %", (box.right + 3, box.top), 13, tint)

    def _draw_gesture(self, surface: pygame.Surface, observation: np.void, intent: np.void) -> None:
        phase = Phase(int(intent["phase"]))
        if phase is Phase.IDLE:
            return
        cursor = (float(observation["cursor_x"]) * self._size[0], float(observation["cursor_y"]) * self._size[1])
        end = (float(intent["gesture_x"]) * self._size[0], float(intent["gesture_y"]) * self._size[1])
        pygame.draw.aaline(surface, _GESTURE, cursor, end)
        pygame.draw.circle(surface, _GESTURE, end, 9 * self._unit, 0 if phase is Phase.PRESS else 2)
        below = (end[0], end[1] + 12 * self._unit)
        self._lettering.write(surface, phase.name.lower(), below, 12, _GESTURE, anchor="midtop")

    def _draw_modes(self, surface: pygame.Surface, intent: np.void) -> None:
        """Draws one probability bar per mode, under the player's own bars."""
        unit, chosen = self._unit, Mode(int(intent["mode"]))
        area = pygame.Rect(0, round(0.165 * self._size[1]), round(0.2 * self._size[0]), round(132 * unit))
        plate = pygame.Surface(area.size, pygame.SRCALPHA, 32)
        plate.fill((8, 14, 24, 190))
        surface.blit(plate, area)
        for row, mode in enumerate(Mode):
            top, share = area.top + (8 + 24 * row) * unit, float(intent["mode_probabilities"][mode])
            tint = MODE_COLOURS[mode]
            name_tint = tint if mode is chosen else _OTHER
            self._lettering.write(
                surface, mode.name, (area.left + 10 * unit, top + 8 * unit), 13, name_tint, anchor="midleft"
            )
            width = area.width - 128 * unit
            bar = pygame.Rect(area.left + 86 * unit, top, width * min(1.0, max(0.0, share)), 16 * unit)
            pygame.draw.rect(surface, tint if mode is chosen else tuple(channel // 2 for channel in tint), bar)
            place = (area.right - 6 * unit, top + 8 * unit)
            self._lettering.write(surface, f"{100 * share:.0f} %", place, 12, name_tint, anchor="midright")
