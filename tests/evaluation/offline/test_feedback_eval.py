from pathlib import Path

import numpy as np
import pytest

from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.observation import OBSERVATION
from understudy.evaluation.offline.feedback_eval import (
    LabelledMoment,
    evaluate_provider,
    look_of,
    questions_of_entries,
    questions_of_teacher,
)
from understudy.evaluation.report.feedback_plot import draw_exam
from understudy.feedback.correction import Correction
from understudy.feedback.correction_log import CorrectionLog
from understudy.feedback.correction_reader import read_corrections
from understudy.feedback.provider import Judgement, MalformedResponse, ProviderError, ProviderExhausted, ReviewMoment
from understudy.feedback.rule_provider import RuleCritic
from understudy.feedback.state_snapshot import describe
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import HP

PROFILE = load_profile()


class Scripted:
    """Says what stands in a list."""

    source, model = "vlm", "scripted"

    def __init__(self, *answers: Judgement | Exception) -> None:
        self.answers = list(answers)

    def judge(self, moment: ReviewMoment) -> Judgement:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """Nothing to close."""


def questions(*modes: Mode) -> list[LabelledMoment]:
    record = np.zeros(1, OBSERVATION)
    return [LabelledMoment(request=look_of(record, Mode.FIGHT, 0, None), answer=mode) for mode in modes]


def test_agreement_confusion_and_calibration_add_up() -> None:
    asked = questions(Mode.FIGHT, Mode.FIGHT, Mode.FLEE, Mode.LOOT, Mode.LOOT, Mode.FLEE)
    says = [
        Judgement(mode=Mode.FIGHT, confidence=0.9),
        Judgement(mode=Mode.FLEE, confidence=0.9),
        Judgement(mode=Mode.FLEE, confidence=1.0),
        Judgement(mode=Mode.LOOT, confidence=0.1),
    ]
    result = evaluate_provider(Scripted(*says, MalformedResponse("nonsense"), ProviderError("silence")), asked, PROFILE)
    assert (result.num_questions, result.num_answered, result.num_malformed, result.num_failed) == (6, 4, 1, 1)
    assert result.agreement.value == pytest.approx(0.75)
    assert result.confusion[Mode.FIGHT, Mode.FLEE] == 1 and np.trace(result.confusion) == 3
    assert result.chance == pytest.approx(0.5)
    assert result.bin_counts.tolist() == [1, 0, 0, 0, 3]
    assert result.bin_right[4] == pytest.approx(2 / 3)
    assert result.calibration_error == pytest.approx((1 * 0.9 + 3 * abs(2.8 / 3 - 2 / 3)) / 4)
    assert 0.0 < result.kappa < 1.0
    # The bot is always in FIGHT: wrong in two of the four answered, corrected three times, once where it was right.
    assert (result.num_wrong, result.num_corrections, result.num_spoilt) == (2, 3, 1)
    assert result.corrections.value == pytest.approx(2 / 3)
    assert dict(result.problems) == {"nonsense": 1, "silence": 1}


def test_who_always_says_the_same_has_no_kappa_and_who_ends_is_not_asked_on() -> None:
    asked = questions(Mode.FIGHT, Mode.FLEE, Mode.LOOT)
    same = Judgement(mode=Mode.FIGHT, confidence=0.5)
    result = evaluate_provider(Scripted(same, same, ProviderExhausted("the budget is spent")), asked, PROFILE)
    assert (result.num_answered, result.ended) == (2, "the budget is spent")
    assert result.kappa == pytest.approx(0.0)


def test_a_provider_with_only_malformed_answers_is_counted_and_drawn_without_a_warning(tmp_path: Path) -> None:
    result = evaluate_provider(Scripted(MalformedResponse("nonsense")), questions(Mode.FIGHT), PROFILE)
    assert (result.num_answered, result.num_malformed, result.num_corrections) == (0, 1, 0)
    draw_exam(result, "scripted", tmp_path / "critic.svg")
    assert "no answer made sense" in (tmp_path / "critic.svg").read_text(encoding="utf-8")


def test_a_teachers_moments_are_balanced_and_the_rules_do_better_than_chance_on_them() -> None:
    asked = questions_of_teacher("hunter", 40, PROFILE)
    assert len(asked) == 40
    assert len({question.answer for question in asked}) == NUM_MODES
    assert {question.request.mode for question in asked} == set(range(NUM_MODES)), "the bot's mode gives nothing away"
    result = evaluate_provider(RuleCritic(), asked, PROFILE)
    assert result.num_answered == 40
    assert result.confusion[Mode.FLEE, Mode.FLEE] > 0


def test_corrections_that_were_looked_through_are_questions_too(tmp_path: Path) -> None:
    record = np.zeros(1, OBSERVATION)
    record["player"]["gauges"][..., HP], record["player"]["alive"] = 0.5, 1
    log = CorrectionLog(tmp_path / "corrections_1.jsonl")
    log.append(Correction(state=describe(record[0], PROFILE), bot_action=Mode.LOOT, vlm_correction=Mode.FLEE))
    log.close()
    (question,) = questions_of_entries(read_corrections(tmp_path).entries)
    assert question.answer is Mode.FLEE and question.request.mode == int(Mode.LOOT)
    assert question.request.observation.tobytes() == record.tobytes()


def test_a_picture_of_the_examination_is_written(tmp_path: Path) -> None:
    result = evaluate_provider(Scripted(Judgement(mode=Mode.FLEE, confidence=0.7)), questions(Mode.FLEE), PROFILE)
    draw_exam(result, "scripted", tmp_path / "critic.png")
    assert (tmp_path / "critic.png").read_bytes().startswith(b"\x89PNG")
