"""The result of a comparison as a table on the terminal."""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from understudy.evaluation.comparison.comparison_result import ComparisonResult, EntryResult
from understudy.evaluation.comparison.statistics import Estimate
from understudy.evaluation.report.formatting import figure, name_of, percent, time_text

STYLES = {"policy": "bold cyan", "person": "yellow", "baseline": ""}


def verdict_table(verdict: ComparisonResult) -> Table:
    """Returns a table of score, share of the teacher's, kills, boxes and deaths with 95 % intervals; 80 columns."""
    person = name_of(verdict.row(verdict.person))
    table = Table(
        title=f"{verdict.num_worlds} {verdict.purpose.lower()} worlds × {time_text(verdict.seconds)}, 95 % intervals",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", no_wrap=True)
    for name in ("score\n/min", f"of\n{person}", "kills\n/min", "boxes\n/min", "deaths\n/h"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in verdict.rows:
        table.add_row(Text(name_of(row), STYLES[row.kind]), *_cells(row))
    return table


def _cells(row: EntryResult) -> list[Text]:
    share = row.normalised
    return [
        _cell(row.score, row),
        _two_lines(percent(share.value), f"{percent(share.low).removesuffix(' %')}…{percent(share.high)}", row),
        _cell(row.kills_per_minute, row),
        _cell(row.boxes_per_minute, row),
        _cell(row.deaths_per_hour, row),
    ]


def _cell(estimate: Estimate, row: EntryResult) -> Text:
    value, low, high = (figure(one) for one in (estimate.value, estimate.low, estimate.high))
    return _two_lines(value, f"{low}…{high}", row)


def _two_lines(value: str, interval: str, row: EntryResult) -> Text:
    return Text.assemble((value, STYLES[row.kind]), "\n", (interval, "dim"))
