"""The command `understudy`: one table of verbs, one place where mistakes become a sentence and an exit code.

Only the module of the verb that was asked for is imported, so `--help` answers without torch, numba or pygame.
"""

import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from understudy.contract.errors import UnderstudyError
from understudy.contract.terminal_text import log_to_stderr

VERBS: dict[str, tuple[str, str]] = {
    "corrections": ("understudy.cli.corrections", "Corrections"),
    "critic": ("understudy.cli.feedback", "Critic"),
    "demo": ("understudy.cli.demo", "Demo"),
    "detector": ("understudy.cli.detector", "Detector"),
    "doctor": ("understudy.cli.doctor", "Doctor"),
    "evaluate": ("understudy.cli.evaluate", "Evaluate"),
    "finetune": ("understudy.cli.finetune", "Finetune"),
    "gate": ("understudy.cli.gate", "Gate"),
    "history": ("understudy.cli.history", "History"),
    "manner": ("understudy.cli.promote", "Manner"),
    "play": ("understudy.cli.play", "Play"),
    "practise": ("understudy.cli.practise", "Practise"),
    "profile": ("understudy.cli.profile", "Profile"),
    "promote": ("understudy.cli.promote", "Promote"),
    "record": ("understudy.cli.record", "Record"),
    "recordings": ("understudy.cli.recordings", "Recordings"),
    "rollback": ("understudy.cli.promote", "Rollback"),
    "run": ("understudy.cli.live.run", "Run"),
    "train": ("understudy.cli.train", "Train"),
    "watch": ("understudy.cli.watch", "Watch"),
}
"""Verb -> the module that holds it and its dataclass there; the module's `run` takes that dataclass."""

DEBUG_FLAG = "--debug"
EXIT_OK, EXIT_MISTAKE, EXIT_INTERRUPTED = 0, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb.

    Args:
        arguments: what stands behind `understudy` on the command line; that of this process when None.

    Returns:
        The exit code: 0, 2 after a mistake of the user, 130 after Ctrl-C.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments == ["--version"]:
        sys.stdout.write(f"understudy {version('understudy')}\n")
        return EXIT_OK
    leading_debug = arguments[:1] == [DEBUG_FLAG]
    if leading_debug:
        del arguments[0]
    if not arguments or arguments[0] not in VERBS:
        return show_verbs(arguments)
    verb, *rest = arguments
    if leading_debug:
        rest.append(DEBUG_FLAG)
    return run_command(*VERBS[verb], rest, program=f"understudy {verb}")


def show_verbs(arguments: Sequence[str]) -> int:
    """Answers `--help` and no verb at all with the list of verbs, a verb that does not exist with a sentence."""
    if arguments and arguments[0] not in ("--help", "-h"):
        _print_mistake(f"understudy has no verb {arguments[0]!r}; it has {', '.join(VERBS)} (see understudy --help).")
        return EXIT_MISTAKE
    from rich.table import Table
    from rich.text import Text

    from understudy.cli.show.terminal import Console

    table = Table.grid(padding=(0, 2))
    for verb, (module, name) in VERBS.items():
        table.add_row(Text(f"  {verb}", style="bold"), _first_line(_command_type(module, name), module))
    console = Console()
    console.print("usage: understudy VERB [--help] [FLAGS]\n")
    console.print("Learns to play a real-time mouse-and-keyboard game by watching one person play.\n")
    console.print(table)
    console.print(
        f"\nEvery verb takes --help, and {DEBUG_FLAG} for a detailed log. understudy --version says which one."
    )
    return EXIT_OK


def run_command(module_name: str, command_name: str, arguments: Sequence[str], program: str) -> int:
    """Parses the arguments into the module's dataclass and runs it; `main` and the guide's doors both end here."""
    arguments = list(arguments)
    debug = DEBUG_FLAG in arguments
    while DEBUG_FLAG in arguments:
        arguments.remove(DEBUG_FLAG)
    _set_up_logging(debug)

    def parse_and_run() -> int | None:
        import tyro

        command_type = _command_type(module_name, command_name)
        command = tyro.cli(command_type, prog=program, args=arguments)
        result: int | None = importlib.import_module(module_name).run(command)
        return result

    return _guarded(parse_and_run, show_traceback=debug)


def _first_line(command_type: Any, module_name: str) -> str:
    """What a verb does: from its dataclass, or from its module where the verb is a choice of several dataclasses."""
    described = command_type if isinstance(command_type, type) else importlib.import_module(module_name)
    return (described.__doc__ or "").strip().partition("\n")[0]


def _command_type(module_name: str, command_name: str) -> Any:
    return getattr(importlib.import_module(module_name), command_name)


def _set_up_logging(debug: bool) -> None:
    """The only place that configures logging; rooms just ask for their logger. Other packages only warn."""
    log_to_stderr("%(asctime)s %(name)s %(levelname)s %(message)s" if debug else "%(message)s")
    logging.getLogger("understudy").setLevel(logging.DEBUG if debug else logging.INFO)


def _guarded(action: Callable[[], int | None], show_traceback: bool = False) -> int:
    """Runs `action`; turns a user's mistake, a refused flag, Ctrl-C and a closed pipe into exit codes."""
    try:
        return int(action() or EXIT_OK)
    except UnderstudyError as mistake:
        if show_traceback:
            logging.getLogger(__name__).debug("where it happened", exc_info=True)
        _print_mistake(str(mistake))
        return EXIT_MISTAKE
    except SystemExit as leaving:  # tyro leaves this way: 0 after --help, 2 after a wrong flag
        return leaving.code if isinstance(leaving.code, int) else EXIT_OK
    except KeyboardInterrupt:
        _print_mistake("Stopped.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # `understudy ... | head`: whoever read has gone, so nothing is left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK


def _print_mistake(sentence: str) -> None:
    from rich.text import Text

    from understudy.cli.show.terminal import Console

    Console(stderr=True, soft_wrap=True).print(Text(sentence, style="red"))


if __name__ == "__main__":
    sys.exit(main())
