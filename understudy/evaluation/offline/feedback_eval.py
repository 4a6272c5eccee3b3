"""Is a critic worth listening to? It is asked about moments of which the right answer is known.

Known answers come from the scripted teacher, which can be asked what it truly was up to, or from corrections that a
person has looked through. The bot's own mode is drawn by lot in the former, so that whoever just says yes gets a fifth.
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
"""Of the calibration: confidence 0..0.2, 0.2..0.4 and so on."""
Draw = Callable[[np.void, np.void], bytes]
"""Makes a picture of one record of dtype OBSERVATION with one of dtype INTENT over it."""


@dataclass(frozen=True, kw_only=True)
class LabelledMoment:
    """A moment, and what would be right."""

    look: ReviewRequest
    answer: Mode


@dataclass(frozen=True, kw_only=True)
class FeedbackMetrics:
    """How a critic did."""

    num_questions: int
    num_answered: int
    num_babble: int
    num_failed: int
    """No answer in time, or none at all."""
    ended: str | None
    """Why it stopped before the last question."""
    agreement: Estimate
    """Share of the answers that are right."""
    num_wrong: int
    """Answers about moments in which the bot's mode was wrong."""
    corrections: Estimate
    """Share of its corrections (answers that differ from the bot's mode) that are right: what training would learn."""
    num_corrections: int
    num_spoilt: int
    """Corrections of a mode that was right."""
    chance: float
    """What always giving the most common answer would get."""
    kappa: float
    """Cohen's: agreement beyond that of two who answer as often each, but by lot."""
    confusion: Int64[np.ndarray, "M M"]
    """Answers by what was right (row) and what was said (column)."""
    bin_counts: Int64[np.ndarray, " bins"]
    bin_confidence: Float64[np.ndarray, " bins"]
    """Mean confidence of the answers in each bin, NaN for an empty one."""
    bin_right: Float64[np.ndarray, " bins"]
    """Share of them that are right."""
    calibration_error: float
    """Mean distance between the two, weighted by answers (expected calibration error; Guo and others 2017)."""
    seconds_each: float
    problems: Counter[str]


def evaluate_provider(
    provider: Provider,
    questions: Sequence[LabelledMoment],
    profile: Profile,
    progress: Callable[[int, int], None] | None = None,
) -> FeedbackMetrics:
    """Asks every question once, in order.

    Args:
        provider: who is examined; the caller closes it.
        questions: with known answers.
        profile: of the game.
        progress: told questions asked and in all.
    """
    answers: list[tuple[int, int, int]] = []
    sure: list[float] = []
    problems: Counter[str] = Counter()
    babble, failed, ended = 0, 0, None
    begun_s = time.monotonic()
    for number, question in enumerate(questions, 1):
        try:
            opinion = provider.judge(moment_of(question.look, profile))
        except ProviderExhausted as problem:
            ended = str(problem)
            break
        except ProviderError as problem:
            babble += isinstance(problem, MalformedResponse)
            failed += not isinstance(problem, MalformedResponse)
            problems[str(problem)] += 1
        else:
            answers.append((int(question.answer), question.look.mode, int(opinion.mode)))
            sure.append(opinion.confidence)
        if progress is not None:
            progress(number, len(questions))
    seconds = (time.monotonic() - begun_s) / max(len(answers) + babble + failed, 1)
    right, bot, said = np.array(answers, np.int64).reshape(-1, 3).T
    return FeedbackMetrics(
        num_questions=len(questions),
        num_answered=len(answers),
        num_babble=babble,
        num_failed=failed,
        ended=ended,
        seconds_each=seconds,
        problems=problems,
        num_wrong=int((bot != right).sum()),
        corrections=wilson(float(((said != bot) & (said == right)).sum()), float((said != bot).sum())),
        num_corrections=int((said != bot).sum()),
        num_spoilt=int(((said != bot) & (bot == right)).sum()),
        **_agreement(right, said),
        **_calibration(np.array(sure), said == right),
    )


def _agreement(right: np.ndarray, said: np.ndarray) -> dict[str, Any]:
    """What was said against what was right."""
    confusion = np.zeros((NUM_MODES, NUM_MODES), np.int64)
    np.add.at(confusion, (right, said), 1)
    total, hits = max(len(right), 1), float(np.trace(confusion))
    by_lot = float((confusion.sum(axis=0) / total) @ (confusion.sum(axis=1) / total))
    return {
        "agreement": wilson(hits, float(len(right))),
        "chance": float(confusion.sum(axis=1).max()) / total,
        "kappa": (hits / total - by_lot) / (1.0 - by_lot) if by_lot < 1.0 else 0.0,
        "confusion": confusion,
    }


def _calibration(sure: np.ndarray, is_right: np.ndarray) -> dict[str, Any]:
    """Whether those who are sure of themselves are right."""
    bins = np.clip((sure * NUM_BINS).astype(np.int64), 0, NUM_BINS - 1)
    counts = np.bincount(bins, minlength=NUM_BINS)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(bins, weights=sure, minlength=NUM_BINS) / counts
        hits = np.bincount(bins, weights=is_right.astype(float), minlength=NUM_BINS) / counts
    return {
        "bin_counts": counts.astype(np.int64),
        "bin_confidence": confidence,
        "bin_right": hits,
        "calibration_error": float(np.nansum(counts * np.abs(confidence - hits))) / max(len(sure), 1),
    }


def questions_of_teacher(
    style: str, count: int, profile: Profile, draw: Draw | None = None, seed: int = 0
) -> list[LabelledMoment]:
    """Moments of a teacher's play with its true mode, as many of each mode as there are.

    Args:
        style: of the teacher.
        count: how many questions.
        profile: of the embedded game.
        draw: makes the picture; None leaves it out.
        seed: picks the worlds, out of those set aside for choosing.
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
    """The same number of each mode, as far as they go."""
    questions: list[LabelledMoment] = []
    for mode, records in found.items():
        for index in random.permutation(len(records))[: -(-count // NUM_MODES)]:
            bot = Mode(int(random.integers(NUM_MODES)))
            questions.append(LabelledMoment(look=look_of(records[index], bot, 0, draw), answer=mode))
    order = random.permutation(len(questions))[:count]
    return [questions[index] for index in order]


def questions_of_entries(
    entries: Sequence[Entry], draw: Draw | None = None, profile: Profile | None = None
) -> list[LabelledMoment]:
    """Corrections that somebody has looked through, as questions; those without an observation are left out.

    Args:
        entries: the corrections.
        draw: makes a picture where none was kept.
        profile: of the game; moments of another one are left out.
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
        questions.append(LabelledMoment(look=look, answer=one.vlm_correction))
    return questions


def look_of(
    record: np.ndarray, bot: Mode, target: int, draw: Draw | None, picture: bytes | None = None
) -> ReviewRequest:
    """A moment to be asked about, its picture drawn when it is asked for."""
    intent = np.zeros(1, INTENT)
    intent["mode"], intent["target_id"] = int(bot), target
    intent["mode_probabilities"][0, int(bot)] = 1.0

    def pictures() -> tuple[bytes, ...]:
        if picture is not None:
            return (picture,)
        return () if draw is None else (draw(record[0], intent[0]),)

    return ReviewRequest(observation=record, mode=int(bot), target_id=target, pictures=pictures)
