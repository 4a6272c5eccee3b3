"""The tree of errors is the one drawn in its docstring."""

import inspect

import pytest

from understudy.contract import errors
from understudy.contract.errors import MissingExtraError, UnderstudyError


def drawn_tree() -> list[tuple[int, str]]:
    """(depth, name) of each line of the docstring's drawing, from top to bottom."""
    lines = [line for line in (errors.__doc__ or "").splitlines() if "Error " in line]
    return [(line.index(line.lstrip("│├└─ ")) // 4, line.lstrip("│├└─ ").split()[0]) for line in lines]


def real_tree(kind: type = UnderstudyError, depth: int = 0) -> list[tuple[int, str]]:
    """The same of the classes themselves, in the order of their definition."""
    rows = [(depth, kind.__name__)]
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            rows += real_tree(child, depth + 1)
    return rows


def test_the_docstring_draws_the_real_tree() -> None:
    assert drawn_tree() == real_tree()


def test_every_error_of_the_module_is_in_the_tree() -> None:
    defined = {name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}
    assert defined == {name for _, name in drawn_tree()}


def test_a_missing_extra_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(UnderstudyError, match=r"ultralytics.*pip install 'understudy\[yolo\]'"):
        raise MissingExtraError("ultralytics", "yolo")


def test_a_sentence_that_quotes_what_a_terminal_obeys_shows_it_escaped() -> None:
    """Another library's message may quote the bytes of a torn file."""
    quoted = str(errors.CheckpointError("Unknown endianness type: little\x00\x1b[2J"))
    assert quoted == "Unknown endianness type: little\\x00\\x1b[2J"
