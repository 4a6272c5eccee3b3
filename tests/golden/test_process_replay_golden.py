"""Sessions that were recorded with an earlier version are decided again to the bit by the present one."""

import numpy as np
import pytest

from tests.golden import play_values
from tests.golden.comparison import (
    assert_same,
    assert_same_arrays,
    expected,
    expected_arrays,
    skip_unless_same_libraries,
)

SKIPPED = {"live/live.mcap": 1, "recordings/mixed.mcap": 60}
"""Sessions that skipped ticks, and the first tick after; they were recorded before play filled missed ticks in."""


@pytest.mark.parametrize("name", [name for name in play_values.SESSIONS if name not in SKIPPED])
def test_a_recorded_session_is_decided_again_to_the_bit(name: str) -> None:
    skip_unless_same_libraries()
    arrays: dict[str, np.ndarray] = {}
    now = play_values.replayed(name, play_values.SESSIONS[name], arrays)
    assert now["num_different"] == 0 and now["num_replayed"] == now["num_ticks"]
    assert_same(expected("play")["replays"][name], now)
    assert_same_arrays("play", arrays, exact=True)


@pytest.mark.parametrize(("name", "at"), SKIPPED.items())
def test_a_session_that_skipped_ticks_before_play_filled_them_in_is_the_same_up_to_them(name: str, at: int) -> None:
    skip_unless_same_libraries()
    arrays: dict[str, np.ndarray] = {}
    play_values.replayed(name, play_values.SESSIONS[name], arrays)
    for key, now in arrays.items():
        np.testing.assert_array_equal(now[:at], expected_arrays("play")[key][:at])


@pytest.mark.slow
def test_policies_decide_as_before_to_the_bit() -> None:
    skip_unless_same_libraries()
    arrays: dict[str, np.ndarray] = {}
    assert_same(expected("play")["decisions"], play_values.decisions(arrays))
    assert_same_arrays("play", arrays, exact=True)
