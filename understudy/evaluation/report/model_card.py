"""Model card of exported policies (Mitchell et al. 2019, arXiv 1810.03993), as Markdown."""

from collections.abc import Mapping

from understudy.contract.terminal_text import printable
from understudy.evaluation.comparison.comparison_result import ComparisonResult, EntryResult
from understudy.evaluation.report.formatting import name_of
from understudy.policies.checkpoint import Checkpoint
from understudy.policies.encoder import ENCODING

NO_LICENCE = "none stated: whoever exported this has granted nobody a right to use it; ask them"
_ARCHITECTURES = {
    "strategist": "causal pre-LN Transformer over the last minute, 1 Hz: mode and goal",
    "tactician": "pointer network over the visible objects, 5 Hz: target and route",
    "executor": "attention pooling over objects, 20 Hz: hazards of gestures and keys, pointer, mixture densities",
}
_USES = """## Use
Made for playing one game, by mouse and keyboard, as one person plays it: in games against the computer, and for
research in imitation learning.

It must not be used
* in a game or on a server whose rules forbid automation, or against people who do not know that a program plays;
* to pass for the person whose play it imitates: hand movements identify people, so it must not be used against checks
  of identity, CAPTCHAs or bot detection;
* without the consent of the person whose play it was trained on;
* to operate anything but a game: it clicks at random points, by design, and was tested on nothing else;
* to judge that person's skill or health from it.
"""


def model_card(
    levels: Mapping[str, Checkpoint], verdict: ComparisonResult | None = None, licence: str = NO_LICENCE
) -> str:
    """Returns the model card of policies.

    Args:
        levels: policy -> its checkpoint.
        verdict: of an evaluation of these weights, for figures with intervals; None if there is none.
        licence: of the weights.
    """
    game = levels["executor"].meta.game
    named = printable(game.name) or "not noted in the weights"
    lines = ["# Policies exported from understudy", ""]
    lines += [f"Three levels that play by mouse and keyboard, learnt from watching one person. Game: {named}."]
    lines += [
        f"Encoding of the observations: `{ENCODING}`.",
        "",
        "| policy | network | numbers | weights | trained on |",
    ]
    lines += ["|---|---|---|---|---|"]
    for policy, level in levels.items():
        count = sum(weight.numel() for weight in level.weights.values())
        data = level.meta.data_hash or "not noted"
        lines.append(f"| {policy} | {_ARCHITECTURES[policy]} | {count:,} | `{level.identity}` | data hash `{data}` |")
    lines += ["", *_play(verdict), "", *_predictions(levels), "", _USES, *_limits(), "", "## Licence"]
    lines += [f"Of the weights: {printable(licence, 500)}.", "The program that wrote them is MIT.", ""]
    return "\n".join(lines)


def _play(verdict: ComparisonResult | None) -> list[str]:
    if verdict is None:
        return ["## Play", "Not measured for these weights (`understudy evaluate` measures it)."]
    title = f"{verdict.num_worlds} {verdict.purpose.lower()} worlds of {verdict.seconds:.0f} s, first seed "
    lines = ["## Play", f"{title}{verdict.first_seed}, same worlds for all; 95 % intervals in brackets.", ""]
    lines += ["| who | score a minute | kills a minute | boxes a minute | deaths an hour |", "|---|---|---|---|---|"]
    return lines + [_play_row(row) for row in verdict.rows]


def _play_row(row: EntryResult) -> str:
    estimates = (row.score, row.kills_per_minute, row.boxes_per_minute, row.deaths_per_hour)
    return f"| {printable(name_of(row))} | {' | '.join(estimate.text() for estimate in estimates)} |"


def _predictions(levels: Mapping[str, Checkpoint]) -> list[str]:
    """Returns the metrics of each checkpoint, which have no intervals, beside their trivial baselines."""
    lines = [
        "## Predictions on held-out sessions",
        "From training, without intervals; docs/metrics.md defines them.",
        "",
    ]
    lines += ["| policy | metric | value | trivial baseline |", "|---|---|---|---|"]
    for policy, level in levels.items():
        metrics = level.meta.metrics
        for name, value in metrics.items():
            if not name.endswith("_baseline"):
                trivial = metrics.get(f"{name}_baseline")
                baseline = "" if trivial is None else f"{trivial:.4g}"
                lines.append(f"| {policy} | {printable(name)} | {value:.4g} | {baseline} |")
    return lines if len(lines) > 5 else [lines[0], "None are noted in the weights."]


def _limits() -> list[str]:
    return [
        "## Limits",
        "It knows the objects, keys and maps of its training; in other games its clicks mean nothing. Actions are",
        "sampled, so two runs differ unless their seeds are equal. It imitates one person, mistakes included.",
    ]
