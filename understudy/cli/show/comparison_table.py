"""The result of a comparison as tables on the terminal."""

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


def travel_table(verdict: ComparisonResult) -> Table:
    """Returns a table of how the policies and the teacher move over the maps; 80 columns with four maps."""
    rows = [(row, row.travel) for row in verdict.rows if row.kind != "baseline" and row.travel is not None]
    table = Table(title="Over the maps", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    shares = (f"on\n{place.map_name}" for place in verdict.rows[0].maps)
    for name in ("maps\nvisited", "portals\n/min", "returns\n/h", "idle", *shares):
        table.add_column(name, justify="right", no_wrap=True)
    for row, travel in rows:
        table.add_row(
            Text(name_of(row), STYLES[row.kind]),
            _cell(travel.maps_visited, row),
            _cell(travel.portals_per_minute, row, 3),
            _cell(travel.returns_per_hour, row),
            _share_cell(travel.idle_share, row),
            *(Text(percent(place.time_share), STYLES[row.kind]) for place in row.maps),
        )
    return table


def _cells(row: EntryResult) -> list[Text]:
    return [
        _cell(row.score, row),
        _share_cell(row.normalised, row),
        _cell(row.kills_per_minute, row),
        _cell(row.boxes_per_minute, row),
        _cell(row.deaths_per_hour, row),
    ]


def _cell(estimate: Estimate, row: EntryResult, digits: int = 1) -> Text:
    value, low, high = (figure(one, digits) for one in (estimate.value, estimate.low, estimate.high))
    return _two_lines(value, f"{low}…{high}", row)


def _share_cell(share: Estimate, row: EntryResult) -> Text:
    return _two_lines(percent(share.value), f"{percent(share.low).removesuffix(' %')}…{percent(share.high)}", row)


def _two_lines(value: str, interval: str, row: EntryResult) -> Text:
    return Text.assemble((value, STYLES[row.kind]), "\n", (interval, "dim"))
