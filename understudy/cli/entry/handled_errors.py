"""Maps exceptions of a command to exit codes: a user's mistake, Ctrl-C, or an error of the operating system."""

import logging
import os
import sys
from collections.abc import Callable

from understudy.cli.entry.exit_codes import EXIT_INTERRUPTED, EXIT_MISTAKE, EXIT_OK
from understudy.contract.errors import UnderstudyError

DEBUG_FLAG = "--debug"


def run_to_exit_code(action: Callable[[], int | None], show_traceback: bool = False) -> int:
    """Runs `action` and returns its exit code; exceptions caused by our own mistakes pass through.

    Args:
        action: returns an exit code, None for 0.
        show_traceback: whether to log the traceback of a handled error.
    """
    try:
        return _exit_code_of(action, show_traceback)
    finally:
        _forget_handled_interrupts()


def _exit_code_of(action: Callable[[], int | None], show_traceback: bool) -> int:
    try:
        code = int(action() or EXIT_OK)
        sys.stdout.flush()
        return code
    except UnderstudyError as mistake:
        _log_traceback(show_traceback)
        print_mistake(str(mistake))
        return EXIT_MISTAKE
    except SystemExit as leaving:  # raised by tyro: 0 after --help, 2 after a wrong flag
        return leaving.code if isinstance(leaving.code, int) else EXIT_OK
    except KeyboardInterrupt:
        print_mistake("Stopped.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # `understudy ... | head`: the reader has closed the pipe
        _drop_output()
        return EXIT_OK
    except OSError as refusal:
        _log_traceback(show_traceback)
        print_mistake(_in_a_sentence(refusal))
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        return EXIT_MISTAKE


def _forget_handled_interrupts() -> None:
    """Lets `python -m understudy` end with its own exit code after a Ctrl-C inside an `exec` of text.

    Such an exec, which dataclasses and namedtuples use, has CPython kill itself with SIGINT at its end, even where the
    KeyboardInterrupt was handled since. Running any text clears that.
    """
    exec("")


def print_mistake(sentence: str) -> None:
    """Prints one sentence on the standard error."""
    from rich.text import Text

    from understudy.cli.show.terminal import Console

    Console(stderr=True, soft_wrap=True).print(Text(sentence, style="red"))


def _log_traceback(show: bool) -> None:
    if show:
        logging.getLogger(__name__).debug("where it happened", exc_info=True)


def _in_a_sentence(refusal: OSError) -> str:
    """Returns a sentence with the error, its file, and how to find out more."""
    names = [str(name) for name in (refusal.filename, refusal.filename2) if name is not None]
    what = f"{' and '.join(names)} cannot be used" if names else "The operating system refused"
    return f"{what}: {refusal.strerror or refusal} ({DEBUG_FLAG} shows where)."


def _drop_output() -> None:
    """Redirects the standard output to nowhere, so that its buffered text is not written when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
