"""A recording as pictures: the game, what was going on in the policies, who acted, how time was kept."""

from collections.abc import Iterator, Sequence

import numpy as np
import pygame
from jaxtyping import UInt8

from understudy.contract.action import Actor
from understudy.contract.observation import TICK_RATE_HZ
from understudy.recordings.episode import Episode
from understudy.runtime.latency_monitor import SHOWN_TICKS, lines_of, report_of
from understudy.viewer.live_view import Charge, Dashboard
from understudy.viewer.overlay import Overlay
from understudy.viewer.schematic import Sketch, is_embedded
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


class EpisodePainter:
    """Draws any tick of one episode; forward it is cheap, a jump looks back as far as the game's log shows."""

    def __init__(self, episode: Episode, size: tuple[int, int], intents: np.ndarray | None = None) -> None:
        """Args:
        episode: with at least one tick.
        size: of the pictures in pixels.
        intents: records of dtype INTENT, shape (T,), where others than the recorded ones are to be shown.
        """
        profile = episode.info.profile
        self.episode = episode
        self.timeline = Timeline(episode, size)
        self.picture_height = size[1]
        """Below it is the strip."""
        self.size = (size[0], size[1] + self.timeline.height)
        """Of the pictures with the strip under them."""
        self._picture = pygame.Surface(self.size, 0, 32)
        self._intents = episode.intents if intents is None else intents
        self._renderer, self._overlay = Renderer(profile, size), Overlay(profile, size)
        self._sketch = None if is_embedded(profile) else Sketch(profile, size)
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
            status: beside the time.
            keys: what can be pressed.
        """
        observation = self.episode.observations[tick]
        sketch = self._sketch
        surface = self._renderer.draw(self._witness(tick)) if sketch is None else sketch.draw(observation)
        if self._intents is not None:
            self._overlay.draw(surface, observation, self._intents[tick])
        actor = Actor(int(self.episode.actors[tick]))
        self._dashboard.draw(surface, Charge(actor=actor, title=TITLES[actor]), self._cadence(tick))
        self._picture.blit(surface, (0, 0))
        self._picture.blit(self.timeline.draw(tick, status, keys), (0, surface.get_height()))
        return self._picture

    def _witness(self, tick: int) -> Scene:
        """The scene of a tick, with the shots and log lines of the seconds before."""
        witness = self._renderer.witness
        if tick == self._last and self._scene is not None:
            return self._scene
        if tick != self._last + 1:
            witness = self._renderer.witness = SceneTracker()
            for before in range(max(0, tick - round(KEPT_S * TICK_RATE_HZ)), tick):
                witness.watch(self.episode.observations[before])
            for name, total in self._totals.items():
                witness.totals[name] = total[tick - 1] if tick else 0.0
        self._last, self._scene = tick, witness.watch(self.episode.observations[tick])
        return self._scene

    def _cadence(self, tick: int) -> Sequence[str]:
        """How time was kept in the ten seconds before; looked up twice a second."""
        if self.episode.timings is None:
            return ()
        step = tick // LINES_EVERY
        if step != self._lines[0]:
            stretch = self.episode.timings[max(0, tick + 1 - SHOWN_TICKS) : tick + 1]
            self._lines = (step, lines_of(report_of(stretch)))
        return self._lines[1]


def frames_of_episode(
    episode: Episode, ticks: range, size: tuple[int, int], intents: np.ndarray | None = None
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Pictures of some ticks, for a video."""
    painter = EpisodePainter(episode, size, intents)
    for tick in ticks:
        yield pixels_of(painter.draw(tick))
