"""Sessions that were recorded with an earlier version are decided again to the bit by the present one."""

import numpy as np
import pytest

from tests.golden import play_values
from tests.golden.comparison import (
    assert_same,
    assert_same_arrays,
    expected,
    skip_unless_same_libraries,
)


@pytest.mark.parametrize("name", play_values.SESSIONS)
def test_a_recorded_session_is_decided_again_to_the_bit(name: str) -> None:
    skip_unless_same_libraries()
    arrays: dict[str, np.ndarray] = {}
    now = play_values.replayed(name, play_values.SESSIONS[name], arrays)
    assert now["num_different"] == 0 and now["num_replayed"] == now["num_ticks"]
    assert_same(expected("play")["replays"][name], now)
    assert_same_arrays("play", arrays, exact=True)


@pytest.mark.slow
def test_policies_decide_as_before_to_the_bit() -> None:
    skip_unless_same_libraries()
    arrays: dict[str, np.ndarray] = {}
    assert_same(expected("play")["decisions"], play_values.decisions(arrays))
    assert_same_arrays("play", arrays, exact=True)
