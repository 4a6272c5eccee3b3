"""Dataclasses to plain values and back, strictly."""

import enum
import math
import tracemalloc
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.contract.errors import WireError
from understudy.contract.serialization import MAX_DEPTH, from_json, from_plain, read_toml, to_json, to_plain


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


@dataclass(frozen=True, kw_only=True)
class Point:
    x: float
    y: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Settings:
    name: str
    count: int = 3
    share: float = 0.25
    on: bool = False
    colour: Colour = Colour.RED
    points: tuple[Point, ...] = ()
    pair: tuple[int, str] = (1, "one")
    words: list[str] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)
    limit: float | None = None
    folder: Path = Path("logs")
    size: Literal["small", "large"] = "small"
    note: Any = None


FULL = Settings(
    name="all",
    count=-2,
    share=1e-300,
    on=True,
    colour=Colour.GREEN,
    points=(Point(x=1.0), Point(x=-2.5, y=3.0)),
    pair=(7, "seven"),
    words=["a", ""],
    weights={"b": 2.0},
    limit=4.0,
    folder=Path("a/b"),
    size="large",
    note={"free": [1, None]},
)


@pytest.mark.parametrize("settings", [FULL, Settings(name="defaults")])
def test_what_is_written_is_read_back_equal(settings: Settings) -> None:
    assert from_json(Settings, to_json(settings)) == settings
    assert from_plain(Settings, to_plain(settings)) == settings


def test_json_is_one_line() -> None:
    assert "\n" not in to_json(Settings(name="two\nlines"))


@given(st.floats(allow_nan=False))
def test_every_number_keeps_its_value(number: float) -> None:
    assert from_json(Point, to_json(Point(x=number))).x == number


def test_nan_stays_nan() -> None:
    assert math.isnan(from_json(Point, to_json(Point(x=math.nan))).x)


def test_a_whole_number_is_read_where_a_float_is_expected() -> None:
    value = from_plain(Point, {"x": 3}).x
    assert value == 3.0
    assert isinstance(value, float)


MISTAKES = {
    "unknown key": ({"name": "a", "colur": "RED"}, r"Settings: unknown key 'colur'; known are name, count"),
    "missing key": ({}, r"Settings: key 'name' is missing"),
    "text for a number": ({"name": "a", "count": "3"}, r"Settings.count: '3' was given where int was expected"),
    "float for an int": ({"name": "a", "count": 3.0}, r"Settings.count: 3.0 was given where int"),
    "bool for an int": ({"name": "a", "count": True}, r"Settings.count: True was given where int"),
    "bool for a float": ({"name": "a", "share": True}, r"Settings.share: True was given where float"),
    "number for a bool": ({"name": "a", "on": 1}, r"Settings.on: 1 was given where bool"),
    "none for a number": ({"name": "a", "count": None}, r"Settings.count: None was given"),
    "no such member": ({"name": "a", "colour": "BLUE"}, r"Settings.colour: 'BLUE' was given where one of RED, GREEN"),
    "no such choice": ({"name": "a", "size": "huge"}, r"Settings.size: 'huge' was given where one of small, large"),
    "text for a list": ({"name": "a", "words": "abc"}, r"Settings.words: 'abc' was given where a list"),
    "wrong item": ({"name": "a", "words": ["b", 3]}, r"Settings.words\[1\]: 3 was given where str"),
    "pair of three": ({"name": "a", "pair": [1, "b", 2]}, r"Settings.pair: .* was given where 2 items"),
    "deep inside": ({"name": "a", "points": [{"x": 1}, {"x": "b"}]}, r"Settings.points\[1\].x: 'b'"),
    "unknown key deep inside": ({"name": "a", "points": [{"x": 1, "z": 2}]}, r"Settings.points\[0\]: unknown key 'z'"),
    "list for a table": ({"name": "a", "weights": [1]}, r"Settings.weights: \[1\] was given where a table"),
    "wrong type of an optional": ({"name": "a", "limit": "b"}, r"Settings.limit: 'b' was given where float"),
    "not a table at all": (3, r"Settings: 3 was given where a table"),
    "list for a member": ({"name": "a", "colour": ["RED"]}, r"Settings.colour: \['RED'\] was given where one of RED"),
    "table for a member": ({"name": "a", "colour": {}}, r"Settings.colour: {} was given where one of RED"),
    "list for a choice": ({"name": "a", "size": ["small"]}, r"Settings.size: \['small'\] was given where one of small"),
    "400 digits for a float": ({"name": "a", "share": 10**400}, r"Settings.share: a number of 1329 bits was given"),
    "400 digits for an int": ({"name": "a", "count": -(10**400)}, r"Settings.count: a number of 1329 bits was given"),
    "400 digits for anything": ({"name": "a", "note": [10**400]}, r"Settings.note\[0\]: a number of 1329 bits was"),
    "a date for anything": ({"name": "a", "note": {"b": Path()}}, r"Settings.note.b: .* was given where a plain value"),
    "a name that is a number": ({"name": "a", 3: 1}, r"Settings: 3 was given where a name was expected"),
    "a key that is a number": ({"name": "a", "weights": {3: 1.0}}, r"Settings.weights: 3 was given where a name"),
}


@pytest.mark.parametrize(("value", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_its_place(value: object, sentence: str) -> None:
    with pytest.raises(WireError, match=sentence):
        from_plain(Settings, value)


def test_a_check_of_the_dataclass_itself_becomes_a_sentence_with_its_place() -> None:
    @dataclass(frozen=True)
    class Positive:
        number: int

        def __post_init__(self) -> None:
            if self.number <= 0:
                raise ValueError("number must be above zero")

    with pytest.raises(WireError, match="Positive: number must be above zero"):
        from_plain(Positive, {"number": 0})


def test_true_is_no_choice_of_one() -> None:
    @dataclass(frozen=True)
    class Choice:
        number: Literal[1, 2]

    with pytest.raises(WireError, match=r"Choice.number: True was given where one of 1, 2"):
        from_plain(Choice, {"number": True})


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"name":' * 50_000, "9" * 5000, ""])
def test_text_that_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(WireError, match="Settings: not JSON"):
        from_json(Settings, text)


def test_where_anything_may_stand_it_may_not_be_deeper_than_others_can_handle() -> None:
    deep: Any = 1
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    assert from_plain(Settings, {"name": "a", "note": deep}).note == deep
    with pytest.raises(WireError, match="at most 32 levels"):
        from_plain(Settings, {"name": "a", "note": {"b": deep}})


def test_a_mistake_shows_no_more_of_what_was_given_than_fits_in_a_line() -> None:
    wide: Any = "x" * 10_000
    for _ in range(20):
        wide = [wide] * 50
    for value in (wide, "y" * 100_000, {"k" * 10_000: 1}):
        with pytest.raises(WireError) as problem:
            from_plain(Settings, {"name": "a", "count": value})
        assert len(str(problem.value)) < 1000
    with pytest.raises(WireError) as problem:
        from_plain(Settings, {"name": "a", "z" * 100_000: 1})
    assert len(str(problem.value)) < 400


TOO_MUCH_TOML = {
    "deep lists": "x = " + "[" * 100_000,
    "deep tables": "x = " + "{a=" * 40_000,
    "dotted keys": "x" + ".a" * 50_000 + " = 1",
    "dotted headings": "[x" + ".a" * 50_000 + "]",
    "large": "x = 1\n" + "# nothing\n" * 20_000,
    "no text": "x = \udcff",
}


@pytest.mark.parametrize("text", TOO_MUCH_TOML.values(), ids=TOO_MUCH_TOML.keys())
def test_toml_that_would_take_long_or_much_memory_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "point.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    tracemalloc.start()
    with pytest.raises(WireError, match=r"point.toml: cannot be read"):
        read_toml(Point, path)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_toml_is_read_and_its_mistakes_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "point.toml"
    path.write_text("x = 1\ny = 2.5\n", encoding="utf-8")
    assert read_toml(Point, path) == Point(x=1.0, y=2.5)
    path.write_text("x = 1\nz = 2\n", encoding="utf-8")
    with pytest.raises(WireError, match=r"point.toml: unknown key 'z'"):
        read_toml(Point, path)
    path.write_text("x = = 1", encoding="utf-8")
    with pytest.raises(WireError, match=r"point.toml: cannot be read"):
        read_toml(Point, path)
    with pytest.raises(WireError, match=r"nowhere.toml: cannot be read"):
        read_toml(Point, tmp_path / "nowhere.toml")


class Level(enum.IntEnum):
    LOW = 0


@dataclass(frozen=True, kw_only=True)
class Free:
    level: Level = Level.LOW
    size: Literal[1, 2] = 1
    note: Any = None
    folder: Path = Path()
    counts: dict[str, int] = field(default_factory=dict)


LONG = 10**400
OVERFULL = {
    "list for a member": (Settings, {"name": "a", "colour": ["RED"]}, r"colour: \['RED'\] was given where one of RED"),
    "table for a member": (Settings, {"name": "a", "colour": {"RED": 1}}, "colour: .* was given where one of RED"),
    "list for a choice": (Settings, {"name": "a", "size": ["small"]}, "size: .* was given where one of small"),
    "true for the choice 1": (Free, {"size": True}, "size: True was given"),
    "float for the choice 1": (Free, {"size": 1.0}, "size: 1.0 was given"),
    "400 digits for a float": (Settings, {"name": "a", "share": LONG}, r"share: a number of 1329 bits was given"),
    "400 digits for an optional float": (Settings, {"name": "a", "limit": LONG}, "limit: a number of 1329 bits"),
    "400 digits for an int": (Settings, {"name": "a", "count": LONG}, r"count: a number of 1329 bits was given"),
    "65 bits for an int": (Settings, {"name": "a", "count": 2**64}, "count: 18446744073709551616 was given"),
    "too low for an int": (Settings, {"name": "a", "count": -(2**63) - 1}, "at most 64 bits"),
    "400 digits inside a free value": (Free, {"note": [{"a": LONG}]}, r"note\[0\].a: a number of 1329 bits"),
    "half a character": (Settings, {"name": "\ud800"}, "name: .* halves of characters"),
    "half a character as a free key": (Free, {"note": {"\udfff": 1}}, "note: .* a name"),
    "a date inside a free value": (Free, {"note": {"a": Path()}}, r"note.a: .* a plain value"),
    "a path that ends early": (Free, {"folder": "a\0b"}, "folder: .* a path"),
    "keys of two kinds": (Settings, {"name": "a", 1: 2, "z": 3}, "Settings: 1 was given where a name"),
    "keys of another kind inside": (Free, {"counts": {1: 2}}, "counts: 1 was given where a name"),
    "a key that is no name": (Free, {"counts": {"\x1b[31m" * 99: "x"}}, r"counts\.'\\x1b\[31m.*: 'x' was given"),
}


@pytest.mark.parametrize(("kind", "value", "sentence"), OVERFULL.values(), ids=OVERFULL.keys())
def test_values_that_no_check_can_hold_are_one_short_sentence(kind: type, value: object, sentence: str) -> None:
    with pytest.raises(WireError, match=sentence) as caught:
        from_plain(kind, value)
    assert len(str(caught.value)) < 400 and str(caught.value).isprintable()


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_deep_values_are_refused_wherever_they_stand() -> None:
    assert from_plain(Free, {"note": nested(30)}).note == nested(30)
    for mistake in ({"note": nested(100)}, {"note": nested(100_000)}, {"size": nested(100_000)}, nested(100_000)):
        with pytest.raises(WireError) as caught:
            from_plain(Free, mistake)
        assert len(str(caught.value)) < 400
    itself: list[Any] = []
    itself += [itself, itself]
    assert from_plain(Free, {"note": itself}).note is itself, "what holds itself is walked through once"


def test_what_is_no_text_is_no_json() -> None:
    for text in (None, b"{}", ["{}"]):
        with pytest.raises(WireError, match="not JSON"):
            from_json(Free, text)


def test_deep_text_is_refused() -> None:
    for text in ("[" * 100_000, '{"note": ' * 100_000, '{"note":' + "[" * 500 + "]" * 500 + "}"):
        with pytest.raises(WireError, match=r"not JSON|at most 32 levels"):
            from_json(Free, text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"x": 1e999}', "larger than any"),
        ('{"x": -1e999}', "larger than any"),
        ('{"x": 1, "x": 2}', "stands there twice"),
        ('{"x": ' + "9" * 5000 + "}", "not JSON"),
        ('{"x": 1' + "0" * 400 + "}", "more than a number can be"),
    ],
    ids=range(5),
)
def test_numbers_that_become_infinite_and_keys_that_stand_twice_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(WireError, match=sentence):
        from_json(Point, text)


def test_a_number_of_toml_too_long_to_print_is_one_short_sentence(tmp_path: Path) -> None:
    path = tmp_path / "point.toml"
    path.write_text("x = 0x" + "f" * 10_000, encoding="utf-8")
    with pytest.raises(WireError, match="a number of 40000 bits"):
        read_toml(Point, path)
