"""What is written as TOML is read back the same."""

from pathlib import Path

import pytest

from understudy.contract.profile import Profile
from understudy.contract.serialization import read_toml
from understudy.contract.toml_writer import to_toml
from understudy.worlds.catalog import PROFILES


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_profile_comes_back_as_it_went(path: Path, tmp_path: Path) -> None:
    profile = read_toml(Profile, path)
    (tmp_path / "again.toml").write_text(to_toml(profile), encoding="utf-8")
    again = read_toml(Profile, tmp_path / "again.toml")
    assert again == profile
    assert again.eye == profile.eye


def test_text_with_quotes_and_odd_keys_is_written_so_that_it_can_be_read(tmp_path: Path) -> None:
    import tomllib

    plain = {"a b": 'say "hi"', "list": [1, 2.5, True], "inner": {"ключ": "x\\y"}, "none": None}
    read = tomllib.loads(to_toml(plain))
    assert read == {"a b": 'say "hi"', "list": [1, 2.5, True], "inner": {"ключ": "x\\y"}}
