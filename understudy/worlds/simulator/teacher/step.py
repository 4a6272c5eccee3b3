"""One tick of a teacher: select mode and target, select click and key, move the cursor, press keys.

Compiled like the engine's `step`: the entry point is created inside a function whose argument is a fingerprint of its
sources, because numba's disk cache does not detect a change in a function of another file.
"""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from understudy.worlds.simulator.engine.njit import njit
from understudy.worlds.simulator.engine.state import Record
from understudy.worlds.simulator.teacher.action_selection import choose_click, choose_key, on_click_done
from understudy.worlds.simulator.teacher.mode_selection import update_mode
from understudy.worlds.simulator.teacher.motor import DWELL, IDLE, MOVE, PRESS, advance_gesture, begin_gesture
from understudy.worlds.simulator.teacher.state import NOTHING, draw_ticks


@njit
def decide_one(o: Record, c: Record, g: Record, s: Record, action: Record) -> None:
    """Decides one tick of one teacher; writes the complete action."""
    c.cursor_x, c.cursor_y = o.cursor_x, o.cursor_y
    update_mode(c, o, g, s)
    _update_desired_click(c, o, g, s)
    if c.wish != NOTHING and c.tick >= c.wish_due and _can_begin_gesture(c):
        begin_gesture(c, o, s)
    phase = c.phase
    action.button = advance_gesture(c, o)
    if phase == PRESS and c.phase == IDLE:
        on_click_done(c, s)
    action.keys = _press_keys(c, o, g, s)
    action.cursor_x, action.cursor_y = c.cursor_x, c.cursor_y
    c.tick += 1


@njit
def _update_desired_click(c: Record, o: Record, g: Record, s: Record) -> None:
    """Updates the desired click; a new one takes effect after a reaction time."""
    wish, wish_id, x, y = choose_click(c, o, g, s)
    if wish != c.wish or wish_id != c.wish_id:
        c.wish, c.wish_id = wish, wish_id
        c.wish_due = c.tick + draw_ticks(c, s.reaction_s, 0.25)
    c.wish_x, c.wish_y = x, y


@njit
def _can_begin_gesture(c: Record) -> bool:
    """Whether a gesture may begin: none is active, or the active one no longer matches the desired click."""
    if c.phase == MOVE or c.phase == DWELL:
        return bool(c.gesture != c.wish or c.gesture_id != c.wish_id)
    return bool(c.phase == IDLE)


@njit
def _press_keys(c: Record, o: Record, g: Record, s: Record) -> int:
    """Presses the desired key for a few ticks after a reaction time; returns the held keys."""
    if c.key_down != 0:
        held = c.key_down
        if c.tick + 1 >= c.key_until:
            c.key_down = 0
            c.key_wish = 0
        return int(held)
    wish = choose_key(c, o, g, s)
    if wish != c.key_wish:
        c.key_wish = wish
        c.key_due = c.tick + draw_ticks(c, s.reaction_s, 0.25)
    if wish == 0 or c.tick < c.key_due:
        return 0
    c.key_down, c.key_until = wish, c.tick + draw_ticks(c, 0.09, 0.25)
    return int(wish)


def _fingerprint() -> int:
    """Returns the CRC-32 of the teacher's source files and of the records that it reads and writes."""
    here = Path(__file__)
    simulator, contract = here.parents[1], here.parents[3] / "contract"
    rng = simulator / "engine" / "rng.py"
    files = [*sorted(here.parent.glob("*.py")), rng, contract / "observation.py", contract / "action.py"]
    return zlib.crc32(b"".join(file.read_bytes() for file in files))


def _compile(fingerprint: int) -> Callable[..., None]:
    @njit(cache=True, nogil=True, error_model="numpy")
    def decide_all(
        observations: np.ndarray, carries: np.ndarray, games: np.ndarray, styles: np.ndarray, actions: np.ndarray
    ) -> None:
        _ = fingerprint
        for b in range(len(carries)):
            decide_one(observations[b], carries[b], games[0], styles[b % len(styles)], actions[b])

    return decide_all


_compiled = _compile(_fingerprint())


def decide_worlds(
    observations: np.ndarray, carries: np.ndarray, game: np.ndarray, style: np.ndarray, actions: np.ndarray
) -> None:
    """Writes the actions of B worlds.

    Args:
        observations: records of dtype OBSERVATION, shape (B,).
        carries: records of dtype TEACHER_CARRY, shape (B,), changed in place.
        game: from `game_record`.
        style: from `style_record`; one record for all worlds, or one for each.
        actions: records of dtype ACTION, shape (B,), overwritten.
    """
    assert len(observations) == len(carries) == len(actions) and len(style) in (1, len(actions))
    _compiled(observations, carries, game, style, actions)
