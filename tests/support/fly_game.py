"""A game that knows nothing of understudy: a frog walks to where one right-clicks, and eats the flies that it touches.

400 x 300 pixels over dotted ground: small flies that flap and wander, a wasp that stings, an upright bar of health at
the right that is nearly always full, and a log of plain text that never says what was eaten. Run as
`python -m tests.support.fly_game TITLE [LOOK]` it has a window of its own, and says on stdout where its things are.
"""

import json
import sys
import time
from dataclasses import dataclass, field

import cv2
import numpy as np

WIDTH, HEIGHT = 400, 300
BAR = (384, 40, 8, 180)
"""Left, top, width, height."""
LOG_TOP = 272
GREEN = (70, 190, 80)
NUM_FLIES = 6
WALK, REACH = 260.0, 13.0
"""The frog's speed in pixels a second, and the distance at which it eats, pixels."""
LINES = ("The pond lies still.", "A leaf drifts past.", "Somewhere a duck.", "The reeds rustle.", "It smells of rain.")

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Look:
    """Colours of one variant of the game."""

    ground: RGB = (172, 158, 118)
    dot: RGB = (140, 128, 92)
    body: RGB | None = (24, 20, 26)
    """Of the flies; without one each fly has a colour of its own."""
    wing: RGB | None = (214, 216, 222)
    """Flies without wings are all body."""


LOOKS = {
    "sand": Look(),
    "grass": Look(ground=(74, 112, 58), dot=(58, 92, 46), wing=None),
    "moss": Look(ground=(52, 78, 60), dot=(40, 62, 48), body=(20, 20, 22), wing=(70, 74, 84)),
    "snow": Look(ground=(226, 230, 238), dot=(206, 212, 226), body=(28, 22, 20), wing=None),
    "ink": Look(ground=(74, 112, 58), dot=(58, 92, 46), body=(6, 6, 6), wing=(30, 30, 34)),
    "red": Look(ground=(74, 112, 58), dot=(58, 92, 46), body=(176, 40, 34), wing=None),
    "any": Look(ground=(74, 112, 58), dot=(58, 92, 46), body=None, wing=None),
}


@dataclass
class Fly:
    """One fly, or the wasp."""

    place: np.ndarray
    velocity: np.ndarray
    body: RGB
    is_wasp: bool = False


@dataclass
class FlyGame:
    """The game; `step` lets time pass, `frame` draws it."""

    seed: int = 0
    look: Look = field(default_factory=Look)
    time_s: float = 0.0
    eaten: int = 0
    health: float = 1.0
    frog: np.ndarray = field(default_factory=lambda: np.array([200.0, 150.0]))
    goal: np.ndarray = field(default_factory=lambda: np.array([200.0, 150.0]))
    flies: list[Fly] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self._ground = ground(self.look)
        self.flies = [self._new_fly() for _ in range(NUM_FLIES)] + [self._new_fly(is_wasp=True)]
        self.log = list(LINES[:2])

    def right_click(self, x: float, y: float) -> None:
        """Sends the frog to a place, pixels."""
        self.goal = np.array([x, y], float)

    def step(self, step_s: float) -> None:
        """Lets time pass."""
        self.time_s += step_s
        way = self.goal - self.frog
        self.frog = self.frog + way * min(1.0, WALK * step_s / max(1e-6, float(np.hypot(*way))))
        self.health = min(1.0, self.health + 0.06 * step_s)
        for number, fly in enumerate(self.flies):
            fly.velocity += self._random.normal(0, 60 * step_s**0.5, 2)
            fly.velocity *= min(1.0, (50.0 if fly.is_wasp else 34.0) / max(1e-6, float(np.hypot(*fly.velocity))))
            fly.place = fly.place + fly.velocity * step_s
            for axis, (low, high) in enumerate(((14, 372), (14, 258))):
                if not low <= fly.place[axis] <= high:
                    fly.velocity[axis] *= -1
                    fly.place[axis] = np.clip(fly.place[axis], low, high)
            if np.hypot(*(fly.place - self.frog)) < REACH:
                self.eaten += not fly.is_wasp
                self.health = max(0.0, self.health - 0.35 * fly.is_wasp)
                self.flies[number] = self._new_fly(is_wasp=fly.is_wasp)
        if self._random.random() < step_s / 7:
            self.log = [*self.log[-1:], LINES[int(self._random.integers(len(LINES)))]]

    def frame(self) -> np.ndarray:
        """The window as it is now, RGB."""
        picture = self._ground.copy()
        for fly in self.flies:
            _draw_fly(picture, fly, self.time_s, self.look.wing)
        _draw_frog(picture, self.frog)
        left, top, width, height = BAR
        cv2.rectangle(picture, (left - 2, top - 2), (left + width + 1, top + height + 1), (60, 50, 40), -1)
        empty = round(height * (1 - self.health))
        cv2.rectangle(picture, (left, top), (left + width - 1, top + height - 1), (40, 30, 26), -1)
        if empty < height:
            cv2.rectangle(picture, (left, top + empty), (left + width - 1, top + height - 1), GREEN, -1)
        picture[LOG_TOP:] = (52, 46, 38)
        for row, words in enumerate(self.log):
            cv2.putText(picture, words, (6, LOG_TOP + 11 + 12 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.33, (220, 214, 196))
        return picture

    def _new_fly(self, *, is_wasp: bool = False) -> Fly:
        place = self._random.uniform((20, 20), (366, 252))
        while np.hypot(*(place - self.frog)) < 60:
            place = self._random.uniform((20, 20), (366, 252))
        red, green, blue = self._random.integers(20, 200, 3).tolist()
        body = self.look.body or (red, green, blue)
        return Fly(place, self._random.normal(0, 20, 2), (226, 180, 30) if is_wasp else body, is_wasp)


def ground(look: Look) -> np.ndarray:
    """One colour with dots."""
    picture = np.full((HEIGHT, WIDTH, 3), look.ground, np.uint8)
    for x, y in np.random.default_rng(3).uniform(0, 1, (900, 2)) * (WIDTH, HEIGHT):
        cv2.circle(picture, (int(x), int(y)), 1, look.dot, -1)
    return picture


def _draw_fly(picture: np.ndarray, fly: Fly, time_s: float, wing: RGB | None) -> None:
    x, y = (round(each) for each in fly.place.tolist())
    angle = float(np.degrees(np.arctan2(fly.velocity[1], fly.velocity[0])))
    spread = 5 if int(time_s * 12) % 2 else 3
    for side in (-1, 1) if wing is not None else ():
        cv2.ellipse(picture, (x, y + side * 3), (3, spread), angle, 0, 360, wing, -1)
    cv2.ellipse(picture, (x, y), (7, 4) if fly.is_wasp else (6, 3), angle, 0, 360, fly.body, -1)
    head = (x + round(5 * np.cos(np.radians(angle))), y + round(5 * np.sin(np.radians(angle))))
    cv2.circle(picture, head, 2, (30, 24, 20) if fly.is_wasp else (120, 30, 24), -1)
    if fly.is_wasp:
        cv2.circle(picture, (x, y), 2, (20, 20, 20), -1)


def _draw_frog(picture: np.ndarray, frog: np.ndarray) -> None:
    x, y = (round(each) for each in frog.tolist())
    cv2.ellipse(picture, (x, y), (12, 10), 0, 0, 360, (60, 140, 50), -1)
    for side in (-5, 5):
        cv2.circle(picture, (x + side, y - 8), 4, (230, 230, 210), -1)
        cv2.circle(picture, (x + side, y - 8), 2, (10, 10, 10), -1)


def main(title: str, look: str) -> None:
    """The window; a line of JSON on stdout each twentieth of a second."""
    import pygame

    pygame.display.init()
    screen = pygame.display.set_mode((WIDTH, HEIGHT))
    pygame.display.set_caption(title)
    game, began_s, told = FlyGame(int(time.time()), LOOKS[look]), time.perf_counter(), -1
    while True:
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                return
            if event.type == pygame.MOUSEBUTTONDOWN and event.button == 3:
                game.right_click(*event.pos)
        passed_s = time.perf_counter() - began_s - game.time_s
        if passed_s > 0:
            game.step(min(passed_s, 0.1))
            began_s += max(0.0, passed_s - 0.1)
        screen.blit(pygame.image.frombytes(game.frame().tobytes(), (WIDTH, HEIGHT), "RGB"), (0, 0))
        pygame.display.flip()
        if int(game.time_s * 20) != told:
            told = int(game.time_s * 20)
            flies = [[*fly.place.tolist(), *fly.velocity.tolist()] for fly in game.flies if not fly.is_wasp]
            state = {"eaten": game.eaten, "flies": flies, "frog": game.frog.tolist(), "health": game.health}
            sys.stdout.write(json.dumps(state) + "\n")
            sys.stdout.flush()
        time.sleep(1 / 60)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "sand")
