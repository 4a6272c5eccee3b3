"""`understudy detector discover`: searches recordings for a game's objects, bars and panels."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.cli.detector import Discover
    from understudy.cli.results.detector import DetectorDiscover
    from understudy.cli.show.terminal import Console
    from understudy.perception.discovery.discovered import Discovery


def discover_recordings(command: "Discover") -> int:
    """Writes the discovery, and prints what was found and what to do with it.

    Raises:
        UnderstudyError: if there is nothing to search or to find.
    """
    import time

    from understudy.cli.results.json_output import print_result
    from understudy.cli.show.terminal import Console
    from understudy.contract.errors import FlagError

    if not command.recordings:
        raise FlagError("No recording was given: name recordings with pictures, or folders of them.")
    console = Console(soft_wrap=True, highlight=False)
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    discovery = discover_with_bars(command.recordings, command.out, console)
    took_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - begun_cpu_s
    _tell(console, discovery, command.out, took_s)
    if command.json:
        print_result("detector discover", _result(discovery, command.out, took_s, cpu_s))
    return 0


def discover_with_bars(recordings: tuple[Path, ...], out: Path, console: "Console") -> "Discovery":
    """Writes the discovery of recordings, with a progress bar for each stage.

    Raises:
        UnderstudyError: if there is nothing to search or to find.
    """
    from rich.progress import Progress, TaskID

    from understudy.learning.detector.discover import discover

    with Progress(console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        return discover(recordings, out, show)


def _tell(console: "Console", discovery: "Discovery", folder: Path, took_s: float) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from understudy.perception.discovery.discovery_files import CONTACT_SHEET

    table = Table("kind", "suggested", "sightings", "clicks", "over chance", "pixels", "moves", box=SIMPLE_HEAD)
    for kind in discovery.kept:
        role = kind.suggested_role.name.lower() if kind.suggested_role else "-"
        size = f"{kind.width * discovery.frame_width:.0f} x {kind.height * discovery.frame_height:.0f}"
        counts = (str(kind.num_sightings), str(kind.num_clicks), f"{kind.click_lift:.1f}")
        table.add_row(kind.shown_name, role, *counts, size, "yes" if kind.moves else "no")
    console.print(table)
    gauges = ", ".join(f"one may be {bar.suggested_gauge}" for bar in discovery.bars if bar.suggested_gauge)
    thrown = len(discovery.kinds) - len(discovery.kept)
    console.print(
        f"{len(discovery.kept)} kinds of objects in {discovery.num_frames} frames ({thrown} groups thrown away), "
        f"{len(discovery.panels)} panels, {len(discovery.bars)} bars{f' ({gauges})' if gauges else ''}; "
        f"{discovery.background} background; {took_s:.0f} s",
        markup=False,
    )
    console.print(f"Look at what was found:  {folder / CONTACT_SHEET}", markup=False)
    console.print(f"A detector of it:  understudy detector train --discovery {folder}", markup=False)


def _result(discovery: "Discovery", folder: Path, took_s: float, cpu_s: float) -> "DetectorDiscover":
    from understudy.cli.results.detector import DetectorDiscover, DiscoveredKind
    from understudy.perception.discovery.discovery_files import CONTACT_SHEET, TILES

    same = ("id", "num_sightings", "num_clicks", "click_lift", "width", "height", "moves", "vanishes_after_click")
    kinds = tuple(
        DiscoveredKind(
            **{name: getattr(kind, name) for name in same},
            suggested_role=kind.suggested_role.name if kind.suggested_role else None,
            thrown_away=kind.thrown_away,
            tile=folder / TILES / kind.tile,
        )
        for kind in discovery.kinds
    )
    return DetectorDiscover(
        folder=folder,
        contact_sheet=folder / CONTACT_SHEET,
        background=discovery.background,
        num_frames=discovery.num_frames,
        num_presses=discovery.num_presses,
        kinds=kinds,
        num_panels=len(discovery.panels),
        num_bars=len(discovery.bars),
        took_s=took_s,
        cpu_s=cpu_s,
    )
