import pytest

from understudy.contract.terminal_text import brief, printable


def test_plain_text_of_any_language_stays_as_it_is() -> None:
    assert printable("Übung 1-2 · 練習") == "Übung 1-2 · 練習"


@pytest.mark.parametrize("odd", ["\x1b]0;title\x07", "two\nlines", "\u202egpj", "\udcff", "\x9b31m", "\x00"])
def test_nothing_that_a_terminal_obeys_is_left(odd: str) -> None:
    shown = printable(odd)
    assert shown.isprintable()
    assert shown.encode("utf-8")


def test_a_flood_is_cut() -> None:
    assert len(printable("x" * 10**6)) < 400


def test_an_exception_says_its_kind_where_its_text_alone_says_too_little() -> None:
    assert brief(ValueError("9 was given")) == "9 was given"
    assert brief(KeyError("info")) == "KeyError: 'info'"
    assert brief(MemoryError()) == "MemoryError"
    assert brief(ValueError()) == "ValueError"
