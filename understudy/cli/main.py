"""The command `understudy`: runs a verb, and converts errors to a sentence and an exit code.

Only the module of the given verb is imported, so `--help` works without torch, numba, numpy or pygame.
"""

import difflib
import importlib
import logging
import sys
from collections.abc import Sequence

from understudy.cli.entry.exit_codes import EXIT_OK
from understudy.cli.entry.handled_errors import DEBUG_FLAG, run_to_exit_code
from understudy.cli.entry.text_output import take_any_character
from understudy.cli.entry.verbs import ALIASES, VERBS, help_lines
from understudy.contract.errors import FlagError

VERSION_FLAG = "--version"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb.

    Args:
        arguments: the command line after `understudy`; by default that of this process.

    Returns:
        The exit code: 0, 2 after a mistake of the user, 130 after Ctrl-C.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    leading_debug = arguments[:1] == [DEBUG_FLAG]
    if leading_debug:
        del arguments[0]
    verb, *rest = arguments or ["--help"]
    if verb in ALIASES:
        verb, *words = ALIASES[verb]
        rest = [*words, *rest]
    if verb not in VERBS:
        take_any_character(sys.stdout, sys.stderr)
        return run_to_exit_code(lambda: answer_without_verb(verb))
    if VERSION_FLAG in rest:
        return run_to_exit_code(say_version)
    if leading_debug:
        rest.append(DEBUG_FLAG)
    return run_command(*VERBS[verb], rest, program=f"understudy {verb}")


def answer_without_verb(word: str) -> int:
    """Handles --help and --version.

    Raises:
        FlagError: for any other word; the message lists the most similar verb and all others.
    """
    if word in ("--help", "-h"):
        return show_verbs()
    if word == VERSION_FLAG:
        return say_version()
    nearest = difflib.get_close_matches(word.lower(), (*VERBS, *ALIASES), n=1)
    meant = f"did you mean {nearest[0]}? It" if nearest else "it"
    raise FlagError(f"understudy has no verb {word!r}; {meant} has {', '.join(VERBS)} (see understudy --help).")


def say_version() -> int:
    """Prints the version of the installed package."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("understudy")
    except PackageNotFoundError:
        number = "(not installed: run from its source)"
    sys.stdout.write(f"understudy {number}\n")
    return EXIT_OK


def show_verbs() -> int:
    """Prints the list of verbs in their groups."""
    sys.stdout.write("\n".join((*help_lines(), "")))
    return EXIT_OK


def run_command(module_name: str, command_name: str, arguments: Sequence[str], program: str) -> int:
    """Parses the arguments into the module's dataclass and runs it; used by `main` and by the guide's scripts."""
    arguments = list(arguments)
    debug = DEBUG_FLAG in arguments
    while DEBUG_FLAG in arguments:
        arguments.remove(DEBUG_FLAG)
    take_any_character(sys.stdout, sys.stderr)
    _set_up_logging(debug)

    def parse_and_run() -> int | None:
        import tyro

        from understudy.cli.entry.help_groups import show_grouped_help
        from understudy.cli.flags.number_ranges import check_ranges
        from understudy.cli.flags.output_paths import check_outputs
        from understudy.cli.flags.spellings import NO_NONE
        from understudy.cli.results.json_output import json_to_stdout
        from understudy.contract.numba_cache import ensure_cache_folder

        command_type = getattr(importlib.import_module(module_name), command_name)
        show_grouped_help(command_type, arguments, program)
        command = tyro.cli(command_type, prog=program, args=arguments, config=NO_NONE)
        check_ranges(command)
        check_outputs(command)
        ensure_cache_folder()
        with json_to_stdout(command):
            result: int | None = importlib.import_module(module_name).run(command)
        return result

    return run_to_exit_code(parse_and_run, show_traceback=debug)


def _set_up_logging(debug: bool) -> None:
    """Configures logging, the only place that does; other packages log warnings only."""
    from understudy.contract.terminal_text import log_to_stderr

    log_to_stderr("%(asctime)s %(name)s %(levelname)s %(message)s" if debug else "%(message)s")
    logging.getLogger("understudy").setLevel(logging.DEBUG if debug else logging.INFO)


if __name__ == "__main__":
    sys.exit(main())
