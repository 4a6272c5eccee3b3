"""Tables of the report: scores, maps, travel, modes, style, and the metrics and pictures of policy heads."""

from understudy.evaluation.comparison.comparison_result import ComparisonResult
from understudy.evaluation.offline.head_metrics import HeadReport, Metric
from understudy.evaluation.report import plots
from understudy.evaluation.report.formatting import cell, dotted_name, figure, name_of, percent, percent_cell
from understudy.evaluation.report.page_parts import Cell, HeadPart, Plot, Table
from understudy.evaluation.rollouts.play_counters import CLICK_KINDS


def score_table(verdict: ComparisonResult) -> Table:
    """Returns the score of every pilot, with the rates of kills, boxes, deaths and damage."""
    heads = (
        "",
        "score",
        "share of\n" + name_of(verdict.row(verdict.person)),
        "kills\na minute",
        "boxes\na minute",
        "deaths\nan hour",
        "health lost\na minute",
        "shots\nthat hit",
        "mean\nscore",
    )
    rows = []
    for row in verdict.rows:
        cells = (
            dotted_name(verdict, row),
            cell(row.score),
            percent_cell(row.normalised),
            cell(row.kills_per_minute),
            cell(row.boxes_per_minute),
            cell(row.deaths_per_hour),
            cell(row.damage_taken_per_minute, 2),
            percent_cell(row.hit_rate),
            cell(row.mean_score),
        )
        rows.append((row.kind, cells))
    return Table(heads, tuple(rows))


def map_table(verdict: ComparisonResult) -> Table:
    """Returns scores and death rates by start map."""
    heads = (
        "",
        *(f"{place.map_name}\nscore" for place in verdict.rows[0].maps),
        *(f"{place.map_name}\ndeaths an hour" for place in verdict.rows[0].maps),
    )
    rows = [
        (
            row.kind,
            (
                dotted_name(verdict, row),
                *(cell(place.score) for place in row.maps),
                *(Cell(figure(place.deaths_per_hour)) for place in row.maps),
            ),
        )
        for row in verdict.rows
    ]
    return Table(heads, tuple(rows))


def travel_table(verdict: ComparisonResult) -> Table:
    """Returns how the policies and the person move over the maps, and where each spent its time."""
    heads = (
        "",
        "maps\nvisited",
        "portals\na minute",
        "returns to a base\nan hour",
        "idle",
        *(f"time on\n{place.map_name}" for place in verdict.rows[0].maps),
    )
    lines = [
        (
            row.kind,
            (
                dotted_name(verdict, row),
                cell(travel.maps_visited),
                cell(travel.portals_per_minute, 3),
                cell(travel.returns_per_hour),
                percent_cell(travel.idle_share),
                *(Cell(percent(place.time_share)) for place in row.maps),
            ),
        )
        for row in verdict.rows
        if row.kind != "baseline" and (travel := row.travel) is not None
    ]
    return Table(heads, tuple(lines))


def mode_table(verdict: ComparisonResult) -> Table | None:
    """Returns time, points and damage by mode; None if no pilot has modes."""
    moded = [row for row in verdict.rows if row.modes]
    if not moded:
        return None
    heads = ("", "mode", "time", "points\na minute", "health lost\na minute", "deaths")
    rows = [
        (
            row.kind,
            (
                dotted_name(verdict, row) if mode is row.modes[0] else Cell(),
                Cell(mode.mode),
                Cell(percent(mode.time_share)),
                Cell(figure(mode.value_per_minute)),
                Cell(figure(mode.damage_taken_per_minute, 2)),
                Cell(str(mode.deaths)),
            ),
        )
        for row in moded
        for mode in row.modes
    ]
    return Table(heads, tuple(rows))


def style_table(verdict: ComparisonResult) -> Table:
    """Returns style metrics of the policies and the person; baselines are left out."""
    rows = [row for row in verdict.rows if row.kind != "baseline"]
    lines: list[tuple[str, list[str]]] = [
        ("boxes among boxes and kills", [percent(row.behaviour.box_share) for row in rows]),
        (
            "distance to the target while shooting, window widths",
            [figure(row.behaviour.fight_range, 2) for row in rows],
        ),
        ("health at which it flies from those who shoot", [percent(row.behaviour.retreat_hp) for row in rows]),
        (
            "seconds from the first shot at it to its next click or key",
            [figure(row.behaviour.time_to_act, 2) for row in rows],
        ),
        ("clicks a minute", [figure(row.behaviour.clicks_per_minute) for row in rows]),
        ("key presses a minute", [figure(row.behaviour.key_presses_per_minute) for row in rows]),
        ("cursor travel, window widths a second", [figure(row.behaviour.cursor_travel, 2) for row in rows]),
        ("time in a safe zone", [percent(row.behaviour.safe_share) for row in rows]),
        ("different parts of the map entered a minute", [figure(row.behaviour.coverage) for row in rows]),
        *(
            (f"clicks on: {kind}", [percent(row.behaviour.click_mix[index]) for row in rows])
            for index, kind in enumerate(CLICK_KINDS)
        ),
        ("ticks that repeat the last action", [percent(row.behaviour.unchanged_share) for row in rows]),
    ]
    heads = ("", *(name_of(row) for row in rows))
    return Table(heads, tuple(("", tuple(Cell(text) for text in (name, *texts))) for name, texts in lines))


def head_part(head: HeadReport) -> HeadPart:
    """Returns one policy head: metrics beside their baselines, confusion matrix and reliability diagram."""
    heads: tuple[str, ...] = ("", "reached", "trivial", "", "guide asks")
    if not any(metric.floor is not None for metric in head.metrics):
        heads = heads[:-1]
    pictures = []
    if head.confusion is not None:
        pictures.append(("Confusion", Plot(plots.confusion_plot(head.confusion), f"Confusion of {head.name}")))
    if head.calibration is not None:
        pictures.append(("Calibration", Plot(plots.calibration_plot(head.calibration), f"Calibration of {head.name}")))
    metrics = Table(heads, tuple(("", _metric_cells(metric)[: len(heads)]) for metric in head.metrics))
    return HeadPart(head.name, metrics, tuple(pictures))


def _metric_cells(metric: Metric) -> tuple[Cell, ...]:
    show = percent if metric.is_share else lambda value: figure(value, 3)
    if metric.trivial is None:
        verdict_class = ""
    else:
        better = metric.value > metric.trivial if metric.higher_is_better else metric.value < metric.trivial
        verdict_class = "good" if better else "bad"
    return (
        Cell(metric.name),
        Cell(show(metric.value), mark=verdict_class),
        Cell("" if metric.trivial is None else show(metric.trivial)),
        Cell(small=metric.trivial_name),
        Cell("" if metric.floor is None else show(metric.floor)),
    )
