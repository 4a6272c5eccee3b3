"""Playback of a recorded episode in a window, with seeking and speed control."""

import bisect
import time
from collections.abc import Callable

import numpy as np
import pygame

from understudy.contract.errors import WorldError
from understudy.contract.observation import TICK_RATE_HZ
from understudy.recordings.episode import Episode
from understudy.recordings.video.recorded_frames import RecordedFrames
from understudy.viewer.episode_frames import EpisodePainter
from understudy.worlds.simulator.window.game_window import init_display

SEEK_S, FAR_S = 5.0, 30.0
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
KEYS = "space pause   left right 5 s   page up down 30 s   N B change or mark   up down speed   P pictures   Q leaves"


class EpisodePlayer:
    """Plays one episode in a window. Belongs to the thread that creates it."""

    def __init__(
        self,
        episode: Episode,
        size: tuple[int, int],
        intents: np.ndarray | None = None,
        pictures: RecordedFrames | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Opens the window.

        Args:
            episode: with at least one tick.
            size: of the window in pixels.
            intents: records of dtype INTENT, shape (T,), shown in place of the recorded ones.
            pictures: the recording's own, where it has some; the caller closes them.
            clock: monotonic seconds.

        Raises:
            WorldError: if there is no display.
        """
        init_display("The window", "use --video")
        try:
            self._painter = EpisodePainter(episode, size, intents, pictures)
            self._screen = pygame.display.set_mode(self._painter.size)
        except pygame.error as problem:
            raise WorldError(
                f"The window cannot be opened ({problem}): use --video where there is no display"
            ) from problem
        pygame.display.set_caption("understudy: recording")
        self._clock = clock
        self._last_tick = len(episode) - 1
        self.position = 0.0
        """In ticks."""
        self.paused, self.closed = False, False
        self.speed = 1.0

    def run(self) -> None:
        """Plays the episode until the window is closed; stops at the last tick."""
        before_s = self._clock()
        while not self.closed:
            for event in (pygame.event.wait(15), *pygame.event.get()):
                self.take_event(event)
            now_s = self._clock()
            self.advance(now_s - before_s)
            before_s = now_s
            self.show()

    def show(self) -> None:
        """Draws the tick at the present position."""
        if self.closed:
            return
        status = "paused" if self.paused else f"{self.speed:g}x"
        surface = self._painter.draw(int(self.position), status, KEYS)
        self._screen.blit(surface, (0, 0))
        pygame.display.flip()

    def advance(self, passed_s: float) -> None:
        """Advances the position by elapsed seconds, unless paused."""
        if not self.paused:
            self._go(self.position + passed_s * TICK_RATE_HZ * self.speed)

    def close(self) -> None:
        """Closes the window. May be called twice."""
        self.closed = True
        pygame.display.quit()

    def take_event(self, event: pygame.event.Event) -> None:
        """Handles one key or click."""
        if event.type in (pygame.QUIT, pygame.WINDOWCLOSE):
            self.closed = True
        elif event.type == pygame.MOUSEBUTTONDOWN and event.pos[1] >= self._painter.picture_height:
            self._go(self._painter.timeline.tick_at(event.pos[0]))
        elif event.type == pygame.KEYDOWN:
            self._take_key(event.key)

    def _take_key(self, key: int) -> None:
        steps = {
            pygame.K_LEFT: -SEEK_S,
            pygame.K_RIGHT: SEEK_S,
            pygame.K_PAGEUP: -FAR_S,
            pygame.K_PAGEDOWN: FAR_S,
            pygame.K_HOME: -np.inf,
            pygame.K_END: np.inf,
        }
        if key in steps:
            self._go(self.position + steps[key] * TICK_RATE_HZ)
        elif key in (pygame.K_q, pygame.K_ESCAPE):
            self.closed = True
        elif key == pygame.K_SPACE:
            self.paused = not self.paused
        elif key in (pygame.K_UP, pygame.K_DOWN):
            place = SPEEDS.index(self.speed) + (1 if key == pygame.K_UP else -1)
            self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]
        elif key == pygame.K_p:
            self._painter.shows_pictures = not self._painter.shows_pictures
        elif key in (pygame.K_n, pygame.K_b):
            self._go_to_stop(1 if key == pygame.K_n else -1)

    def _go_to_stop(self, way: int) -> None:
        stops, here = self._painter.timeline.stops, int(self.position)
        if way > 0:
            place = bisect.bisect_right(stops, here)
            self._go(stops[place] if place < len(stops) else self._last_tick)
        else:
            place = bisect.bisect_left(stops, here) - 1
            self._go(stops[place] if place >= 0 else 0)

    def _go(self, position: float | int) -> None:
        self.position = float(min(max(position, 0.0), self._last_tick))
