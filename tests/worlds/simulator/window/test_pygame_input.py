import numpy as np
import pygame
import pytest

from tests.support.rendering_scenes import PROFILE
from understudy.contract.observation import Button
from understudy.worlds.simulator.window.pygame_input import PygameInput, key_codes

SIZE = (1000, 500)


@pytest.fixture
def hands() -> PygameInput:
    pygame.display.init()
    return PygameInput(PROFILE, SIZE, key_codes(PROFILE))


def move(x: int, y: int) -> pygame.event.Event:
    return pygame.event.Event(pygame.MOUSEMOTION, pos=(x, y), rel=(0, 0), buttons=(0, 0, 0))


def press(x: int, y: int, button: int = pygame.BUTTON_LEFT) -> pygame.event.Event:
    return pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(x, y), button=button)


def release(x: int, y: int, button: int = pygame.BUTTON_LEFT) -> pygame.event.Event:
    return pygame.event.Event(pygame.MOUSEBUTTONUP, pos=(x, y), button=button)


def key(code: int, *, down: bool) -> pygame.event.Event:
    return pygame.event.Event(pygame.KEYDOWN if down else pygame.KEYUP, key=code)


def feel(hands: PygameInput, *events: pygame.event.Event) -> None:
    for number, event in enumerate(events):
        hands.take_event(event, float(number))


def test_the_cursor_of_a_tick_is_where_it_was_at_its_end_in_fractions_of_the_window(hands: PygameInput) -> None:
    feel(hands, move(10, 10), move(250, 125))
    action = hands.end_tick().records[0]
    assert action["cursor_x"] == pytest.approx(0.25, abs=0.001)
    assert action["cursor_y"] == pytest.approx(0.25, abs=0.002)


def test_a_click_shorter_than_a_tick_counts_in_that_tick_and_only_there(hands: PygameInput) -> None:
    feel(hands, press(500, 250), release(500, 250))
    assert [hands.end_tick().records[0]["button"] for _ in range(2)] == [Button.LEFT, Button.NONE]


def test_a_click_counts_where_the_button_fell_though_the_cursor_went_on(hands: PygameInput) -> None:
    feel(hands, press(100, 100), release(100, 100), move(900, 400))
    places = [float(hands.end_tick().records[0]["cursor_x"]) for _ in range(2)]
    assert places == pytest.approx([0.1, 0.9], abs=0.001)


def test_a_held_button_stays_down_until_it_is_released(hands: PygameInput) -> None:
    feel(hands, press(500, 250))
    held = [hands.end_tick().records[0]["button"] for _ in range(3)]
    feel(hands, release(500, 250))
    assert [*held, hands.end_tick().records[0]["button"]] == [Button.LEFT] * 3 + [Button.NONE]


def test_a_double_click_faster_than_the_ticks_is_still_two_clicks(hands: PygameInput) -> None:
    feel(hands, press(500, 250))
    buttons = [hands.end_tick().records[0]["button"]]
    feel(hands, release(500, 250), press(700, 250), release(700, 250))
    actions = [hands.end_tick().records[0] for _ in range(3)]
    assert buttons + [action["button"] for action in actions] == [Button.LEFT, Button.NONE, Button.LEFT, Button.NONE]
    assert actions[1]["cursor_x"] == pytest.approx(0.7, abs=0.001)


def test_clicks_that_pile_up_in_one_tick_are_played_one_after_another(hands: PygameInput) -> None:
    """A busy machine hands them over all at once."""
    for x in (100, 200, 300):
        feel(hands, press(x, 50), release(x, 50))
    actions = [hands.end_tick().records[0] for _ in range(6)]
    assert [action["button"] for action in actions] == [Button.LEFT, Button.NONE] * 3
    assert [float(action["cursor_x"]) for action in actions[::2]] == pytest.approx([0.1, 0.2, 0.3], abs=0.001)


def test_the_right_button_is_told_from_the_left(hands: PygameInput) -> None:
    feel(hands, press(500, 250, pygame.BUTTON_RIGHT), release(500, 250, pygame.BUTTON_RIGHT))
    assert hands.end_tick().records[0]["button"] == Button.RIGHT


def test_the_wheel_is_no_click(hands: PygameInput) -> None:
    feel(hands, press(500, 250, pygame.BUTTON_WHEELUP))
    assert hands.end_tick().records[0]["button"] == Button.NONE
    assert hands.take_inputs() == ()


@pytest.mark.parametrize("code", [pygame.K_LCTRL, pygame.K_RCTRL])
def test_both_ctrl_keys_are_the_profiles_ctrl(hands: PygameInput, code: int) -> None:
    feel(hands, key(code, down=True), key(code, down=False))
    assert [hands.end_tick().records[0]["keys"] for _ in range(2)] == [PROFILE.key_bit("ctrl"), 0]


@pytest.mark.parametrize(("code", "name"), [(pygame.K_SPACE, "space"), (pygame.K_3, "3"), (pygame.K_j, "j")])
def test_each_key_has_its_own_bit(hands: PygameInput, code: int, name: str) -> None:
    feel(hands, key(code, down=True))
    assert hands.end_tick().records[0]["keys"] == PROFILE.key_bit(name)


def test_keys_that_the_game_does_not_know_are_neither_played_nor_noted(hands: PygameInput) -> None:
    feel(hands, key(pygame.K_x, down=True))
    assert hands.end_tick().records[0]["keys"] == 0
    assert hands.take_inputs() == ()


def test_a_key_tapped_twice_in_a_row_is_two_taps(hands: PygameInput) -> None:
    feel(hands, key(pygame.K_LCTRL, down=True))
    first = hands.end_tick().records[0]["keys"]
    feel(hands, key(pygame.K_LCTRL, down=False), key(pygame.K_LCTRL, down=True), key(pygame.K_LCTRL, down=False))
    rest = [hands.end_tick().records[0]["keys"] for _ in range(3)]
    ctrl = PROFILE.key_bit("ctrl")
    assert [first, *rest] == [ctrl, 0, ctrl, 0]


def test_what_was_held_is_let_go_when_the_window_loses_the_focus(hands: PygameInput) -> None:
    feel(hands, press(500, 250), key(pygame.K_SPACE, down=True))
    hands.end_tick()
    hands.release_all(9.0)
    action = hands.end_tick().records[0]
    assert (action["button"], action["keys"]) == (Button.NONE, 0)
    told = [(event.kind, event.code) for event in hands.take_inputs()[2:]]
    assert told == [("release", "left"), ("release", "space")]


def test_raw_events_keep_their_own_times_and_places_and_are_handed_out_once(hands: PygameInput) -> None:
    hands.take_event(move(499, 0), 1.25)
    hands.take_event(press(499, 499), 1.26)
    hands.take_event(key(pygame.K_j, down=True), 1.30)
    told = [(event.time_s, event.kind, event.code) for event in hands.take_inputs()]
    assert told == [(1.25, "move", ""), (1.26, "press", "left"), (1.30, "press", "j")]
    assert hands.take_inputs() == ()


def test_the_cursor_never_leaves_the_window(hands: PygameInput) -> None:
    feel(hands, move(1500, -20))
    assert np.array_equal(hands.cursor, np.array([1.0, 0.0], np.float32))


def test_a_press_of_another_button_while_one_is_held_is_a_press_of_its_own(hands: PygameInput) -> None:
    feel(hands, press(500, 250))
    buttons = [hands.end_tick().records[0]["button"]]
    feel(hands, press(700, 250, pygame.BUTTON_RIGHT))
    buttons.append(hands.end_tick().records[0]["button"])
    feel(hands, release(700, 250), press(800, 250, pygame.BUTTON_MIDDLE))
    buttons.append(hands.end_tick().records[0]["button"])
    feel(hands, release(800, 250, pygame.BUTTON_RIGHT), release(800, 250, pygame.BUTTON_MIDDLE))
    buttons += [hands.end_tick().records[0]["button"] for _ in range(2)]
    left, right, middle = Button.LEFT, Button.RIGHT, Button.MIDDLE
    assert buttons == [left, left | right, right | middle, Button.NONE, Button.NONE]
