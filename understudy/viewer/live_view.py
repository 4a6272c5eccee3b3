"""What lies over the game while an understudy plays live: who is in charge, what it is up to, how it keeps its time.

Who is in charge cannot be overlooked: a frame around the whole window and a banner have the colour of the one who
acts, blue for the understudy, orange for the person, grey where nothing is sent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pygame

from understudy.contract.action import Actor
from understudy.contract.profile import Profile
from understudy.runtime.shared_control import TickSnapshot
from understudy.viewer.overlay import Overlay
from understudy.worlds.simulator.rendering.scene import Scene
from understudy.worlds.simulator.rendering.text_renderer import Colour, TextRenderer

COLOURS: dict[Actor, Colour] = {
    Actor.POLICY: (70, 160, 255),
    Actor.PERSON: (255, 160, 50),
    Actor.NOBODY: (160, 168, 180),
    Actor.TEACHER: (150, 220, 130),
}
_TEXT: Colour = (232, 240, 250)
_FAINT: Colour = (150, 165, 185)


@dataclass(frozen=True, kw_only=True)
class Charge:
    """Who acts, in words for the banner."""

    actor: Actor
    title: str
    hint: str = ""
    waiting: float = 0.0
    """Share of the time until the understudy plays again, 0..1."""


def charge_of(
    actor: Actor, hands_back_s: float = 0.0, handback_delay_s: float = 1.5, *, test_mode: bool = False
) -> Charge:
    """The banner of a live session.

    Args:
        actor: who acts.
        hands_back_s: seconds until the understudy plays again.
        hand_back_s: of how many.
        test_mode: nothing of the understudy is sent.
    """
    waiting = min(1.0, hands_back_s / handback_delay_s)
    if actor is Actor.PERSON:
        next_ = "watches again" if test_mode else "plays again"
        hint = f"let go: the understudy {next_} in {hands_back_s:.1f} s"
        return Charge(actor=actor, title="YOU PLAY", hint=hint, waiting=waiting)
    if test_mode:
        hint = "decides, and sends nothing; you can play"
        return Charge(actor=Actor.NOBODY, title="TEST MODE: THE UNDERSTUDY ONLY WATCHES", hint=hint)
    hint = "touch mouse or keyboard to take over    F1 pause   F2 that was wrong   F3 stop"
    return Charge(actor=actor, title="THE UNDERSTUDY PLAYS", hint=hint)


class Dashboard:
    """Frame, banner and cadence over a picture of one size."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._unit = size[1] / 720
        self._lettering = TextRenderer(size[1])

    def draw(self, surface: pygame.Surface, charge: Charge, lines: Sequence[str]) -> None:
        """Draws over a picture.

        Args:
            surface: of this dashboard's size.
            charge: who acts.
            lines: the cadence, under the bars of the modes.
        """
        colour = COLOURS[charge.actor]
        pygame.draw.rect(surface, colour, surface.get_rect(), max(3, round(5 * self._unit)))
        self._draw_banner(surface, charge, colour)
        self._draw_lines(surface, lines)

    def notice(self, surface: pygame.Surface, text: str) -> None:
        """Writes one line into the middle of the picture's upper half."""
        place = (self._size[0] / 2, 0.2 * self._size[1])
        self._lettering.write(surface, text, place, 22, (255, 226, 110), anchor="center")

    def mouse(self, surface: pygame.Surface, x: float, y: float) -> None:
        """Shows where the person's own mouse rests while the understudy moves the cursor (window fractions)."""
        place = (x * self._size[0], y * self._size[1])
        pygame.draw.circle(surface, COLOURS[Actor.PERSON], place, 9 * self._unit, max(1, round(2 * self._unit)))
        below = (place[0], place[1] + 11 * self._unit)
        self._lettering.write(surface, "your mouse", below, 11, COLOURS[Actor.PERSON], anchor="midtop")

    def _draw_banner(self, surface: pygame.Surface, charge: Charge, colour: Colour) -> None:
        unit, middle = self._unit, self._size[0] / 2
        width = self._lettering.line(charge.title, 20, (8, 12, 20)).get_width() + 40 * unit
        if charge.hint:
            width = max(width, self._lettering.line(charge.hint, 13, _TEXT).get_width() + 40 * unit)
        plate = pygame.Rect(0, 0, round(width), round((54 if charge.hint else 32) * unit))
        plate.midtop = (round(middle), 0)
        shade = pygame.Surface(plate.size, pygame.SRCALPHA, 32)
        shade.fill((8, 14, 24, 215))
        surface.blit(shade, plate)
        pygame.draw.rect(surface, colour, (plate.left, plate.top, plate.width, 32 * unit))
        self._lettering.write(surface, charge.title, (middle, 16 * unit), 20, (8, 12, 20), anchor="center")
        if charge.hint:
            self._lettering.write(surface, charge.hint, (middle, 42 * unit), 13, _TEXT, anchor="center")
        if charge.waiting > 0:
            bar = pygame.Rect(plate.left, plate.bottom, round(plate.width * charge.waiting), max(2, round(4 * unit)))
            pygame.draw.rect(surface, colour, bar)

    def _draw_lines(self, surface: pygame.Surface, lines: Sequence[str]) -> None:
        if not lines:
            return
        unit = self._unit
        area = pygame.Rect(0, 0, round(0.2 * self._size[0]), round((8 + 17 * len(lines)) * unit))
        area.top = round(0.165 * self._size[1] + 138 * unit)
        plate = pygame.Surface(area.size, pygame.SRCALPHA, 32)
        plate.fill((8, 14, 24, 190))
        surface.blit(plate, area)
        for row, line in enumerate(lines):
            place = (area.left + 10 * unit, area.top + (12 + 17 * row) * unit)
            self._lettering.write(surface, line, place, 11, _FAINT, anchor="midleft")


@dataclass(frozen=True, kw_only=True)
class LiveFacts:
    """Where a live view looks for what it shows; each is asked once a picture and must not block."""

    lines: Callable[[], Sequence[str]]
    """The cadence, a few short lines."""
    mouse: Callable[[], tuple[float, float]]
    """Where the person's own mouse is, window fractions."""
    notice: Callable[[], str]
    """What has just happened; empty for nothing."""


class LiveView:
    """Draws what is going on over each picture of a live game. Belongs to the window's thread."""

    def __init__(
        self,
        profile: Profile,
        size: tuple[int, int],
        facts: LiveFacts,
        *,
        handback_delay_s: float = 1.5,
        test_mode: bool = False,
    ) -> None:
        """Args:
        profile: of the game.
        size: of the pictures.
        facts: what is shown beside the moment.
        hand_back_s: how long the person has to let go.
        test_mode: nothing of the understudy is sent.
        """
        self._overlay, self._dashboard = Overlay(profile, size), Dashboard(size)
        self._facts, self._hand_back_s, self._test_mode = facts, handback_delay_s, test_mode
        self._moment: TickSnapshot | None = None

    def show(self, moment: TickSnapshot) -> None:
        """This is what is to be drawn from now on."""
        self._moment = moment

    def draw(self, surface: pygame.Surface, scene: Scene) -> None:
        """Draws over a picture of the game."""
        moment = self._moment
        if moment is None:
            return
        self._overlay.draw(surface, scene.observation, moment.intent.records[0])
        if moment.actor is not Actor.PERSON:
            self._dashboard.mouse(surface, *self._facts.mouse())
        charge = charge_of(moment.actor, moment.hands_back_s, self._hand_back_s, test_mode=self._test_mode)
        self._dashboard.draw(surface, charge, self._facts.lines())
        notice = self._facts.notice()
        if notice:
            self._dashboard.notice(surface, notice)
