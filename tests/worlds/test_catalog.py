"""The games by name."""

from dataclasses import replace
from pathlib import Path

import pytest

from understudy.contract.errors import WorldError
from understudy.contract.toml_writer import to_toml
from understudy.worlds.catalog import load_profile, profile_names


def test_every_profile_that_comes_along_can_be_read() -> None:
    assert "darkorbit" in profile_names()
    assert [load_profile(name).name for name in profile_names()] == list(profile_names())


def test_an_unknown_profile_is_refused_in_one_sentence_with_the_known_ones() -> None:
    with pytest.raises(WorldError, match=r"no game profile 'pong'; known are .*darkorbit"):
        load_profile("pong")


def test_a_file_that_was_written_meanwhile_is_read_anew(tmp_path: Path) -> None:
    file, profile = tmp_path / "pond.toml", load_profile("darkorbit")
    file.write_text(to_toml(replace(profile, name="pond")), encoding="utf-8")
    assert load_profile(str(file)).window_title == profile.window_title
    file.write_text(to_toml(replace(profile, name="pond", window_title="Another")), encoding="utf-8")
    assert load_profile(str(file)).window_title == "Another"
