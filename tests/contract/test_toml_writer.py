"""What is written as TOML is read back the same."""

import tomllib
from dataclasses import dataclass, field
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
    plain = {"a b": 'say "hi"', "list": [1, 2.5, True], "inner": {"ключ": "x\\y"}, "none": None}
    read = tomllib.loads(to_toml(plain))
    assert read == {"a b": 'say "hi"', "list": [1, 2.5, True], "inner": {"ключ": "x\\y"}}


@dataclass(frozen=True)
class Bare:
    keys: tuple[str, ...]
    gain: float = 1.0
    names: tuple[str, ...] = ()


def test_an_empty_field_without_a_default_is_written_and_read_back(tmp_path: Path) -> None:
    (tmp_path / "bare.toml").write_text(to_toml(Bare(keys=())), encoding="utf-8")
    assert read_toml(Bare, tmp_path / "bare.toml") == Bare(keys=())
    assert to_toml(Bare(keys=())) == "keys = []\ngain = 1.0\n"


@dataclass(frozen=True)
class Filled:
    names: tuple[str, ...] = ("a",)
    inner: tuple[Bare, ...] = (Bare(keys=("b",)),)
    shares: dict[str, float] = field(default_factory=lambda: {"c": 1.0})


@pytest.mark.parametrize(
    "value", [Filled(names=()), Filled(inner=()), Filled(shares={}), Filled(inner=(Bare(keys=()), Bare(keys=("x",))))]
)
def test_an_empty_list_that_is_not_the_default_is_kept(value: Filled, tmp_path: Path) -> None:
    (tmp_path / "filled.toml").write_text(to_toml(value), encoding="utf-8")
    assert read_toml(Filled, tmp_path / "filled.toml") == value


def test_empty_lists_of_a_dict_are_kept_at_every_depth() -> None:
    plain = {"b": [], "c": {"d": [], "e": {}, "f": [{"g": []}]}}
    assert tomllib.loads(to_toml(plain)) == plain


@dataclass(frozen=True)
class Optional:
    limit: float | None = 1.0


def test_none_in_place_of_another_default_is_an_error() -> None:
    with pytest.raises(ValueError, match="limit is None"):
        to_toml(Optional(limit=None))


@pytest.mark.parametrize("number", [1e-7, -3.2e-9, 0.0, 0.1, 0.123456, 0.1234567890123, 1 / 3, 12345.678, 1e300])
def test_small_numbers_stay_what_they_are(number: float, tmp_path: Path) -> None:
    (tmp_path / "bare.toml").write_text(to_toml(Bare(keys=("a",), gain=number)), encoding="utf-8")
    assert read_toml(Bare, tmp_path / "bare.toml").gain == number
