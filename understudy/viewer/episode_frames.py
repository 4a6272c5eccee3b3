"""Renders a recorded episode: the game, the policies' intents, who acted, and the loop's timing.

Where the recording has pictures these are shown, with boxes around what was perceived; else the game is drawn again.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pygame
from jaxtyping import UInt8

from understudy.contract.action import Actor
from understudy.contract.intent import no_intent
from understudy.contract.observation import TICK_RATE_HZ
from understudy.recordings.episode import Episode
from understudy.recordings.video.recorded_frames import RecordedFrames
from understudy.runtime.latency_monitor import SHOWN_TICKS, lines_of, report_of
from understudy.viewer.live_view import ControlBanner, Dashboard
from understudy.viewer.overlay import Overlay
from understudy.viewer.schematic import SchematicRenderer, is_embedded
from understudy.viewer.timeline import Timeline
from understudy.worlds.simulator.rendering.renderer import Renderer, pixels_of
from understudy.worlds.simulator.rendering.scene import KEPT_S, Scene, SceneTracker

TITLES: dict[Actor, str] = {
    Actor.NOBODY: "NOTHING WAS SENT",
    Actor.PERSON: "THE PERSON PLAYED",
    Actor.POLICY: "THE UNDERSTUDY PLAYED",
    Actor.TEACHER: "THE TEACHER PLAYED",
}
LINES_EVERY = 10
NO_INTENT = no_intent(1).records[0]


class EpisodePainter:
    """Draws any tick of one episode. Consecutive ticks are cheap; a seek replays as many seconds as the log shows."""

    def __init__(
        self,
        episode: Episode,
        size: tuple[int, int],
        intents: np.ndarray | None = None,
        pictures: RecordedFrames | None = None,
    ) -> None:
        """Args:
        episode: with at least one tick.
        size: of the frames in pixels.
        intents: records of dtype INTENT, shape (T,), shown in place of the recorded ones.
        pictures: the recording's own, where it has some; the caller closes them.
        """
        profile = episode.info.profile
        self.episode = episode
        self.timeline = Timeline(episode, size)
        self.picture_height = size[1]
        """Height of the game's part in pixels; the timeline lies below it."""
        self.size = (size[0], size[1] + self.timeline.height)
        """Of the frames including the timeline, pixels."""
        self._picture = pygame.Surface(self.size, 0, 32)
        self._intents = episode.intents if intents is None else intents
        self._renderer, self._overlay = Renderer(profile, size), Overlay(profile, size)
        self._sketch = SchematicRenderer(profile, size)
        self._schematic = None if is_embedded(profile) else self._sketch
        self._pictures = pictures
        self._shot = pygame.Surface(size, 0, 32)
        self.shows_pictures = pictures is not None
        """Whether pictures are shown where there are some."""
        self._dashboard = Dashboard(size)
        events = episode.observations["events"]
        self._totals = {name: np.cumsum(events[name], dtype=np.float64) for name in events.dtype.names or ()}
        self._last = -2
        self._scene: Scene | None = None
        self._lines: tuple[int, Sequence[str]] = (-1, ())

    def draw(self, tick: int, status: str = "", keys: str = "") -> pygame.Surface:
        """Draws one tick; the surface belongs to the painter.

        Args:
            tick: 0..T-1.
            status: text beside the time.
            keys: text that lists the keys.
        """
        observation = self.episode.observations[tick]
        schematic = self._schematic
        surface = self._draw_picture(observation) if self.shows_pictures else None
        if surface is not None:
            self._overlay.draw(surface, observation, NO_INTENT if self._intents is None else self._intents[tick])
            self._sketch.draw_cursor(surface, observation)
        else:
            surface = self._renderer.draw(self._scene_of(tick)) if schematic is None else schematic.draw(observation)
            if self._intents is not None:
                self._overlay.draw(surface, observation, self._intents[tick])
        actor = Actor(int(self.episode.actors[tick]))
        self._dashboard.draw(surface, ControlBanner(actor=actor, title=TITLES[actor]), self._timing_lines(tick))
        self._picture.blit(surface, (0, 0))
        self._picture.blit(self.timeline.draw(tick, status, keys), (0, surface.get_height()))
        return self._picture

    def _draw_picture(self, observation: np.void) -> pygame.Surface | None:
        """Returns the tick's own picture; None if it has none."""
        pixels = None if self._pictures is None else self._pictures.at(float(observation["time_s"]))
        if pixels is None:
            return None
        size = self._shot.get_size()
        fitted = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        self._shot.blit(pygame.image.frombuffer(fitted.tobytes(), size, "RGB"), (0, 0))
        return self._shot

    def _scene_of(self, tick: int) -> Scene:
        """Returns the scene of a tick, with the shots and log lines of the preceding seconds."""
        tracker = self._renderer.scene_tracker
        if tick == self._last and self._scene is not None:
            return self._scene
        if tick != self._last + 1:
            tracker = self._renderer.scene_tracker = SceneTracker()
            for before in range(max(0, tick - round(KEPT_S * TICK_RATE_HZ)), tick):
                tracker.update(self.episode.observations[before])
            for name, total in self._totals.items():
                tracker.totals[name] = total[tick - 1] if tick else 0.0
        self._last, self._scene = tick, tracker.update(self.episode.observations[tick])
        return self._scene

    def _timing_lines(self, tick: int) -> Sequence[str]:
        """Returns the timing report of the preceding ten seconds; updated twice a second."""
        if self.episode.timings is None:
            return ()
        step = tick // LINES_EVERY
        if step != self._lines[0]:
            stretch = self.episode.timings[max(0, tick + 1 - SHOWN_TICKS) : tick + 1]
            self._lines = (step, lines_of(report_of(stretch)))
        return self._lines[1]


def frames_of_episode(
    episode: Episode,
    ticks: range,
    size: tuple[int, int],
    intents: np.ndarray | None = None,
    pictures: RecordedFrames | None = None,
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yields the frames of some ticks, for a video."""
    painter = EpisodePainter(episode, size, intents, pictures)
    for tick in ticks:
        yield pixels_of(painter.draw(tick))
