"""The evaluation report: one self-contained HTML file with scores, intervals, plots and the method of measurement."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from understudy.contract.errors import FlagError
from understudy.contract.safe_files import replace_bytes
from understudy.evaluation.comparison.comparison_result import ComparisonResult, EntryResult
from understudy.evaluation.offline.head_metrics import HeadReport
from understudy.evaluation.report import plots
from understudy.evaluation.report.formatting import figure, name_of, percent, range_text, time_text
from understudy.evaluation.report.page_parts import Card, Cell, Plot, Table, film_source
from understudy.evaluation.report.plots import CurvePanel
from understudy.evaluation.report.report_tables import (
    head_part,
    map_table,
    mode_table,
    score_table,
    style_table,
    travel_table,
)
from understudy.evaluation.report.templates import render

TEMPLATES = Path(__file__).with_name("templates")
VIDEO_KINDS = {".webm": "webm", ".mp4": "mp4"}
PURPOSES = {
    "HOLDOUT": "held-out worlds, used for nothing but this judgement",
    "CHOOSE": "worlds for choosing: not a final figure",
    "TRAIN": "worlds from the training space: not a final figure",
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """Contents of the report."""

    title: str
    verdict: ComparisonResult
    lead: str = ""
    """A sentence below the title."""
    facts: tuple[tuple[str, str], ...] = ()
    """Pairs of name and value, such as training data and training time."""
    curves: tuple[CurvePanel, ...] = ()
    heads: tuple[HeadReport, ...] = ()
    video: Path | None = None
    """A .webm or .mp4 of the policy's play, embedded in the page."""


def write_report(report: Report, path: Path) -> None:
    """Writes the report and creates its folder if needed.

    Raises:
        FlagError: if the video is neither .webm nor .mp4.
    """
    text = render_report(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(path, text.encode("utf-8"))


def render_report(report: Report) -> str:
    """Returns the report as HTML text."""
    verdict = report.verdict
    modes = mode_table(verdict)
    return render(
        TEMPLATES,
        "report.html",
        title=report.title,
        lead=report.lead,
        setting=_setting(verdict),
        cards=_cards(verdict),
        film=_film(report.video),
        score_plot=Plot(plots.score_plot(verdict), "Score of every pilot with its interval"),
        scores=score_table(verdict),
        map_plot=Plot(plots.map_plot(verdict), "Score of every pilot on each map"),
        maps=map_table(verdict),
        place_plot=Plot(plots.place_plot(verdict), "Time in each part of every map"),
        travel=travel_table(verdict),
        mode_plot=Plot(plots.mode_plot(verdict), "Shares of time in each mode") if modes else None,
        modes=modes,
        style=style_table(verdict),
        curves=[Plot(plots.curve_plot(one), one.title) for one in report.curves],
        heads=[head_part(head) for head in report.heads],
        facts=_fact_table(report.facts),
        method=_method(verdict),
    )


def _setting(verdict: ComparisonResult) -> str:
    """Returns the worlds that were played, and what for, in a sentence."""
    return (
        f"{verdict.num_worlds} worlds × {time_text(verdict.seconds)} on {len(verdict.rows[0].maps)} maps; "
        f"{PURPOSES[verdict.purpose]}."
    )


def _cards(verdict: ComparisonResult) -> tuple[Card, ...]:
    """Returns four numbers of the first policy: normalised score, score, death rate, probability of improvement."""
    policies = [row for row in verdict.rows if row.kind == "policy"]
    if not policies:
        return ()
    row, person = policies[0], verdict.row(verdict.person)
    return (
        Card(
            percent(row.normalised.value),
            f"95 % interval {percent(row.normalised.low)} to {percent(row.normalised.high)}",
            f"of {name_of(person)}'s score; random play is 0 %",
        ),
        Card(
            figure(row.score.value),
            range_text(row.score),
            f"points a minute; {name_of(person)} {figure(person.score.value)}",
        ),
        Card(
            figure(row.deaths_per_hour.value),
            range_text(row.deaths_per_hour),
            f"deaths an hour; {name_of(person)} {figure(person.deaths_per_hour.value)}{_times(row)}",
        ),
        Card(
            percent(row.improvement.value),
            f"95 % interval {percent(row.improvement.low)} to {percent(row.improvement.high)}",
            f"chance to outscore {name_of(verdict.row(verdict.reference))} in a world of the same map",
        ),
    )


def _times(row: EntryResult) -> str:
    """Returns the ratio of death rates as text; empty if the person never died."""
    ratio = row.deaths_ratio
    if not isfinite(ratio.high):
        return ""
    return f" ({figure(ratio.value, 2)} times as many, {figure(ratio.low, 2)} to {figure(ratio.high, 2)})"


def _film(video: Path | None) -> str:
    """Returns the video as a data URI; empty if there is none."""
    if video is None:
        return ""
    if video.suffix not in VIDEO_KINDS:
        raise FlagError(f"The report can hold {' or '.join(VIDEO_KINDS)} videos, but {video} was given.")
    return film_source(video.read_bytes(), VIDEO_KINDS[video.suffix])


def _fact_table(facts: tuple[tuple[str, str], ...]) -> Table | None:
    if not facts:
        return None
    return Table(("", ""), tuple(("", (Cell(name), Cell(value))) for name, value in facts), kind="words")


def _method(verdict: ComparisonResult) -> tuple[str, str]:
    """Returns two paragraphs: what was played, and how it was counted."""
    runs = ", ".join(f"{name_of(row)} {row.num_runs}" for row in verdict.rows if row.kind == "policy")
    training = f"Training seeds: {runs}. " if runs else ""
    last = verdict.first_seed + verdict.num_worlds - 1
    played = (
        f"Everyone played the same {verdict.num_worlds} seeded worlds ({verdict.first_seed} to {last}, space "
        f"{verdict.purpose}) for {time_text(verdict.seconds)} of game time each, spread evenly over the maps, by mouse "
        f"and keyboard alone. Score = (value of kills and boxes − 10 × deaths) per minute. {training}"
    )
    counted = (
        "Scores are interquartile means; intervals are 95 % percentile bootstraps, stratified by start map and paired: "
        "each replicate draws the same worlds for everyone. Deaths take the wider of that and the exact Poisson "
        "interval, hit rates Wilson's. The share is (score − random's) / (person's − random's), computed within each "
        "replicate. Holdout seeds are never used to choose a checkpoint or a setting."
    )
    return played, counted
