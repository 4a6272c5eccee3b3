"""Who sits beside the person at the game's window: hears keys first, moves the drawn cursor, draws over the game."""

from typing import Protocol, runtime_checkable

import pygame

from understudy.worlds.simulator.scene import Scene


@runtime_checkable
class Companion(Protocol):
    """Called by the window's own thread, up to 60 times a second: must not block."""

    def take_event(self, event: pygame.event.Event, time_s: float) -> bool:
        """Hears an event before the game does; true keeps it from the game."""
        ...

    def cursor(self, share: float) -> tuple[float, float] | None:
        """Where the cursor is to be drawn, window fractions; None for where the person's mouse is.

        Args:
            share: of the tick that has gone by, 0..1.
        """
        ...

    def draw(self, surface: pygame.Surface, scene: Scene) -> None:
        """Draws over a picture of the game."""
        ...
