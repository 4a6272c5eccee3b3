"""A program of its own with a window of its own: a coloured square that goes where one clicks; tells what it hears.

Run as `python square_game.py TITLE WIDTH HEIGHT`. Each line on stdout is `TIME KIND DETAIL X Y`, with monotonic times.
A key b makes the window black, c brings the colours back, a click moves the square there. A key e ends the game with a
panel, and a click on its button begins it again.
"""

import sys
import time

import pygame

SQUARE = 40
PANEL, BUTTON = (200, 120, 240, 160), (260, 220, 120, 40)
"""Left, top, width and height."""
COLOUR, GROUND = (230, 60, 40), (30, 70, 110)


def main(title: str, width: int, height: int) -> None:
    pygame.display.init()
    screen = pygame.display.set_mode((width, height))
    pygame.display.set_caption(title)
    place, is_black, is_over = (width // 4, height // 2), False, False

    def tell(*words: object) -> None:
        sys.stdout.write(" ".join(map(str, (f"{time.perf_counter():.6f}", *words))) + "\n")
        sys.stdout.flush()

    def draw() -> None:
        screen.fill((0, 0, 0) if is_black else GROUND)
        if not is_black:
            pygame.draw.rect(screen, COLOUR, (place[0] - SQUARE // 2, place[1] - SQUARE // 2, SQUARE, SQUARE))
        if is_over:
            pygame.draw.rect(screen, (240, 240, 240), PANEL)
            pygame.draw.rect(screen, (40, 90, 200), BUTTON)
        pygame.display.flip()

    draw()
    tell("ready", "-", 0, 0)
    while True:
        event = pygame.event.wait(1000)
        if event.type == pygame.QUIT:
            return
        if event.type == pygame.MOUSEMOTION:
            tell("move", "-", *event.pos)
        elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
            tell("press" if event.type == pygame.MOUSEBUTTONDOWN else "release", event.button, *event.pos)
            if event.type == pygame.MOUSEBUTTONDOWN:
                if is_over:
                    is_over = not pygame.Rect(BUTTON).collidepoint(event.pos)
                else:
                    place = event.pos
                draw()
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP):
            tell("press" if event.type == pygame.KEYDOWN else "release", pygame.key.name(event.key), 0, 0)
            if event.type == pygame.KEYDOWN and event.key in (pygame.K_b, pygame.K_c, pygame.K_e):
                is_black, is_over = event.key == pygame.K_b, event.key == pygame.K_e
                draw()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
