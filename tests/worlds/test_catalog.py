"""The games by name."""

import pytest

from understudy.contract.errors import WorldError
from understudy.worlds.catalog import load_profile, profile_names


def test_every_profile_that_comes_along_can_be_read() -> None:
    assert "darkorbit" in profile_names()
    assert [load_profile(name).name for name in profile_names()] == list(profile_names())


def test_an_unknown_profile_is_refused_in_one_sentence_with_the_known_ones() -> None:
    with pytest.raises(WorldError, match=r"no game profile 'pong'; known are .*darkorbit"):
        load_profile("pong")
