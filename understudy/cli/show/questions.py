"""Asks one question in the terminal until its answer can be read."""

from collections.abc import Callable
from typing import TypeVar

from understudy.cli.show.terminal import Console
from understudy.contract.errors import FlagError

T = TypeVar("T")


def typed(question: str, console: Console, nobody: str) -> str:
    """Prints a question and returns the line that is typed, without blanks around it.

    Raises:
        FlagError: with the sentence `nobody`, if the input has ended.
    """
    console.print(question, style="bold", markup=False)
    try:
        return input("> ").strip()
    except EOFError:
        raise FlagError(nobody) from None


def ask_until_valid(answer: Callable[[], str], read: Callable[[str], T], console: Console) -> T:
    """Returns the first answer that can be read; explains every other one in one sentence.

    Args:
        answer: asks, as `typed` does; its own FlagError ends the questions.
        read: raises FlagError for an answer that is not valid.
        console: where the sentences appear.
    """
    while True:
        given = answer()
        try:
            return read(given)
        except FlagError as mistake:
            console.print(str(mistake), style="red", markup=False)
