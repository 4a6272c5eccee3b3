"""What never changes in a game is learnt, kept in a file, and tells the game from what is not the game."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.canvas_pictures import EDGES, HEIGHT, TOP, WIDTH, canvas_picture
from understudy.contract.errors import WorldError
from understudy.worlds.desktop.capture.game_fingerprint import (
    MIN_LOOKS,
    MOVES,
    RIM,
    STILL,
    UNKNOWN,
    FingerprintLearner,
    GameFingerprint,
    border_fingerprint,
    fingerprint_path,
    load_fingerprint,
)


def learnt(kept: GameFingerprint | None = None, *, box: bool = False) -> GameFingerprint:
    learner = FingerprintLearner()
    for second in range(40):
        frame = canvas_picture(20 * second)
        if box:
            cv2.rectangle(frame, (300, 200), (400, 300), (second * 6, 0, 0), -1)
        learner.look(frame, EDGES)
    found = learner.fingerprint(kept)
    assert found is not None
    return found


def test_what_moved_is_told_from_what_stood_still_and_the_file_keeps_both(tmp_path: Path) -> None:
    found = learnt()
    assert found.size == (EDGES[2] - EDGES[0], EDGES[3] - EDGES[1])
    inside = found.state[RIM:-RIM, RIM:-RIM]
    ball = inside[TOP + 30 + 240 - EDGES[1], 640 + 200 - EDGES[0]]
    assert ball == MOVES and inside[5, 5] == STILL and 0.5 < found.still.mean() < 1
    found.save(tmp_path / "pond.fingerprint.png")
    again = load_fingerprint(tmp_path / "pond.fingerprint.png")
    assert again is not None and (again.state == found.state).all()
    assert (again.pixels == found.pixels).all()


def test_the_game_matches_and_another_page_does_not() -> None:
    found = learnt()
    assert found.matched(canvas_picture(7), EDGES) > 0.99
    assert found.matched(np.full((HEIGHT, WIDTH, 3), 255, np.uint8), EDGES) < 0.05
    assert found.matched(canvas_picture(7), (0, 0, 300, 300)) == 0.0, "another size"


def test_a_dialog_for_a_moment_does_not_make_the_game_unknown_and_a_frozen_one_teaches_nothing() -> None:
    learner = FingerprintLearner()
    for second in range(60):
        frame = canvas_picture(20 * second)
        if second == 30:
            frame[TOP + 100 : TOP + 300, 400:800] = 255
        learner.look(frame, EDGES)
    found = learner.fingerprint(None)
    assert found is not None and found.state[RIM + 30, RIM + 30] == STILL
    frozen = FingerprintLearner()
    for _ in range(60):
        frozen.look(canvas_picture(3), EDGES)
    assert frozen.fingerprint(None) is None
    short = FingerprintLearner()
    for second in range(MIN_LOOKS - 1):
        short.look(canvas_picture(20 * second), EDGES)
    assert short.fingerprint(None) is None


def test_a_later_session_narrows_what_is_kept_and_another_look_of_the_game_replaces_it() -> None:
    kept = learnt()
    narrowed = learnt(kept, box=True)
    spot = (RIM + 250 - EDGES[1], RIM + 350 - EDGES[0])
    assert kept.state[spot] == STILL and narrowed.state[spot] == MOVES
    assert narrowed.still.sum() < kept.still.sum()
    learner = FingerprintLearner()
    for second in range(40):
        learner.look(255 - canvas_picture(20 * second), EDGES)
    replaced = learner.fingerprint(kept)
    assert replaced is not None and replaced.matched(255 - canvas_picture(1), EDGES) > 0.99


def test_one_screenshot_knows_the_border_alone_and_a_session_the_rest() -> None:
    border = border_fingerprint(canvas_picture(0), EDGES)
    assert border.state[RIM + 100, RIM + 100] == UNKNOWN and border.state[RIM + 2, RIM + 100] == STILL
    assert learnt(border).state[RIM + 100, RIM + 100] == STILL


def test_the_file_lies_beside_the_profile_and_one_that_is_none_is_refused(tmp_path: Path) -> None:
    assert fingerprint_path("games/pond.toml") == Path("games/pond.fingerprint.png")
    assert fingerprint_path("darkorbit") is None and load_fingerprint(None) is None
    assert load_fingerprint(tmp_path / "missing.fingerprint.png") is None
    broken = tmp_path / "pond.fingerprint.png"
    huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60000).to_bytes(4, "big") * 2
    grey = cv2.imencode(".png", np.zeros((100, 100), np.uint8))[1].tobytes()
    for content in (b"", b"no picture at all, only words", huge, grey, grey[:40]):
        broken.write_bytes(content)
        with pytest.raises(WorldError, match="is no fingerprint of a game: delete it"):
            load_fingerprint(broken)
