"""The person's touch and the three keys of the seat, felt through a real window."""

from collections.abc import Iterator

import numpy as np
import pygame
import pytest

from understudy.contract.action import Action, idle_action
from understudy.contract.observation import TICK_S, Button
from understudy.worlds.simulator.window.game_window import GameWindow, WindowPlugin
from understudy.worlds.simulator.window.human_operator import CHOICE_S, MARK, WRONG, WindowOperator

SIZE = (320, 180)


class Clock:
    """Goes on by 2 ms whenever it is asked."""

    now_s = 100.0

    def __call__(self) -> float:
        self.now_s += 0.002
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def window(clock: Clock) -> Iterator[GameWindow]:
    window = GameWindow(3, "1-1", SIZE, clock=clock)
    pygame.event.clear()
    yield window
    window.close()


@pytest.fixture
def seat(window: GameWindow, clock: Clock) -> WindowOperator:
    return WindowOperator(window, clock)


def post(kind: int, **fields: object) -> None:
    pygame.event.post(pygame.event.Event(kind, fields))


def pass_tick(window: GameWindow, seat: WindowOperator) -> Action:
    """One tick in which the person does what was posted."""
    seat.wait_tick()
    action = seat.end_tick()
    window.act(action)
    return action


def test_it_is_the_companion_of_its_window(window: GameWindow, seat: WindowOperator) -> None:
    assert isinstance(seat, WindowPlugin)
    assert window.companion is seat


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (pygame.MOUSEMOTION, {"pos": (20, 20), "rel": (1, 0), "buttons": (0, 0, 0)}),
        (pygame.MOUSEBUTTONDOWN, {"pos": (20, 20), "button": 1}),
        (pygame.KEYDOWN, {"key": pygame.K_SPACE}),
    ],
    ids=["mouse", "button", "key"],
)
def test_mouse_button_and_key_are_a_touch(
    window: GameWindow, seat: WindowOperator, kind: int, fields: dict[str, object]
) -> None:
    pass_tick(window, seat)
    assert seat.touched_s == float("-inf")
    began_s = float(window.observe().records["time_s"][0])
    post(kind, **fields)
    pass_tick(window, seat)
    assert began_s <= seat.touched_s <= began_s + TICK_S + 0.02


def test_what_the_desktop_reports_by_itself_is_no_touch(window: GameWindow, seat: WindowOperator) -> None:
    post(pygame.MOUSEMOTION, pos=(160, 90), rel=(0, 0), buttons=(0, 0, 0))
    post(pygame.KEYDOWN, key=pygame.K_m)
    post(pygame.MOUSEWHEEL, x=0, y=1)
    pass_tick(window, seat)
    assert seat.touched_s == float("-inf")


def test_what_is_down_is_held_until_it_comes_up_or_the_window_loses_the_focus(
    window: GameWindow, seat: WindowOperator
) -> None:
    held = []
    for kind, fields in (
        (pygame.MOUSEBUTTONDOWN, {"pos": (20, 20), "button": 1}),
        (pygame.KEYDOWN, {"key": pygame.K_1}),
        (pygame.MOUSEBUTTONUP, {"pos": (20, 20), "button": 1}),
        (pygame.KEYUP, {"key": pygame.K_1}),
        (pygame.KEYDOWN, {"key": pygame.K_1}),
        (pygame.WINDOWFOCUSLOST, {}),
    ):
        post(kind, **fields)
        pass_tick(window, seat)
        held.append(seat.holding)
    assert held == [True, True, True, False, True, False]


def test_f2_marks_the_moment_among_the_inputs_and_is_no_touch(window: GameWindow, clock: Clock) -> None:
    heard: list[str] = []
    seat = WindowOperator(window, clock, on_mark=lambda: heard.append("wrong"))
    post(pygame.KEYDOWN, key=pygame.K_F2)
    post(pygame.KEYUP, key=pygame.K_F2)
    post(pygame.MOUSEBUTTONDOWN, pos=(20, 20), button=3)
    action = pass_tick(window, seat)
    assert [(event.kind, event.code) for event in seat.take_inputs()] == [(MARK, WRONG), ("press", "right")]
    assert seat.take_inputs() == ()
    assert heard == ["wrong"]
    assert action.records["button"][0] == Button.RIGHT


def press(window: GameWindow, seat: WindowOperator, key: int) -> int:
    """Presses a key for a moment; the game's keys that were down in this tick or the next."""
    post(pygame.KEYDOWN, key=key)
    post(pygame.KEYUP, key=key)
    return int(pass_tick(window, seat).records["keys"][0] | pass_tick(window, seat).records["keys"][0])


def test_a_number_soon_after_f2_is_an_answer_and_no_touch(window: GameWindow, seat: WindowOperator) -> None:
    chosen: list[int] = []
    seat.choose = chosen.append
    press(window, seat, pygame.K_F2)
    assert press(window, seat, pygame.K_3) == 0, "the game hears nothing of it"
    assert chosen == [2]
    assert seat.touched_s == float("-inf") and not seat.holding


def test_a_number_that_nobody_asked_for_is_the_games(window: GameWindow, seat: WindowOperator) -> None:
    chosen: list[int] = []
    assert press(window, seat, pygame.K_3) != 0
    press(window, seat, pygame.K_F2)
    assert press(window, seat, pygame.K_3) != 0, "nobody listens"
    seat.choose = chosen.append
    seat.marked_s -= CHOICE_S
    assert press(window, seat, pygame.K_3) != 0, "too late"
    assert chosen == []


def test_f1_pauses_and_goes_on_and_touches_in_the_pause_do_not_count(window: GameWindow, seat: WindowOperator) -> None:
    post(pygame.KEYDOWN, key=pygame.K_F1)
    window._take_events(0)
    assert window.paused
    post(pygame.MOUSEBUTTONDOWN, pos=(20, 20), button=1)
    post(pygame.MOUSEBUTTONUP, pos=(20, 20), button=1)
    window._take_events(0)
    assert seat.touched_s == float("-inf") and not seat.holding
    post(pygame.KEYDOWN, key=pygame.K_F1)
    pass_tick(window, seat)
    assert not window.paused


def test_f3_stops(window: GameWindow, seat: WindowOperator) -> None:
    post(pygame.KEYDOWN, key=pygame.K_F3)
    pass_tick(window, seat)
    assert window.closed


def test_the_policy_leads_the_drawn_cursor_until_the_person_touches(
    window: GameWindow, seat: WindowOperator, clock: Clock
) -> None:
    assert seat.cursor(0.5) is None
    seat.lead_cursor((0.2, 0.4), (0.4, 0.8))
    assert seat.cursor(0.5) == pytest.approx((0.3, 0.6))
    post(pygame.MOUSEMOTION, pos=(20, 20), rel=(4, 0), buttons=(0, 0, 0))
    seat.wait_tick()
    assert seat.cursor(0.5) is None, "at once, in the same tick"


def test_the_seat_paints_over_every_picture(window: GameWindow, seat: WindowOperator) -> None:
    painted: list[tuple[int, int]] = []
    seat.paint = lambda surface, scene: painted.append(surface.get_size())
    window.act(idle_action(window.observe()))
    assert painted
    assert set(painted) == {SIZE}


def test_a_led_cursor_is_where_the_picture_shows_it(window: GameWindow, seat: WindowOperator) -> None:
    def brightness(place: tuple[int, int]) -> float:
        window._draw(window._clock())
        screen = pygame.display.get_surface()
        assert screen is not None
        return float(np.mean(screen.get_at((place[0] + 1, place[1] + 2))[:3]))

    dark = brightness((80, 130))
    seat.lead_cursor((0.25, 130 / 180), (0.25, 130 / 180))
    assert brightness((80, 130)) > max(150.0, dark)
