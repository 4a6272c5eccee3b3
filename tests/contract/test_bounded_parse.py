import math
from pathlib import Path

import pytest

from understudy.contract.bounded_parse import parse_json, parse_toml_file
from understudy.contract.errors import WireError


def test_infinity_is_read_only_where_it_is_written_as_such_and_allowed() -> None:
    assert parse_json("Infinity", "number") == math.inf
    assert parse_json("[NaN]", "numbers") != []
    for text in ("[NaN]", "[Infinity]", "[-Infinity]"):
        with pytest.raises(WireError, match="no number of JSON"):
            parse_json(text, "numbers", allow_nan=False)


def test_text_of_more_characters_than_are_read_is_refused_unread() -> None:
    with pytest.raises(WireError, match="11 characters, at most 10 are read"):
        parse_json("[          ", "numbers", max_characters=10)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 100_000,
        "x = " + "{a = " * 100_000,
        ".".join(["a"] * 100_000) + " = 1",
        "[" + ".".join(['"a"'] * 50_000) + "]",
        "x = {" + " . ".join(["'a'"] * 50_000) + " = 1}",
        "x = 1e999",
        "# " + "x" * 1_000_000,
    ],
    ids=range(7),
)
@pytest.mark.timeout(200)
def test_toml_that_would_take_for_ever_or_overflow_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WireError) as caught:
        parse_toml_file(path)
    assert len(str(caught.value)) < 600


def test_dots_in_comments_and_numbers_are_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f"# {'.' * 200}\n# {'. ' * 200}\nx = 1.5\n", encoding="utf-8")
    assert parse_toml_file(path) == {"x": 1.5}
