"""Number and name formatting for the report: digits, minus signs, percent, intervals."""

from math import isfinite

from understudy.evaluation.comparison.comparison_result import ComparisonResult, EntryResult
from understudy.evaluation.comparison.statistics import Estimate
from understudy.evaluation.report import plots
from understudy.evaluation.report.page_parts import Cell


def figure(value: float, digits: int = 1) -> str:
    """Formats a number with a typographic minus sign; a dash if it is not finite."""
    if not isfinite(value):
        return "–"
    # `+ 0.0` turns a rounded -0.0 into 0.0; the typographic minus sign aligns with the digits.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def percent(value: float) -> str:
    """Formats a share in percent; a dash if it is not finite."""
    return f"{figure(100 * value, 0)} %" if isfinite(value) else "–"


def range_text(estimate: Estimate) -> str:
    """Formats a 95 % interval in words."""
    return f"95 % interval {figure(estimate.low)} to {figure(estimate.high)}"


def cell(estimate: Estimate, digits: int = 1) -> Cell:
    """Formats a table cell: the value with its interval in small print below."""
    if not isfinite(estimate.value):
        return Cell("–")
    value, low, high = (figure(one, digits) for one in (estimate.value, estimate.low, estimate.high))
    return Cell(value, small=f"{low} to {high}")


def percent_cell(estimate: Estimate) -> Cell:
    """Formats a table cell as `cell` does, in percent."""
    if not isfinite(estimate.value):
        return Cell("–")
    return Cell(percent(estimate.value), small=f"{percent(estimate.low)} to {percent(estimate.high)}")


def time_text(seconds: float) -> str:
    """Formats a duration in minutes, or in seconds below one minute."""
    whole_minutes = seconds % 60 == 0
    return f"{figure(seconds / 60, 0 if whole_minutes else 1)} min" if seconds >= 60 else f"{seconds:.0f} s"


def name_of(row: EntryResult) -> str:
    """Returns a pilot's display name."""
    return row.name.replace("_", " ")


def dotted_name(verdict: ComparisonResult, row: EntryResult) -> Cell:
    """Returns a pilot's display name after a dot of its plot colour."""
    return Cell(name_of(row), dot=plots.colour_of(verdict, row))
