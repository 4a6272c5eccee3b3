"""Evaluate a reviewer on moments with known labels, or collect its corrections of the policies' play."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from understudy.cli.flags.number_ranges import Count, Interval, Minutes, Probability, Range, Worlds
from understudy.cli.flags.output_paths import OutputFile, OutputFolder
from understudy.cli.flags.spellings import CORRECTIONS_DIR, CRITIC_EVERY, CRITIC_MODEL, OUT_PLOT
from understudy.cli.results.json_output import JsonFlag
from understudy.contract.errors import FlagError
from understudy.feedback.rule_settings import RuleSettings

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from understudy.cli.show.terminal import Console
    from understudy.evaluation.offline.feedback_eval import Draw, FeedbackMetrics, LabelledMoment
    from understudy.feedback.provider import Provider
    from understudy.feedback.reviewer import Reviewer


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """The model or the rules that review play."""

    endpoint: str | None = None
    """Base URL of an OpenAI-compatible server, such as http://localhost:1234/v1.
    By default OPENAI_BASE_URL of the environment if --critic-model is given, else the offline rules.
    The API key is read from OPENAI_API_KEY only."""
    model: Annotated[str | None, CRITIC_MODEL] = None
    """Name of the model on the server."""
    timeout_s: Interval = 30.0
    """Timeout of one request in seconds, the whole answer included."""
    max_calls: Count = 2000
    """Maximum number of requests in total."""
    max_tokens: Annotated[int, Range(1, 1_000_000)] = 300
    """Maximum length of a model's answer in tokens."""
    thought_tokens: Annotated[int, Range(0, 1_000_000)] = 4000
    """Additional tokens for a reasoning model once it has used up --max-tokens; 0 for none."""
    flee_below: Probability = RuleSettings.flee_below
    """Health (0.7 of the vital gauge, 0.3 of the others, 0..1) below which the offline rules choose FLEE under fire.
    Set it to where you would flee yourself: corrections towards other habits cost more than they save."""
    crowd_flee_below: Probability = RuleSettings.crowd_flee_below
    """Health below which they choose FLEE with three enemies near."""


@dataclass(frozen=True, kw_only=True)
class Evaluate(Endpoint, JsonFlag):
    """Evaluate the reviewer on moments with known labels: agreement, confusion, calibration, and a plot of them."""

    moments: Annotated[int, Range(1, 100_000)] = 100
    """Number of moments."""
    teacher: str = "hunter"
    """Play style of the teacher, whose true modes are the labels."""
    labels: Annotated[Path | None, CORRECTIONS_DIR] = None
    """File or folder of reviewed corrections to use as labels instead."""
    seed: Annotated[int, Range(0, 400_000)] = 0
    """Random seed of the choice of moments."""
    picture: Annotated[OutputFile, OUT_PLOT] = Path("critic.png")
    """Plot to write, .png or .svg."""


@dataclass(frozen=True, kw_only=True)
class Collect(Endpoint, JsonFlag):
    """Let the policies play the embedded game, faster than real time, and save the reviewer's corrections."""

    models: Path = Path("models/v2")
    """Folder of the three trained policies."""
    worlds: Worlds = 8
    """Number of parallel games."""
    minutes: Minutes = 10.0
    """Minutes of play in each game."""
    every: Annotated[Interval, CRITIC_EVERY] = 3.0
    """Seconds of play between two reviews of the same game."""
    seed: Annotated[int, Range(0, 4_000_000)] = 0
    """Random seed of the worlds."""
    out: OutputFolder = Path("logs/vlm_corrections")
    """Output folder of corrections_TIMESTAMP.jsonl."""


Critic = Annotated[Evaluate, tyro.conf.subcommand("evaluate")] | Annotated[Collect, tyro.conf.subcommand("collect")]


def run(command: Evaluate | Collect) -> None:
    """Runs the subcommand."""
    if command.crowd_flee_below < command.flee_below:
        raise FlagError("--crowd-flee-below must not be below --flee-below.")
    rules = RuleSettings(flee_below=command.flee_below, crowd_flee_below=command.crowd_flee_below)
    provider = provider_of(
        command.endpoint,
        command.model,
        command.timeout_s,
        command.max_calls,
        rules,
        max_tokens=command.max_tokens,
        thought_tokens=command.thought_tokens,
    )
    try:
        if isinstance(command, Evaluate):
            _evaluate(command, provider)
        else:
            _collect(command, provider)
    finally:
        provider.close()


def provider_of(
    endpoint: str | None,
    model: str | None,
    timeout_s: float,
    max_calls: int,
    rules: RuleSettings | None = None,
    **tokens: int,
) -> "Provider":
    """Returns the model at an endpoint if one is given, else the offline rules.

    Args:
        endpoint: base URL; from the environment when None and a model is named.
        model: name of the model on the server.
        timeout_s: timeout of one request in seconds, the whole answer included.
        max_calls: maximum number of requests.
        rules: thresholds of the offline rules.
        tokens: `max_tokens` and `thought_tokens`.

    Raises:
        FlagError: if only one of endpoint and model is known.
        MissingExtraError: if the client is not installed.
    """
    import os

    from understudy.contract.errors import FlagError
    from understudy.feedback.endpoint_settings import ENDPOINT_VARIABLE, EndpointSettings
    from understudy.feedback.openai_provider import OpenAIProvider
    from understudy.feedback.rule_provider import RuleCritic

    if endpoint is None and model is None:
        return RuleCritic(rules)
    endpoint = endpoint or os.environ.get(ENDPOINT_VARIABLE)
    if endpoint is None or model is None:
        missing = "the model's name" if endpoint else f"the endpoint's URL (or {ENDPOINT_VARIABLE})"
        raise FlagError(f"A critic behind an endpoint needs an endpoint and a model: {missing} is missing.")
    settings = EndpointSettings(endpoint=endpoint, model=model, timeout_s=timeout_s, max_calls=max_calls, **tokens)
    return OpenAIProvider(settings)


def described(provider: "Provider") -> str:
    """Returns a description of the reviewer without secrets."""
    from understudy.feedback.endpoint_settings import shown
    from understudy.feedback.openai_provider import OpenAIProvider

    if isinstance(provider, OpenAIProvider):
        return f"{provider.model} at {shown(provider.settings.endpoint)}"
    return "the offline rules"


def _evaluate(command: Evaluate, provider: "Provider") -> None:
    from rich.progress import Progress as Bar

    from understudy.cli.show.terminal import Console
    from understudy.contract.errors import FeedbackError
    from understudy.evaluation.offline.feedback_eval import evaluate_provider
    from understudy.evaluation.report.feedback_plot import draw_exam
    from understudy.worlds.catalog import load_profile

    console = Console(soft_wrap=True)
    profile = load_profile("darkorbit")
    questions = _questions(command, None if provider.source == "rules" else _draw())
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task(f"asking {described(provider)}", total=len(questions))
        result = evaluate_provider(provider, questions, profile, lambda done, total: bar.update(task, completed=done))
    _tell(result, described(provider), console)
    if not result.num_answered:
        raise FeedbackError(_unanswered(described(provider), result.ended, result.problems))
    draw_exam(result, described(provider), command.picture)
    console.print(f"Written: {command.picture}", highlight=False)
    if command.json:
        _print_json(result, described(provider), command.picture)


def _print_json(result: "FeedbackMetrics", critic: str, picture: Path) -> None:
    from understudy.cli.results.corrections import CriticEvaluate
    from understudy.cli.results.json_output import print_result
    from understudy.contract.intent import Mode

    same = (
        *("num_questions", "num_answered", "num_malformed", "num_failed", "ended", "seconds_each", "num_wrong"),
        *("num_corrections", "num_spoilt", "agreement", "corrections", "chance", "kappa", "calibration_error"),
    )
    confusion = {true.name: {said.name: int(result.confusion[true, said]) for said in Mode} for true in Mode}
    figures = {name: getattr(result, name) for name in same}
    printed = CriticEvaluate(
        critic=critic, confusion=confusion, problems=dict(result.problems), picture=picture, **figures
    )
    print_result("critic evaluate", printed)


def _unanswered(who: str, ended: str | None, problems: "Counter[str]") -> str:
    """Returns why there are no answers: the last or the most frequent reason."""
    why = ended or next((problem for problem, _ in problems.most_common(1)), "nothing was asked")
    return f"{who} gave no usable answer: {why.rstrip('.')}. See which model and server work in docs/manual/critic.md."


def _questions(command: Evaluate, draw: "Draw | None") -> "Sequence[LabelledMoment]":
    from understudy.evaluation.offline.feedback_eval import questions_of_entries, questions_of_teacher
    from understudy.feedback.correction_reader import read_corrections
    from understudy.worlds.catalog import load_profile

    profile = load_profile("darkorbit")
    if command.labels is None:
        return questions_of_teacher(command.teacher, command.moments, profile, draw, command.seed)
    questions = questions_of_entries(read_corrections(command.labels).entries, draw, profile)[: command.moments]
    if not questions:
        raise FlagError(f"The corrections in {command.labels} hold no observations of this game to ask about.")
    return questions


def _draw() -> "Draw":
    """Returns the renderer of pictures for a vision-language model."""
    import os

    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from understudy.viewer.annotated_clip import IntentRenderer, jpeg
    from understudy.worlds.catalog import load_profile

    illustrator = IntentRenderer(load_profile("darkorbit"))
    return lambda observation, intent: jpeg(illustrator.draw(observation, intent))


def _tell(result: "FeedbackMetrics", who: str, console: "Console") -> None:
    from rich.table import Table

    from understudy.contract.intent import Mode

    table = Table(title=f"{who}: true mode (rows) and answer (columns)")
    table.add_column("")
    for mode in Mode:
        table.add_column(mode.name, justify="right")
    for mode in Mode:
        table.add_row(mode.name, *(str(count) for count in result.confusion[mode]))
    console.print(table)
    lines = [
        f"{result.num_answered} of {result.num_questions} moments were answered in {result.seconds_each:.2f} s each, "
        f"{result.num_malformed} malformed, {result.num_failed} not at all."
    ]
    lines += _verdict(result) if result.num_answered else []
    lines += [f"{count} times: {problem}." for problem, count in result.problems.most_common(5)]
    lines += [f"It ended early: {result.ended}."] if result.ended else []
    for line in lines:
        console.print(line, highlight=False, markup=False)


def _verdict(result: "FeedbackMetrics") -> list[str]:
    """Returns a summary of the answers' quality, corrections first, because only they change a policy."""
    share, corrections = result.agreement, result.corrections
    worth = "nothing was corrected"
    if result.num_corrections:
        worth = (
            f"{corrections.value:.0%} of those corrections are right ({corrections.low:.0%} to "
            f"{corrections.high:.0%}), {result.num_spoilt} spoil a mode that was right"
        )
    return [
        f"The bot's mode was wrong in {result.num_wrong} moments; {result.num_corrections} were corrected: {worth}.",
        f"Agreement over all {share.value:.1%} ({share.low:.1%} to {share.high:.1%}), by lot {result.chance:.1%}, "
        f"kappa {result.kappa:.2f}, calibration error {result.calibration_error:.2f}.",
    ]


def _collect(command: Collect, provider: "Provider") -> None:
    import numpy as np
    import torch
    from rich.progress import Progress as Bar

    from understudy.cli.show.terminal import Console
    from understudy.contract.errors import FeedbackError
    from understudy.evaluation.rollouts.reviewed_rollout import review_rollouts
    from understudy.evaluation.rollouts.seeds import Purpose, seeds_for, spread_over_maps
    from understudy.feedback.correction_log import CorrectionLog
    from understudy.feedback.reviewer import Reviewer
    from understudy.runtime.hierarchical_policy import load_hierarchy
    from understudy.worlds.simulator.world import Simulator

    console = Console(soft_wrap=True)
    torch.set_num_threads(1)  # for so few worlds two threads are slower than one, and far slower on a busy machine
    seeds = seeds_for(Purpose.TRAIN, command.worlds, FIRST_WORLD + 1000 * command.seed)
    world = Simulator(seeds, spread_over_maps(seeds))
    reviewer = Reviewer(provider, CorrectionLog.create(command.out), world.profile)
    draw = None if provider.source == "rules" else _draw()
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task(f"reviewing with {described(provider)}", total=None)
        written = review_rollouts(
            load_hierarchy(command.models, world.profile),
            world,
            seeds ^ np.uint64(1),
            reviewer,
            seconds=60 * command.minutes,
            every_s=command.every,
            pictures=None
            if draw is None
            else lambda seen, intents, number: (draw(seen.records[number], intents[number]),),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    counts = reviewer.counts
    console.print(
        f"{counts.corrected} corrections and {counts.agreed} agreements in "
        f"{command.worlds * command.minutes:g} minutes of play; {counts.num_malformed} malformed answers, "
        f"{counts.failed} without one.",
        highlight=False,
    )
    for problem, count in reviewer.problems.most_common(5) if provider.source != "rules" else ():
        console.print(f"{count} times: {problem}.", highlight=False, markup=False)
    if reviewer.ended:
        console.print(f"The critic ended early: {reviewer.ended}.", highlight=False, markup=False)
    if written:
        console.print(f"Written: {reviewer.log.path}", highlight=False)
    elif reviewer.ended or reviewer.problems:
        raise FeedbackError(_unanswered(described(provider), reviewer.ended, reviewer.problems))
    if command.json:
        _print_collected(command, reviewer, described(provider), reviewer.log.path if written else None)


def _print_collected(command: Collect, reviewer: "Reviewer", critic: str, path: Path | None) -> None:
    from understudy.cli.results.corrections import CriticCollect
    from understudy.cli.results.json_output import print_result

    printed = CriticCollect(
        critic=critic,
        path=path,
        minutes=command.worlds * command.minutes,
        num_corrections=reviewer.counts.corrected,
        num_agreements=reviewer.counts.agreed,
        num_malformed=reviewer.counts.num_malformed,
        num_failed=reviewer.counts.failed,
        ended=reviewer.ended,
        problems=dict(reviewer.problems),
    )
    print_result("critic collect", printed)


FIRST_WORLD = 800_000
"""First world number; disjoint from those of `understudy record` and of shadow learning's benchmark."""
