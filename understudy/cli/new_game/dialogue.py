"""Asks the questions of the guided command in the terminal, or takes the suggested answers."""

from collections.abc import Callable
from typing import TypeVar

from understudy.cli.show.questions import ask_until_valid, typed
from understudy.cli.show.terminal import Console
from understudy.contract.errors import FlagError

T = TypeVar("T")


class Dialogue:
    """A person at the terminal, or nobody."""

    def __init__(self, *, unattended: bool) -> None:
        """Args: unattended: take the suggested answer to every question."""
        self.unattended = unattended
        self.console = Console(soft_wrap=True, highlight=False)

    def say(self, sentence: str) -> None:
        """Prints one sentence."""
        self.console.print(sentence)

    def say_title(self, title: str) -> None:
        """Prints the title of a step."""
        self.console.print(f"\n{title}", style="bold")

    def ask(self, question: str, read: Callable[[str], T], suggested: str | None = None, flag: str = "") -> T:
        """Returns the answer to a question, read by `read`; Enter takes what is suggested.

        Explains a wrong answer in one sentence and repeats the question.

        Args:
            question: in one line.
            read: raises FlagError for a wrong answer.
            suggested: the answer to Enter, and of nobody; None if there is none.
            flag: the flag that answers the question, for the error message.

        Raises:
            FlagError: if nobody is there to answer and nothing is suggested.
        """
        if self.unattended:
            if suggested is None:
                raise FlagError(f"Nobody can answer {question!r}: give {flag or 'an answer, without --unattended'}.")
            return read(suggested)
        shown = question if suggested is None else f"{question} [{suggested or 'none'}]"
        nobody = f"Nobody answered {question!r}: give {f'{flag} or ' if flag else ''}--unattended, which takes what is "
        return ask_until_valid(
            lambda: typed(shown, self.console, f"{nobody}suggested.") or suggested or "", read, self.console
        )
