"""The game that a person plays during shadow learning: the embedded game's window, or one on the screen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.cli.live.run import Run
    from understudy.contract.protocols import Pilot
    from understudy.worlds.desktop.human_operator import DesktopOperator
    from understudy.worlds.desktop.world import DesktopWorld
    from understudy.worlds.simulator.window.game_window import GameWindow
    from understudy.worlds.simulator.window.human_operator import WindowOperator

MOST_BEHIND = 10
"""Maximum lag of the embedded game in ticks on a busy machine; it catches up, so that each tick has its action."""


@dataclass(frozen=True, kw_only=True)
class HumanGame:
    """A game played by a person; no input is sent to it."""

    world: "GameWindow | DesktopWorld"
    person: "Pilot"
    seat: "WindowOperator | DesktopOperator"
    size: tuple[int, int]
    """Width and height of the window in pixels."""
    desktop_size: Callable[[], tuple[int, int]]
    has_focus: Callable[[], bool]

    def show(self, lines: Callable[[], Sequence[str]]) -> None:
        """Draws lines over the embedded game; a game on the screen gets no overlay, its lines are on the terminal."""
        from understudy.viewer.shadow_view import ShadowView
        from understudy.worlds.simulator.window.human_operator import WindowOperator

        if isinstance(self.seat, WindowOperator):
            self.seat.paint = ShadowView(self.size, lines).draw


def open_place(command: "Run", notify: Callable[[str], None]) -> HumanGame:
    """Opens the embedded game's window, or finds the game on the screen.

    Raises:
        WorldError: if there is no display or no such window.
        CheckpointError: if there are no weights for the detector.
    """
    from understudy.cli.live.desktop import desktop_choice

    choice = desktop_choice(command)
    if choice is None:
        return _embedded(command)
    from understudy.cli.live.desktop import open_screen
    from understudy.worlds.desktop.human_operator import DesktopHumanPilot

    world, seat = open_screen(choice, sends=False, notify=notify)
    screen = world.place.desktop
    return HumanGame(
        world=world,
        person=DesktopHumanPilot(world, seat),
        seat=seat,
        size=(world.area.width, world.area.height),
        desktop_size=lambda: (screen.width, screen.height),
        has_focus=lambda: world.place.has_focus,
    )


def _embedded(command: "Run") -> HumanGame:
    import pygame

    from understudy.worlds.simulator.window.game_window import GameWindow
    from understudy.worlds.simulator.window.human_operator import HumanPilot, WindowOperator

    window = GameWindow(command.seed, command.map, command.size, most_behind=MOST_BEHIND)

    def desktop_size() -> tuple[int, int]:
        desktops = pygame.display.get_desktop_sizes()
        return max(width for width, _ in desktops), max(height for _, height in desktops)

    return HumanGame(
        world=window,
        person=HumanPilot(window),
        seat=WindowOperator(window),
        size=command.size,
        desktop_size=desktop_size,
        has_focus=pygame.key.get_focused,
    )
