"""Progress bars of `understudy practise`."""

from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from understudy.cli.show.terminal import Console

if TYPE_CHECKING:
    from understudy.practice.run import RolloutReport

RECENT = 0.1
"""Weight of the newest rollout in the moving averages shown."""


class PractiseBar:
    """Progress bars of training and of the gate; in a `with` block."""

    def __init__(self, console: Console, hours: float) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<10}", table_column=Column(no_wrap=True, min_width=10)),
            BarColumn(bar_width=8),  # with the numbers this fills 80 columns, the minimum width of a terminal
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
        )
        self._practice = self._progress.add_task("practising", total=hours, numbers="")
        self._gate = self._progress.add_task("judging", total=None, visible=False, numbers="")
        self._score = self._deaths = float("nan")

    def show(self, report: "RolloutReport") -> None:
        """Updates the bar of training; called after each rollout."""
        self._progress.update(self._gate, visible=False)
        self._score = _blend(self._score, report.score)
        self._deaths = _blend(self._deaths, report.deaths_per_hour)
        numbers = f"{report.hours:.1f} h  score {self._score:.1f}  deaths {self._deaths:.1f}/h  "
        if report.learned.policy is not None:
            numbers += f"KL {report.learned.policy.kl_to_reference:.1f}  "
        numbers += f"{report.times_real:.0f}x"
        self._progress.update(self._practice, completed=report.hours, numbers=numbers)

    def show_gate(self, done: int, whole: int) -> None:
        """Updates the bar of the gate; called while candidate and incumbent play."""
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
