"""One tick of a teacher: make up its mind, notice what is to be done, move the hand, press the keys.

Compiled as the engine is (see there): the entry point is made inside a function that is given a fingerprint of its
sources, because numba's cache on disk does not notice a change in a function of another file.
"""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from understudy.worlds.simulator.engine.njit import njit
from understudy.worlds.simulator.engine.state import Record
from understudy.worlds.simulator.teacher.action_selection import choose_click, choose_key, served
from understudy.worlds.simulator.teacher.mode_selection import think
from understudy.worlds.simulator.teacher.motor import DWELL, IDLE, MOVE, PRESS, begin_gesture, move_hand
from understudy.worlds.simulator.teacher.state import NOTHING, draw_ticks


@njit
def decide_one(o: Record, c: Record, g: Record, s: Record, action: Record) -> None:
    """One decision of one teacher; writes all of the action."""
    c.cursor_x, c.cursor_y = o.cursor_x, o.cursor_y
    think(c, o, g, s)
    _notice(c, o, g, s)
    if c.wish != NOTHING and c.tick >= c.wish_due and _hand_is_free(c):
        begin_gesture(c, o, s)
    phase = c.phase
    action.button = move_hand(c, o)
    if phase == PRESS and c.phase == IDLE:
        served(c, s)
    action.keys = _press_keys(c, o, g, s)
    action.cursor_x, action.cursor_y = c.cursor_x, c.cursor_y
    c.tick += 1


@njit
def _notice(c: Record, o: Record, g: Record, s: Record) -> None:
    """Takes over the present wish; a new one is acted on after a reaction time."""
    wish, wish_id, x, y = choose_click(c, o, g, s)
    if wish != c.wish or wish_id != c.wish_id:
        c.wish, c.wish_id = wish, wish_id
        c.wish_due = c.tick + draw_ticks(c, s.reaction_s, 0.25)
    c.wish_x, c.wish_y = x, y


@njit
def _hand_is_free(c: Record) -> bool:
    """Whether a gesture may begin: none is under way, or the one under way is no longer what is wished for."""
    if c.phase == MOVE or c.phase == DWELL:
        return bool(c.gesture != c.wish or c.gesture_id != c.wish_id)
    return bool(c.phase == IDLE)


@njit
def _press_keys(c: Record, o: Record, g: Record, s: Record) -> int:
    """The other hand: presses the wished key for a few ticks after a reaction time. Returns the keys held."""
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
    """Of every source file of the teacher, and of the records that it reads and writes."""
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
    """Decides for B worlds.

    Args:
        observations: records of dtype OBSERVATION, shape (B,).
        carries: records of dtype TEACHER_CARRY, shape (B,), changed in place.
        game: from `game_record`.
        style: from `style_record`; one record for all worlds, or one for each.
        actions: records of dtype ACTION, shape (B,), overwritten.
    """
    assert len(observations) == len(carries) == len(actions) and len(style) in (1, len(actions))
    _compiled(observations, carries, game, style, actions)
