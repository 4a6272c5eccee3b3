"""A game is found in its window wherever a bar, a theme or another page layout has moved it, and nowhere else."""

import cv2
import numpy as np
import pytest

from tests.support.canvas_pictures import EDGES, HEIGHT, TOP, WIDTH, canvas_picture
from understudy.worlds.desktop.capture.game_fingerprint import FingerprintLearner, GameFingerprint, border_fingerprint
from understudy.worlds.desktop.capture.play_area_locator import locate_play_area


@pytest.fixture(params=["border", "learnt"])
def fingerprint(request: pytest.FixtureRequest) -> GameFingerprint:
    if request.param == "border":
        return border_fingerprint(canvas_picture(0), EDGES)
    learner = FingerprintLearner()
    for second in range(20):
        learner.look(canvas_picture(20 * second), EDGES)
    found = learner.fingerprint(None)
    assert found is not None
    return found


@pytest.mark.parametrize("shift", [0, 1, 37, -13])
def test_it_is_found_to_the_pixel_where_an_information_bar_has_moved_it(
    fingerprint: GameFingerprint, shift: int
) -> None:
    left, top, right, bottom = EDGES
    window = canvas_picture(3, shift=shift)
    assert locate_play_area(fingerprint, window) == (left, top + shift, right, bottom + shift)


def test_another_theme_and_another_size_of_window_do_not_matter(fingerprint: GameFingerprint) -> None:
    window = np.full((900, 1500, 3), (32, 48, 64), np.uint8)
    window[:120] = (30, 30, 36)
    window[120 : 120 + HEIGHT - TOP, 100 : 100 + WIDTH] = canvas_picture(5)[TOP:]
    left, top, right, bottom = EDGES
    assert locate_play_area(fingerprint, window) == (left + 100, top + 32, right + 100, bottom + 32)


def test_it_is_not_found_in_another_page_under_a_dialog_zoomed_or_scrolled_out_of_the_window(
    fingerprint: GameFingerprint,
) -> None:
    page = np.full((HEIGHT, WIDTH, 3), 250, np.uint8)
    cv2.putText(page, "My bank", (300, 300), cv2.FONT_HERSHEY_SIMPLEX, 3, (10, 10, 10), 6)
    dark = (canvas_picture(1) * 0.5).astype(np.uint8)
    zoomed = cv2.resize(canvas_picture(1), None, fx=1.1, fy=1.1)[:HEIGHT, :WIDTH]
    for window in (page, dark, zoomed, canvas_picture(1, shift=200), page[:300]):
        assert locate_play_area(fingerprint, window) is None


def test_a_game_without_anything_that_tells_its_place_is_not_guessed_at() -> None:
    plain = np.full((HEIGHT, WIDTH, 3), 16, np.uint8)
    assert locate_play_area(border_fingerprint(plain, EDGES), plain) is None
    stripes = plain.copy()
    stripes[:, ::32] = 200  # the same at every 32nd column
    assert locate_play_area(border_fingerprint(stripes, EDGES), stripes) is None
