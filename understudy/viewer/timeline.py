"""The timeline under an episode in playback: who acted when, marks, and the present position."""

import numpy as np
import pygame

from understudy.contract.action import Actor
from understudy.recordings.episode import Episode
from understudy.viewer.live_view import COLOURS
from understudy.worlds.simulator.rendering.text_renderer import TextRenderer

MARK = "mark"
_MARKED = (255, 90, 80)
_HERE = (255, 255, 255)


class Timeline:
    """A strip as wide as the frames, for one episode; its bar is painted once."""

    def __init__(self, episode: Episode, size: tuple[int, int]) -> None:
        """Paints the bar.

        Args:
            episode: with at least one tick.
            size: of the frames above it, pixels.
        """
        assert len(episode) > 0
        unit = size[1] / 720
        self.height = 2 * round(22 * unit)
        """Of the strip, pixels; even, as video encoders require."""
        self.area = pygame.Rect(0, 0, round(0.97 * size[0]), max(6, round(12 * unit)))
        self.area.midbottom = (size[0] // 2, self.height - round(7 * unit))
        self.stops = stops_of(episode)
        """Ticks to seek to: changes of the actor, and marks."""
        self._num_ticks = len(episode)
        self._lettering = TextRenderer(size[1])
        self._strip = pygame.Surface((size[0], self.height), 0, 32)
        self._bar = self._paint(episode)
        self._seconds = episode.observations["time_s"] - episode.observations["time_s"][0]

    def draw(self, tick: int, status: str = "", keys: str = "") -> pygame.Surface:
        """Draws the strip with a needle at a tick, the time, status and keys; the surface belongs to the timeline."""
        strip = self._strip
        strip.fill((10, 15, 24))
        strip.blit(self._bar, self.area)
        x = self.area.left + round(tick / max(1, self._num_ticks - 1) * (self.area.width - 1))
        pygame.draw.line(strip, _HERE, (x, self.area.top - 3), (x, self.area.bottom + 2), 2)
        text = f"{clock_of(float(self._seconds[tick]))} of {clock_of(float(self._seconds[-1]))}   {status}"
        y = self.area.top / 2
        self._lettering.write(strip, text, (self.area.left, y), 13, (232, 240, 250), anchor="midleft")
        if keys:
            self._lettering.write(strip, keys, (self.area.right, y), 12, (150, 165, 185), anchor="midright")
        return strip

    def tick_at(self, x: float | int) -> int:
        """Returns the tick at a horizontal position of the bar, pixels."""
        share = min(1.0, max(0.0, (x - self.area.left) / max(1, self.area.width - 1)))
        return round(share * (self._num_ticks - 1))

    def _paint(self, episode: Episode) -> pygame.Surface:
        bar = pygame.Surface(self.area.size, 0, 32)
        ticks = np.linspace(0, len(episode) - 1, self.area.width).round().astype(int)
        for x, tick in enumerate(ticks):
            colour = COLOURS[Actor(int(episode.actors[tick]))]
            pygame.draw.line(bar, tuple(channel * 2 // 3 for channel in colour), (x, 0), (x, self.area.height))
        for tick in marked_ticks(episode):
            x = round(tick / max(1, len(episode) - 1) * (self.area.width - 1))
            pygame.draw.line(bar, _MARKED, (x, 0), (x, self.area.height), 3)
        return bar


def marked_ticks(episode: Episode) -> list[int]:
    """Returns the ticks with a mark."""
    times = episode.observations["time_s"]
    marks = [event.time_s for event in episode.inputs if event.kind == MARK]
    return sorted({max(0, int(np.searchsorted(times, time_s, side="right")) - 1) for time_s in marks})


def stops_of(episode: Episode) -> list[int]:
    """Returns the ticks at which the actor changes, and the marked ticks, sorted."""
    changes = np.flatnonzero(np.diff(episode.actors)) + 1
    return sorted({*changes.tolist(), *marked_ticks(episode)})


def clock_of(seconds: float) -> str:
    """Formats seconds as m:ss.s."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}.{int(10 * (seconds % 1))}"
