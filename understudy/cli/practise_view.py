"""The bar of `understudy practise`: simulated hours, score, deaths, speed."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from understudy.evaluation.practice_run import Report

RECENT = 0.1
"""Weight of the newest stretch in the figures shown."""


class PractiseBar:
    """One bar for practice, and one for the gate while it judges; in a `with` block."""

    def __init__(self, console: Console, hours: float) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<10}", table_column=Column(no_wrap=True, min_width=10)),
            BarColumn(bar_width=8),  # with the numbers it fills the 80 columns that a terminal has at least
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
        )
        self._practice = self._progress.add_task("practising", total=hours, numbers="")
        self._gate = self._progress.add_task("judging", total=None, visible=False, numbers="")
        self._score = self._deaths = float("nan")

    def show(self, report: Report) -> None:
        """After each stretch."""
        self._progress.update(self._gate, visible=False)
        self._score = _blend(self._score, report.score)
        self._deaths = _blend(self._deaths, report.deaths_per_hour)
        numbers = f"{report.hours:.1f} h  score {self._score:.1f}  deaths {self._deaths:.1f}/h  "
        if report.learned.policy is not None:
            numbers += f"unlike {report.learned.policy.unlike_per_minute:.1f}  "
        numbers += f"{report.times_real:.0f}x"
        self._progress.update(self._practice, completed=report.hours, numbers=numbers)

    def show_gate(self, done: int, whole: int) -> None:
        """While candidate and incumbent play."""
        self._progress.update(self._gate, completed=done, total=whole, visible=done < whole)

    def __enter__(self) -> "PractiseBar":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        self._progress.stop()


def _blend(average: float, reading: float) -> float:
    return reading if average != average else average + RECENT * (reading - average)
