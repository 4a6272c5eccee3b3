"""The simulator runs and pilots play in it as with an earlier version, to the bit."""

import pytest

from tests.golden import play_values
from tests.golden.comparison import assert_same, expected, skip_unless_same_libraries


def test_the_simulator_shows_what_it_did() -> None:
    skip_unless_same_libraries()
    assert_same(expected("play")["simulator"], play_values.simulator())


@pytest.mark.slow
def test_pilots_score_in_worlds_what_they_did() -> None:
    skip_unless_same_libraries()
    assert_same(expected("play")["worlds"], play_values.worlds())
