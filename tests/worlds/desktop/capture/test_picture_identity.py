"""Whether a window's picture is still the game's, with pictures made here."""

import cv2
import numpy as np
import pytest

from tests.support.canvas_pictures import HEIGHT, TOP, WIDTH
from tests.support.canvas_pictures import canvas_picture as picture
from understudy.worlds.desktop.capture.picture_identity import LEARN_TICKS, NUM_FLASHES, PictureIdentity

EDGES = (0, TOP, WIDTH, HEIGHT)


@pytest.fixture
def identity() -> PictureIdentity:
    """One that has learnt."""
    learnt = PictureIdentity()
    for tick in range(LEARN_TICKS + 2):
        assert learnt.check(picture(tick), EDGES) is None
    assert not learnt.is_learning
    return learnt


def test_the_game_itself_goes_on_being_the_game(identity: PictureIdentity) -> None:
    for tick in range(300):
        frame = picture(tick)
        cv2.circle(frame, (300 + 2 * tick, 500), 40, (40, 200, 40), -1)  # what was never there comes and goes
        assert identity.check(frame, EDGES) is None


def test_what_covers_shifts_darkens_or_replaces_it_is_noticed_and_named(identity: PictureIdentity) -> None:
    def covered(left: int, top: int, width: int, height: int) -> np.ndarray:
        frame = picture(1)
        frame[top : top + height, left : left + width] = 255
        return frame

    dark = (picture(1) * 0.5).astype(np.uint8)
    address = picture(1)
    address[50:80, 100:400] = (20, 80, 200)
    for frame, words in (
        (covered(700, TOP, 400, 50), "covers"),  # a find bar
        (covered(900, TOP, 380, 632), "covers"),  # developer tools
        (picture(1, shift=40), "shifted"),
        (dark, "darkened"),
        (address, "around the game"),
        (np.full_like(dark, 255), "something else"),
    ):
        assert words in str(identity.peek(frame)), words
        assert words in str(identity.check(frame, EDGES)), words
        assert identity.check(picture(2), EDGES) is None, "it goes on when it is back"


def test_around_the_game_nothing_may_change_from_the_first_picture_on() -> None:
    identity = PictureIdentity()
    assert identity.check(picture(0), EDGES) is None
    find = picture(1)
    find[80:TOP, 700:1100] = 255
    assert "around the game" in str(identity.check(find, EDGES))


def test_what_the_person_takes_for_the_game_is_the_game(identity: PictureIdentity) -> None:
    other = picture(1)
    other[20:80, 600:900] = 0  # another tab in the strip
    other[TOP + 100 : TOP + 300, 400:900] = (90, 20, 20)  # a menu of the game's own
    assert identity.check(other, EDGES) is not None
    identity.accept(other)
    assert identity.check(other, EDGES) is None
    back = picture(3)
    back[20:80, 600:900] = 0
    assert identity.check(back, EDGES) is None, "without the menu, too"
    assert identity.check(picture(3), EDGES) is not None, "around the game it is the new picture that counts"


def test_a_flash_that_comes_again_and_again_is_the_games(identity: PictureIdentity) -> None:
    def flash() -> np.ndarray:
        frame = picture(1)
        frame[TOP + 40 : TOP + 500, 250:1030] = 255
        return frame

    for _ in range(NUM_FLASHES):
        assert identity.check(flash(), EDGES) is not None
        assert identity.check(picture(1), EDGES) is None
    assert identity.check(flash(), EDGES) is None
    assert identity.check(picture(1, shift=40), EDGES) is not None


def test_a_game_in_which_nothing_stands_still_is_said_to_be_one() -> None:
    identity, rng = PictureIdentity(), np.random.default_rng(0)
    for _ in range(LEARN_TICKS + 1):
        noise = rng.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
        assert identity.check(np.repeat(np.repeat(noise, 8, 0), 8, 1), (0, 0, WIDTH, HEIGHT)) is None
    assert "nothing inside this game's picture stands still" in identity.summary()
