"""Nothing that was read from a file speaks to the terminal: not through the log, not through any console."""

import io
import logging
from pathlib import Path

import pytest
from rich.progress import Progress
from rich.table import Table

from understudy.cli.show.terminal import Console
from understudy.contract.terminal_text import escape_controls, log_to_stderr

EVIL = "a\x1b]0;title\x07b\x9b2Jc\u202ed\ud800[/red]\r"


def test_control_characters_are_shown_by_their_codes_and_lines_stay_lines() -> None:
    assert escape_controls("one\n\ttwo é 本") == "one\n\ttwo é 本"
    assert escape_controls(EVIL) == r"a\x1b]0;title\x07b\x9b2Jc\u202ed\ud800[/red]\r"


def test_a_console_writes_them_out_wherever_the_text_stands() -> None:
    out = io.StringIO()
    console = Console(file=out, width=400, force_terminal=False)
    table = Table(title=EVIL)
    table.add_column(EVIL)
    table.add_row(EVIL)
    console.print(EVIL, table)
    console.print(EVIL, style="red")
    console.rule(EVIL)
    assert out.getvalue().replace("\n", "").isprintable()
    assert out.getvalue().count(r"\x1b]0;title") == 6 and "[/red]" in out.getvalue()


def test_a_heading_in_a_pipe_ends_at_column_80(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    out = io.StringIO()
    Console(file=out).heading("2 of 3: learning")
    assert out.getvalue().startswith("2 of 3: learning \u2500") and len(out.getvalue().rstrip()) == 80


def test_a_consoles_own_colours_and_bars_stay() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system="standard")
    with Progress(console=console) as bars:
        bars.add_task("\x1b[2Jplaying", total=2)
        console.print("mistake", style="red")
    assert "\x1b[31mmistake\x1b[0m" in out.getvalue()
    assert "\x1b[2J" not in out.getvalue() and "\x1b[2K" in out.getvalue()


def test_the_log_writes_them_out(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        log_to_stderr("%(message)s")
        logging.getLogger("understudy.test").warning("odd file %s", EVIL)
        assert capsys.readouterr().err == r"odd file a\x1b]0;title\x07b\x9b2Jc\u202ed\ud800[/red]\r" + "\n"
    finally:
        root.handlers[:], root.level = before


def test_every_verb_prints_on_that_console(project_root: Path) -> None:
    sources = [path for path in (project_root / "understudy").rglob("*.py") if path.name != "terminal.py"]
    made = [
        path.name
        for path in sources
        if "from rich.console import Console" in (code := path.read_text(encoding="utf-8")) and " Console(" in code
    ]
    assert made == []
