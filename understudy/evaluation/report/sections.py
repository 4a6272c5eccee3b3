"""Sections of the report: scores, maps, modes, style, learning curves and policy heads, as plots with tables."""

from understudy.evaluation.comparison.comparison_result import ComparisonResult
from understudy.evaluation.offline.head_metrics import HeadReport, Metric
from understudy.evaluation.report import html, plots
from understudy.evaluation.report.formatting import cell, dotted_name, figure, name_of, percent, percent_cell
from understudy.evaluation.report.plots import CurvePanel
from understudy.evaluation.rollouts.play_counters import CLICK_KINDS


def score_section(verdict: ComparisonResult) -> str:
    """Renders the score of every pilot, with the rates of kills, boxes, deaths and damage."""
    heads = (
        "",
        "score",
        "share of\n" + name_of(verdict.row(verdict.person)),
        "kills\na minute",
        "boxes\na minute",
        "deaths\nan hour",
        "hull lost\na minute",
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
    return html.section(
        "Beside those it should resemble, and those it must beat",
        html.plot(plots.score_plot(verdict), "Score of every pilot with its interval"),
        html.table(heads, rows),
        note="Small figures are 95 % intervals. The score is an interquartile mean over worlds, which cuts off rare "
        "catastrophes; deaths and the plain mean beside it do not.",
    )


def map_section(verdict: ComparisonResult) -> str:
    """Renders scores and death rates by start map."""
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
                *(figure(place.deaths_per_hour) for place in row.maps),
            ),
        )
        for row in verdict.rows
    ]
    return html.section(
        "Map by map",
        html.plot(plots.map_plot(verdict), "Score of every pilot on each map"),
        html.table(heads, rows),
        note="By the map that a world begins on; danger rises from left to right. The scales differ.",
    )


def mode_section(verdict: ComparisonResult) -> str:
    """Renders time, points and damage by mode; empty if no pilot has modes."""
    moded = [row for row in verdict.rows if row.modes]
    if not moded:
        return ""
    heads = ("", "mode", "time", "points\na minute", "hull lost\na minute", "deaths")
    rows = [
        (
            row.kind,
            (
                dotted_name(verdict, row) if mode is row.modes[0] else "",
                mode.mode,
                percent(mode.time_share),
                figure(mode.value_per_minute),
                figure(mode.damage_taken_per_minute, 2),
                str(mode.deaths),
            ),
        )
        for row in moded
        for mode in row.modes
    ]
    return html.section(
        "What it thinks it is doing",
        html.plot(plots.mode_plot(verdict), "Shares of time in each mode"),
        html.table(heads, rows),
        note="Time by the Strategist's mode, and the outcome of the decisions taken in it.",
    )


def style_section(verdict: ComparisonResult) -> str:
    """Renders style metrics of the policies and the person; baselines are left out."""
    rows = [row for row in verdict.rows if row.kind != "baseline"]
    lines: list[tuple[str, list[str]]] = [
        ("boxes among boxes and kills", [percent(row.behaviour.box_share) for row in rows]),
        (
            "distance to the target while shooting, window widths",
            [figure(row.behaviour.fight_range, 2) for row in rows],
        ),
        ("hull at which it flies from those who shoot", [percent(row.behaviour.retreat_hp) for row in rows]),
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
    return html.section(
        "How it plays",
        html.table(heads, [("", [html.escape(name), *cells]) for name, cells in lines]),
        note="Style, not skill: an understudy should resemble the one it learned from.",
    )


def curve_section(curves: tuple[CurvePanel, ...]) -> str:
    """Renders learning curves; empty if there are none."""
    if not curves:
        return ""
    return html.section(
        "Learning",
        html.wrap("flow", *(html.plot(plots.curve_plot(one), one.title) for one in curves)),
        note="Held-out figures after each epoch; dashed is what knowing nothing would reach.",
    )


def head_section(head: HeadReport) -> str:
    """Renders one policy head: metrics beside their baselines, confusion matrix and reliability diagram."""
    heads: tuple[str, ...] = ("", "reached", "trivial", "", "guide asks")
    if not any(metric.floor is not None for metric in head.metrics):
        heads = heads[:-1]
    figures = html.table(heads, [("", _metric_cells(metric)[: len(heads)]) for metric in head.metrics])
    pictures = []
    if head.confusion is not None:
        picture = html.plot(plots.confusion_plot(head.confusion), f"Confusion of {head.name}")
        pictures.append(html.wrap("", "<h3>Confusion</h3>", picture))
    if head.calibration is not None:
        picture = html.plot(plots.calibration_plot(head.calibration), f"Calibration of {head.name}")
        pictures.append(html.wrap("", "<h3>Calibration</h3>", picture))
    body = html.wrap("sides", figures, html.wrap("", *pictures)) if pictures else figures
    return html.section(
        head.name,
        body,
        note="On sessions that it was not trained on, beside what a predictor that never looks would reach.",
    )


def _metric_cells(metric: Metric) -> list[str]:
    show = percent if metric.is_share else lambda value: figure(value, 3)
    if metric.trivial is None:
        verdict_class = ""
    else:
        better = metric.value > metric.trivial if metric.higher_is_better else metric.value < metric.trivial
        verdict_class = "good" if better else "bad"
    return [
        html.escape(metric.name),
        f'<span class="{verdict_class}">{show(metric.value)}</span>',
        "" if metric.trivial is None else show(metric.trivial),
        f"<small>{html.escape(metric.trivial_name)}</small>",
        "" if metric.floor is None else show(metric.floor),
    ]
