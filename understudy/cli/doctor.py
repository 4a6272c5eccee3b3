"""Says what is wrong with recordings, or with the desktop, before anybody trains or plays, and what to do about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from understudy.cli.flags.number_ranges import Monitor

if TYPE_CHECKING:
    from rich.table import Table

    from understudy.evaluation.diagnostics.findings import Diagnostics, Finding
    from understudy.worlds.desktop.desktop_checks import Severity


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Say what is wrong with recordings before training from them, or with the desktop before playing on it."""

    path: Positional[Path | None] = None
    """Folder or file; by default data/recordings and recordings/v2_training."""
    json: bool = False
    """Print everything as one line of JSON, for programs."""
    desktop: bool = False
    """Examine the screen instead: pictures, scaling, the cursor's range, focus, keys. Moves the mouse, no more."""
    window: str | None = None
    """With --desktop: title of the game's window; by default the whole monitor."""
    monitor: Monitor = 1
    """With --desktop: which monitor, counted from 1."""
    profile: str = "darkorbit"
    """With --desktop: which game, the name of a profile or a path to one (.toml)."""


def run(command: Doctor) -> None:
    """Examines the recordings with a progress bar and prints what was found."""
    if command.desktop:
        return run_desktop(command)
    from rich.progress import Progress as Bar

    from understudy.cli.show.terminal import Console
    from understudy.contract.serialization import to_json
    from understudy.evaluation.diagnostics.diagnose import diagnose

    with Bar(transient=True, console=Console(stderr=True)) as bar:
        task = bar.add_task("examining", total=None)
        diagnosis = diagnose(command.path, lambda done, total: bar.update(task, completed=done, total=total))
    if command.json:
        print(to_json(diagnosis))
        return None
    console = Console(highlight=False)
    console.print(f"{diagnosis.num_recordings} recordings, {diagnosis.minutes:.1f} minutes to learn from")
    console.print(findings_table(diagnosis) if diagnosis.findings else "Nothing is wrong with them.")
    console.print(figures_table(diagnosis))
    return None


def findings_table(diagnosis: "Diagnostics") -> "Table":
    """What is wrong, the worst first."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from understudy.evaluation.diagnostics.findings import Severity

    colours = {Severity.SERIOUS: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
    table = Table("", "what is wrong", "figure", "what to do", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for sign in diagnosis.findings:
        severity = Text(sign.severity.name.lower(), colours[sign.severity])
        table.add_row(severity, Text(sign.what), Text(sign.figure), Text(sign.advice))
    return table


def figures_table(diagnosis: "Diagnostics") -> "Table":
    """What is fine."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    fine: list[Finding] = [sign for sign in diagnosis.signs if not sign.severity]
    for sign in fine:
        table.add_row(Text("fine", "green"), Text(sign.what), Text(sign.figure, "dim"))
    return table


def run_desktop(command: "Doctor") -> None:
    """Prints each finding as soon as it is there.

    Raises:
        WorldError: if there is nothing to examine: no display, no such window or monitor.
    """
    from rich.text import Text

    from understudy.cli.show.terminal import Console
    from understudy.contract.serialization import to_json
    from understudy.worlds.catalog import load_profile
    from understudy.worlds.desktop.desktop_checks import Severity, examine

    profile, console = load_profile(command.profile), Console(highlight=False, soft_wrap=True)
    findings = examine(profile, command.window, command.monitor)
    if command.json:
        print(to_json(list(findings)))
        return
    worst = Severity.FINE
    for number, finding in enumerate(findings):
        if number == 0 and finding.weight < Severity.SERIOUS:
            console.print("The mouse is moved to the corners of the window and back; nothing is pressed.")
        worst = max(worst, finding.weight)
        line = Text(f"{finding.weight.name.lower():8s}", _colour(finding.weight))
        line.append(f" {finding.what}: {finding.figure}", "default")
        if finding.advice:
            line.append(f"\n         {finding.advice}", "dim")
        console.print(line)
    if worst <= Severity.NOTE:
        console.print("The game can be watched and played here.")


def _colour(weight: "Severity") -> str:
    return ("green", "cyan", "yellow", "bold red")[weight]
