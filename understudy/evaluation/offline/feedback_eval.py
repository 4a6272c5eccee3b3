"""Measures the accuracy and calibration of a feedback provider on questions with known answers.

Known answers come from the scripted teacher, whose true mode can be read, or from corrections that a person has
reviewed. For questions of the first kind the bot's mode is drawn uniformly from all modes, so a provider that always
agrees with the bot reaches the accuracy of chance.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from understudy.contract.action import Action
from understudy.contract.errors import WireError
from understudy.contract.intent import INTENT, NUM_MODES, Mode
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.evaluation.comparison.statistics import Estimate, wilson
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for, spread_over_maps
from understudy.feedback.correction_reader import Entry
from understudy.feedback.drawable import is_drawable
from understudy.feedback.provider import MalformedResponse, Provider, ProviderError, ProviderExhausted
from understudy.feedback.reviewer import ReviewRequest, moment_of
from understudy.feedback.state_snapshot import unpack_record
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

NUM_BINS = 5
"""Calibration bins: confidence 0..0.2, 0.2..0.4 and so on."""
Draw = Callable[[np.void, np.void], bytes]
"""Draws a picture of one record of dtype OBSERVATION with one record of dtype INTENT over it."""


@dataclass(frozen=True, kw_only=True)
class LabelledMoment:
    """A review request with its known answer."""

    request: ReviewRequest
    answer: Mode


@dataclass(frozen=True, kw_only=True)
class FeedbackMetrics:
    """Accuracy, calibration and failures of a feedback provider."""

    num_questions: int
    num_answered: int
    num_malformed: int
    num_failed: int
    """Requests without an answer: timed out, or refused."""
    ended: str | None
    """Why the evaluation stopped before the last question; None if it did not."""
    agreement: Estimate
    """Share of the answers that are right."""
    num_wrong: int
    """Answers about moments in which the bot's mode was wrong."""
    corrections: Estimate
    """Precision of the corrections (answers that differ from the bot's mode): the labels that training would use."""
    num_corrections: int
    num_spoilt: int
    """Corrections of a mode that was right."""
    chance: float
    """Accuracy of always giving the most common answer."""
    kappa: float
    """Cohen's kappa: agreement beyond chance, where chance is two independent raters with the same answer rates."""
    confusion: Int64[np.ndarray, "M M"]
    """Counts of the true mode (row) against the provider's answer (column)."""
    bin_counts: Int64[np.ndarray, " bins"]
    bin_confidence: Float64[np.ndarray, " bins"]
    """Mean confidence of the answers in each bin, NaN for an empty one."""
    bin_right: Float64[np.ndarray, " bins"]
    """Accuracy of the answers in each bin, NaN for an empty one."""
    calibration_error: float
    """Expected calibration error: the mean distance of confidence and accuracy over the bins, weighted by their
    counts (Guo et al. 2017, arXiv 1706.04599)."""
    seconds_each: float
    problems: Counter[str]


def evaluate_provider(
    provider: Provider,
    questions: Sequence[LabelledMoment],
    profile: Profile,
    progress: Callable[[int, int], None] | None = None,
) -> FeedbackMetrics:
    """Sends every question once, in order, and scores the answers.

    Args:
        provider: the provider under test; the caller closes it.
        questions: with known answers.
        profile: of the game.
        progress: called after each question with the number of questions done and the total.
    """
    answers: list[tuple[int, int, int]] = []
    confidences: list[float] = []
    problems: Counter[str] = Counter()
    num_malformed, failed, ended = 0, 0, None
    begun_s = time.perf_counter()
    for number, question in enumerate(questions, 1):
        try:
            opinion = provider.judge(moment_of(question.request, profile))
        except ProviderExhausted as problem:
            ended = str(problem)
            break
        except ProviderError as problem:
            num_malformed += isinstance(problem, MalformedResponse)
            failed += not isinstance(problem, MalformedResponse)
            problems[str(problem)] += 1
        else:
            answers.append((int(question.answer), question.request.mode, int(opinion.mode)))
            confidences.append(opinion.confidence)
        if progress is not None:
            progress(number, len(questions))
    seconds = (time.perf_counter() - begun_s) / max(len(answers) + num_malformed + failed, 1)
    true, bot, predicted = np.array(answers, np.int64).reshape(-1, 3).T
    return FeedbackMetrics(
        num_questions=len(questions),
        num_answered=len(answers),
        num_malformed=num_malformed,
        num_failed=failed,
        ended=ended,
        seconds_each=seconds,
        problems=problems,
        num_wrong=int((bot != true).sum()),
        corrections=wilson(float(((predicted != bot) & (predicted == true)).sum()), float((predicted != bot).sum())),
        num_corrections=int((predicted != bot).sum()),
        num_spoilt=int(((predicted != bot) & (bot == true)).sum()),
        **_agreement(true, predicted),
        **_calibration(np.array(confidences), predicted == true),
    )


def _agreement(true: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """Computes confusion matrix, accuracy and Cohen's kappa (Cohen 1960) of the answers."""
    confusion = np.zeros((NUM_MODES, NUM_MODES), np.int64)
    np.add.at(confusion, (true, predicted), 1)
    total, hits = max(len(true), 1), float(np.trace(confusion))
    by_chance = float((confusion.sum(axis=0) / total) @ (confusion.sum(axis=1) / total))
    return {
        "agreement": wilson(hits, float(len(true))),
        "chance": float(confusion.sum(axis=1).max()) / total,
        "kappa": (hits / total - by_chance) / (1.0 - by_chance) if by_chance < 1.0 else 0.0,
        "confusion": confusion,
    }


def _calibration(confidences: np.ndarray, is_right: np.ndarray) -> dict[str, Any]:
    """Computes reliability diagram and expected calibration error of the answers."""
    bins = np.clip((confidences * NUM_BINS).astype(np.int64), 0, NUM_BINS - 1)
    counts = np.bincount(bins, minlength=NUM_BINS)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(bins, weights=confidences, minlength=NUM_BINS) / counts
        hits = np.bincount(bins, weights=is_right.astype(float), minlength=NUM_BINS) / counts
    return {
        "bin_counts": counts.astype(np.int64),
        "bin_confidence": confidence,
        "bin_right": hits,
        "calibration_error": float(np.nansum(counts * np.abs(confidence - hits))) / max(len(confidences), 1),
    }


def questions_of_teacher(
    style: str, count: int, profile: Profile, draw: Draw | None = None, seed: int = 0
) -> list[LabelledMoment]:
    """Samples ticks of the scripted teacher's play with its true mode, balanced over the modes.

    Args:
        style: of the teacher.
        count: how many questions.
        profile: of the embedded game.
        draw: draws the picture; None leaves it out.
        seed: selects worlds from the validation seeds (`Purpose.CHOOSE`).
    """
    worlds, every = 16, 2 * TICK_RATE_HZ
    seeds = seeds_for(Purpose.CHOOSE, worlds, 10_000 * (1 + seed))
    world, teacher = Simulator(seeds, spread_over_maps(seeds)), Teacher(style, profile)
    random, carry = np.random.default_rng(seed), teacher.start(seeds)
    found: dict[Mode, list[np.ndarray]] = {mode: [] for mode in Mode}
    for tick in range(max(3 * 60 * TICK_RATE_HZ, every * count)):
        observation = world.observe()
        decision = teacher.decide(observation, carry)
        if tick % every == every - 1:
            modes = teacher.oracle(carry).records["mode"]
            for number in np.flatnonzero(observation.records["player"]["alive"]):
                found[Mode(int(modes[number]))].append(observation.records[number : number + 1].copy())
        world.act(Action(decision.action.records))
        enough = [len(records) >= 4 * -(-count // NUM_MODES) for records in found.values()]
        if tick > 3 * 60 * TICK_RATE_HZ and all(enough):
            break
    world.close()
    return _balanced(found, count, random, draw)


def _balanced(
    found: dict[Mode, list[np.ndarray]], count: int, random: np.random.Generator, draw: Draw | None
) -> list[LabelledMoment]:
    """Draws equally many questions of each mode, or all of a mode with too few."""
    questions: list[LabelledMoment] = []
    for mode, records in found.items():
        for index in random.permutation(len(records))[: -(-count // NUM_MODES)]:
            bot = Mode(int(random.integers(NUM_MODES)))
            questions.append(LabelledMoment(request=look_of(records[index], bot, 0, draw), answer=mode))
    order = random.permutation(len(questions))[:count]
    return [questions[index] for index in order]


def questions_of_entries(
    entries: Sequence[Entry], draw: Draw | None = None, profile: Profile | None = None
) -> list[LabelledMoment]:
    """Turns reviewed corrections into questions; leaves out those without a readable observation.

    Args:
        entries: the corrections.
        draw: draws a picture where none was stored.
        profile: of the game; corrections of another game are left out. None keeps all.
    """
    questions = []
    for entry in entries:
        one = entry.correction
        if one.state.observation is None:
            continue
        try:
            record = unpack_record(one.state.observation)
        except WireError:
            continue
        if profile is not None and not is_drawable(record[0], profile):
            continue
        look = look_of(record, one.bot_action, one.bot_target, draw, entry.read_frame())
        questions.append(LabelledMoment(request=look, answer=one.vlm_correction))
    return questions


def look_of(
    record: np.ndarray, bot: Mode, target: int, draw: Draw | None, picture: bytes | None = None
) -> ReviewRequest:
    """Builds the review request of one tick; its picture is drawn when the provider needs it."""
    intent = np.zeros(1, INTENT)
    intent["mode"], intent["target_id"] = int(bot), target
    intent["mode_probabilities"][0, int(bot)] = 1.0

    def pictures() -> tuple[bytes, ...]:
        if picture is not None:
            return (picture,)
        return () if draw is None else (draw(record[0], intent[0]),)

    return ReviewRequest(observation=record, mode=int(bot), target_id=target, pictures=pictures)
