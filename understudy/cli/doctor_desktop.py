"""`understudy doctor --desktop`: tries the screen, the mouse and the keyboard out, and says what to do."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.cli.doctor import Doctor
    from understudy.worlds.desktop.examination import Weight


def run_desktop(command: "Doctor") -> None:
    """Prints each finding as soon as it is there.

    Raises:
        WorldError: if there is nothing to examine: no display, no such window or monitor.
    """
    from rich.console import Console
    from rich.text import Text

    from understudy.contract.wire import to_json
    from understudy.worlds.catalog import load_profile
    from understudy.worlds.desktop.examination import Weight, examine

    profile, console = load_profile(command.profile), Console(highlight=False, soft_wrap=True)
    findings = examine(profile, command.window, command.monitor)
    if command.json:
        print(to_json(list(findings)))
        return
    worst = Weight.FINE
    for number, finding in enumerate(findings):
        if number == 0 and finding.weight < Weight.SERIOUS:
            console.print("The mouse is moved to the corners of the window and back; nothing is pressed.")
        worst = max(worst, finding.weight)
        line = Text(f"{finding.weight.name.lower():8s}", _colour(finding.weight))
        line.append(f" {finding.what}: {finding.figure}", "default")
        if finding.advice:
            line.append(f"\n         {finding.advice}", "dim")
        console.print(line)
    if worst <= Weight.NOTE:
        console.print("The game can be watched and played here.")


def _colour(weight: "Weight") -> str:
    return ("green", "cyan", "yellow", "bold red")[weight]
