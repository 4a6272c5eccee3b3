"""`understudy doctor`: diagnostics of recordings and of the desktop, with advice."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from understudy.cli.flags.number_ranges import Monitor
from understudy.cli.flags.spellings import DetectorWeights
from understudy.cli.results.json_output import JsonFlag
from understudy.perception.model_files.execution_provider import Device

if TYPE_CHECKING:
    from rich.table import Table

    from understudy.contract.profile import Profile
    from understudy.evaluation.diagnostics.findings import Diagnostics, Finding
    from understudy.worlds.desktop.desktop_checks import Finding as DesktopFinding
    from understudy.worlds.desktop.desktop_checks import Severity

NUM_TIMED = 10
SLOWEST_S = 0.125
"""Down to 8 pictures a second policies keep most of their score (benchmarks/desktop.md)."""


@dataclass(frozen=True, kw_only=True)
class Doctor(JsonFlag):
    """Diagnose problems in recordings before training, or on the desktop before playing."""

    path: Positional[Path | None] = None
    """Recording, or folder of recordings; by default data/recordings and recordings/v2_training."""
    desktop: bool = False
    """Check the desktop instead: capture, scaling, cursor range, focus, keys. Moves the mouse, presses nothing."""
    window: str | None = None
    """With --desktop: title of the game's window; by default the whole monitor is checked."""
    monitor: Monitor = 1
    """With --desktop: number of the monitor, counted from 1."""
    profile: str = "darkorbit"
    """With --desktop: name of the game's profile, or path of its .toml file."""
    model: DetectorWeights = None
    """With --desktop: weights of the detector; by default those that come with the profile, where there are any."""
    device: Device = "auto"
    """With --desktop: where the detector runs; auto takes the best that is installed and works."""


def run(command: Doctor) -> None:
    """Examines the recordings with a progress bar and prints the findings."""
    if command.desktop:
        return run_desktop(command)
    from rich.progress import Progress as Bar

    from understudy.cli.results.json_output import print_result
    from understudy.cli.show.terminal import Console
    from understudy.evaluation.diagnostics.diagnose import diagnose

    with Bar(transient=True, console=Console(stderr=True)) as bar:
        task = bar.add_task("examining", total=None)
        diagnosis = diagnose(command.path, lambda done, total: bar.update(task, completed=done, total=total))
    if command.json:
        print_result("doctor", diagnosis)
        return None
    console = Console(highlight=False)
    console.print(f"{diagnosis.num_recordings} recordings, {diagnosis.minutes:.1f} minutes to learn from")
    console.print(findings_table(diagnosis) if diagnosis.findings else "Nothing is wrong with them.")
    console.print(figures_table(diagnosis))
    return None


def findings_table(diagnosis: "Diagnostics") -> "Table":
    """Returns the table of problems, the worst first."""
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
    """Returns the table of figures without problems."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    fine: list[Finding] = [sign for sign in diagnosis.signs if not sign.severity]
    for sign in fine:
        table.add_row(Text("fine", "green"), Text(sign.what), Text(sign.figure, "dim"))
    return table


def run_desktop(command: "Doctor") -> None:
    """Runs the desktop checks; prints each finding as soon as it is measured.

    Raises:
        WorldError: if there is no display, or no such window or monitor.
        FlagError: if the detector's device is not there.
    """
    from itertools import chain

    from rich.text import Text

    from understudy.cli.results.diagnostics import DesktopFindings
    from understudy.cli.results.json_output import print_result
    from understudy.cli.show.terminal import Console
    from understudy.worlds.catalog import load_profile
    from understudy.worlds.desktop.desktop_checks import Severity, examine

    profile, console = load_profile(command.profile), Console(highlight=False, soft_wrap=True)
    detector = _check_detector(command, profile)
    findings = chain(examine(profile, command.window, command.monitor), detector)
    if command.json:
        print_result("doctor --desktop", DesktopFindings(findings=tuple(findings)))
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


def _check_detector(command: Doctor, profile: "Profile") -> "Sequence[DesktopFinding]":
    """How fast the detector is; nothing where the game has none yet."""
    import time

    import numpy as np

    from understudy.contract.observation import TICK_S
    from understudy.perception.detector_loader import open_detector
    from understudy.perception.onnx_detector import WEIGHTS
    from understudy.worlds.desktop.desktop_checks import Finding, Severity

    if command.model is None and not (WEIGHTS / f"{profile.name}.onnx").is_file():
        return ()
    detector = open_detector(command.model, profile, device=command.device)
    frame, took_s = np.zeros((profile.window_height, profile.window_width, 3), np.uint8), []
    for _ in range(NUM_TIMED + 1):
        began_s = time.perf_counter()
        detector.detect(frame)
        took_s.append(time.perf_counter() - began_s)
    typical_s = float(np.median(took_s[1:]))  # the first one pays for what is set up
    slow = typical_s > SLOWEST_S
    finding = Finding(
        weight=Severity.WARNING if slow else Severity.NOTE if typical_s > TICK_S else Severity.FINE,
        what="the detector",
        figure=f"{1000 * typical_s:.1f} ms a picture ({1 / typical_s:.0f} a second). {detector.runs_on}",
        advice="give a smaller one, such as YOLO11n at 640 pixels, or another --device"
        if slow
        else "decisions keep 20 a second; objects are moved on by their velocity between two pictures"
        if typical_s > TICK_S
        else "",
    )
    return (finding,)
