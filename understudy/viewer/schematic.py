"""Schematic rendering of any game's observation: a labelled box per object, readings, cursor and pressed keys.

Used for all games but the embedded one where a recording has no pictures.
"""

import numpy as np
import pygame

from understudy.contract.observation import Button, Role
from understudy.contract.profile import Profile
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.rendering.text_renderer import Colour, TextRenderer

_SPACE: Colour = (22, 28, 38)
_PANEL: Colour = (38, 46, 60)
_TEXT: Colour = (206, 216, 230)
_PRESSED: Colour = (255, 240, 150)
_ROLES: dict[Role, Colour] = {
    Role.ENEMY: (150, 66, 58),
    Role.LOOT: (150, 132, 56),
    Role.PLAYER: (62, 116, 170),
    Role.PORTAL: (60, 120, 150),
    Role.BASE: (60, 130, 96),
}
_OTHER: Colour = (90, 100, 116)


def is_embedded(profile: Profile) -> bool:
    """Returns whether a profile is the embedded game's (name, kinds and maps), so that its renderer can draw it."""
    embedded = load_profile()
    return (profile.name, profile.maps, profile.kinds) == (embedded.name, embedded.maps, embedded.kinds)


class SchematicRenderer:
    """Draws observations of one game at one size; the next call overwrites the surface."""

    def __init__(self, profile: Profile, size: tuple[int, int]) -> None:
        """Args: `size`, of the frames in pixels, with the aspect of the game's window."""
        self._profile, self._size = profile, size
        self._unit = size[1] / 720
        self._lettering = TextRenderer(size[1])
        self._surface = pygame.Surface(size, 0, 32)

    def draw(self, observation: np.void) -> pygame.Surface:
        """Draws one record of dtype OBSERVATION; unknown readings (NaN) are left out."""
        surface = self._surface
        surface.fill(_SPACE)
        for part in self._profile.panels:
            pygame.draw.rect(surface, _PANEL, self._box(part.left, part.top, part.width, part.height))
        for track in observation["tracks"][observation["tracks"]["id"] > 0][::-1]:  # the nearest on top
            self._draw_track(track)
        self._write_readings(observation)
        self.draw_cursor(surface, observation)
        return surface

    def _box(self, left: float, top: float, width: float, height: float) -> pygame.Rect:
        across, down = self._size
        return pygame.Rect(round(left * across), round(top * down), round(width * across), round(height * down))

    def _draw_track(self, track: np.void) -> None:
        x, y, width, height = (float(track[name]) for name in ("x", "y", "width", "height"))
        box = self._box(x - width / 2, y - height / 2, width, height)
        colour = _ROLES.get(Role(int(track["role"])), _OTHER)
        pygame.draw.rect(self._surface, colour, box)
        pygame.draw.rect(self._surface, _TEXT, box, 3 if track["selected"] else 1)
        name = f"{self._profile.kinds[int(track['kind'])].name} {int(track['id'])}"
        if not np.isnan(track["gauges"][0]):
            name += f" {float(track['gauges'][0]):.0%}"
        self._lettering.write(self._surface, name, box.midbottom, 13, _TEXT, anchor="midtop")

    def _write_readings(self, observation: np.void) -> None:
        player, events = observation["player"], observation["events"]
        gauges = ((self._profile.gauges[place], player["gauges"][place]) for place in self._profile.health_places)
        words = [f"{gauge.name} {float(value):.0%}" for gauge, value in gauges if value == value]
        words += [f"{name} {events[name]:g}" for name in ("kills", "loot", "hits", "deaths") if events[name] > 0]
        held = [name for bit, name in enumerate(self._profile.keys) if int(observation["keys"]) >> bit & 1]
        place = (10 * self._unit, self._size[1] - 10 * self._unit - 18 * self._unit)
        self._lettering.write(self._surface, "   ".join(words + held), place, 15, _TEXT)

    def draw_cursor(self, surface: pygame.Surface, observation: np.void) -> None:
        """Draws cursor and pressed button over a frame of this renderer's size."""
        place = (float(observation["cursor_x"]) * self._size[0], float(observation["cursor_y"]) * self._size[1])
        arm = 9 * self._unit
        if observation["button"] != Button.NONE:
            pygame.draw.circle(surface, _PRESSED, place, 1.5 * arm, max(2, round(3 * self._unit)))
        for dx, dy in ((arm, 0), (0, arm)):
            ends = (place[0] - dx, place[1] - dy), (place[0] + dx, place[1] + dy)
            pygame.draw.line(surface, (255, 255, 255), *ends, 2)
