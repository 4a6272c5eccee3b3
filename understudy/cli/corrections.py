"""List, show and edit corrections before fine-tuning on them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional

from understudy.cli.flags.number_ranges import Probability, Range
from understudy.cli.flags.output_paths import OutputFile
from understudy.cli.flags.spellings import OUT_PAGE, Flag
from understudy.cli.results.json_output import JsonFlag

if TYPE_CHECKING:
    from understudy.cli.results.corrections import ListedCorrection
    from understudy.feedback.correction import Correction
    from understudy.feedback.correction_reader import Entry, Read

FOLDER = Path("logs/vlm_corrections")
EXIT_PROBLEMS = 1
CORRECTION_NUMBERS = Range(1, 1_000_000_000)
MAX_CELL = 1000
"""Maximum number of characters shown of one text field."""
ModeName = Literal["FIGHT", "LOOT", "FLEE", "EXPLORE", "CAUTIOUS"]


@dataclass(frozen=True, kw_only=True)
class List(JsonFlag):
    """List corrections, one per line; exit code 1 if any line of the files is unreadable."""

    corrections_dir: Path = FOLDER
    """Folder of corrections_TIMESTAMP.jsonl files, or one such file."""
    all: Flag[bool] = False
    """Include agreements: moments with nothing to correct."""


@dataclass(frozen=True, kw_only=True)
class Show(JsonFlag):
    """Write an HTML page that shows each correction with its picture."""

    numbers: Positional[Annotated[tuple[int, ...], CORRECTION_NUMBERS]] = ()
    """Numbers of the corrections in the list; by default all except agreements."""
    corrections_dir: Path = FOLDER
    """Folder of corrections_TIMESTAMP.jsonl files, or one such file."""
    page: Annotated[OutputFile, OUT_PAGE] = Path("corrections.html")
    """HTML file to write."""


@dataclass(frozen=True, kw_only=True)
class Edit(JsonFlag):
    """Change or delete one correction."""

    number: Positional[Annotated[int, CORRECTION_NUMBERS]]
    """Number of the correction in the list."""
    corrections_dir: Path = FOLDER
    """Folder of corrections_TIMESTAMP.jsonl files, or one such file."""
    mode: ModeName | None = None
    """The correct mode."""
    confidence: Probability | None = None
    """Confidence of the correction, 0..1."""
    reason: str | None = None
    """Reason for the correction."""
    drop: Flag[bool] = False
    """Delete the correction from its file."""


Corrections = List | Show | Edit


def run(command: Corrections) -> int:
    """Runs the subcommand; returns the exit code."""
    from understudy.feedback.correction_reader import read_corrections

    read = read_corrections(command.corrections_dir)
    match command:
        case List():
            return _list(command, read)
        case Show():
            return _show(command, read)
        case Edit():
            return _edit(command, read)


def _list(command: List, read: "Read") -> int:
    from rich.table import Table
    from rich.text import Text

    from understudy.cli.results.corrections import CorrectionsList
    from understudy.cli.results.json_output import print_result
    from understudy.cli.show.terminal import Console
    from understudy.contract.terminal_text import printable

    console = Console(soft_wrap=True)
    table = Table()
    for column in ("number", "when", "by", "bot", "right", "sure", "why", "state"):
        table.add_column(column, justify="right" if column in ("number", "sure") else "left")
    shown = [each for each in enumerate(read.entries, 1) if command.all or each[1].correction.differs]
    for number, entry in shown:
        one = entry.correction
        cells = (str(number), one.when[:19], one.model or one.source, one.bot_action.name, one.vlm_correction.name)
        words = (f"{one.confidence:.0%}", one.reason, one.state.words)
        table.add_row(*(Text(printable(cell, MAX_CELL)) for cell in (*cells, *words)))
    if shown:
        console.print(table)
    corrected = sum(entry.correction.differs for entry in read.entries)
    console.print(
        f"{corrected} corrections, {len(read.entries) - corrected} agreements in {len(read.paths)} files.",
        highlight=False,
    )
    for problem in read.problems:
        console.print(printable(problem, MAX_CELL), style="yellow", markup=False, highlight=False)
    if command.json:
        result = CorrectionsList(
            corrections=tuple(_listed(number, entry) for number, entry in shown),
            num_corrections=corrected,
            num_agreements=len(read.entries) - corrected,
            paths=tuple(read.paths),
            problems=tuple(read.problems),
        )
        print_result("corrections list", result)
    return EXIT_PROBLEMS if read.problems else 0


def _listed(number: int, entry: "Entry") -> "ListedCorrection":
    """Returns a correction for --json."""
    from understudy.cli.results.corrections import ListedCorrection

    one = entry.correction
    return ListedCorrection(
        number=number,
        path=entry.path,
        line=entry.line,
        when=one.when,
        source=one.source,
        model=one.model,
        bot_mode=one.bot_action.name,
        mode=one.vlm_correction.name,
        bot_target=one.bot_target,
        target=one.target,
        confidence=one.confidence,
        reason=one.reason,
        state=one.state.words,
    )


def _chosen(read: "Read", number: int) -> "Entry":
    from understudy.contract.errors import FlagError

    if not 1 <= number <= len(read.entries):
        raise FlagError(
            f"There is no correction {number}: understudy corrections list --all counts {len(read.entries)}."
        )
    return read.entries[number - 1]


def _show(command: Show, read: "Read") -> int:
    from understudy.cli.results.corrections import CorrectionsShow
    from understudy.cli.results.json_output import print_result
    from understudy.cli.show.corrections_page import corrections_page
    from understudy.cli.show.output_file import write_output
    from understudy.cli.show.terminal import Console

    every = tuple(number for number, entry in enumerate(read.entries, 1) if entry.correction.differs)
    numbers = command.numbers or every
    page = corrections_page((number, _chosen(read, number)) for number in numbers)
    write_output(command.page, page.encode("utf-8", "backslashreplace"))
    what = "correction beside its picture" if len(numbers) == 1 else "corrections beside their pictures"
    Console(soft_wrap=True).print(f"{len(numbers)} {what}: {command.page}", highlight=False)
    if command.json:
        print_result("corrections show", CorrectionsShow(page=command.page, numbers=numbers))
    return 0


def _edit(command: Edit, read: "Read") -> int:
    from understudy.cli.show.terminal import Console
    from understudy.contract.errors import FlagError
    from understudy.contract.intent import Mode
    from understudy.feedback.correction_log import replace_line

    entry = _chosen(read, command.number)
    console = Console(soft_wrap=True)
    if command.drop:
        replace_line(entry.path, entry.line, None, entry.correction)
        console.print(
            f"Correction {command.number} is taken out of {entry.path}; those after it count one less now.",
            highlight=False,
        )
        _print_edit(command, None)
        return 0
    changes: dict[str, object] = {}
    if command.mode is not None:
        # An edited correction counts as a person's, which overrides any critic's about the same moment.
        changes |= {"vlm_correction": Mode[command.mode], "source": "person", "model": "", "target": None}
    if command.confidence is not None:
        changes["confidence"] = command.confidence
    if command.reason is not None:
        changes["reason"] = command.reason
    if not changes:
        raise FlagError("Nothing to change was given: say --mode, --confidence, --reason or --drop.")
    try:
        edited = replace(entry.correction, **changes)  # type: ignore[arg-type]
    except ValueError as problem:
        raise FlagError(f"Correction {command.number} stays as it is: {problem}.") from problem
    replace_line(entry.path, entry.line, edited, entry.correction)
    console.print(f"Correction {command.number} now says {edited.vlm_correction.name}.", highlight=False)
    _print_edit(command, edited)
    return 0


def _print_edit(command: Edit, now: "Correction | None") -> None:
    """Prints the correction as it is now, None for a deleted one, if --json asks for it."""
    from understudy.cli.results.corrections import CorrectionsEdit
    from understudy.cli.results.json_output import print_result

    if command.json:
        result = CorrectionsEdit(
            number=command.number,
            deleted=now is None,
            mode=None if now is None else now.vlm_correction.name,
            confidence=None if now is None else now.confidence,
            reason=None if now is None else now.reason,
        )
        print_result("corrections edit", result)
