import threading
import time
from pathlib import Path

import pytest

from tests.support.review_moments import PROFILE, look
from understudy.contract.intent import Mode
from understudy.feedback.correction_log import CorrectionLog
from understudy.feedback.correction_reader import read_corrections
from understudy.feedback.provider import Judgement, MalformedResponse, ProviderError, ProviderExhausted, ReviewMoment
from understudy.feedback.reviewer import Reviewer, ReviewRequest, ReviewThread
from understudy.feedback.rule_provider import RuleCritic
from understudy.feedback.state_snapshot import unpack_window
from understudy.runtime.latest_value import Latest

PATIENCE_S = 20.0


class Scripted:
    """A provider that waits for a word, and then says or raises what it was told to."""

    source, model = "vlm", "scripted"

    def __init__(self, *answers: Judgement | Exception, waits: bool = False) -> None:
        self.answers = list(answers)
        self.asked: list[ReviewMoment] = []
        self.word, self.closed = threading.Semaphore(0), False
        self.waits = waits

    def judge(self, moment: ReviewMoment) -> Judgement:
        self.asked.append(moment)
        if self.waits:
            self.word.acquire(timeout=PATIENCE_S)
        answer = self.answers.pop(0) if self.answers else Judgement(mode=Mode.FLEE, confidence=0.9)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True
        self.word.release()


def opened(
    folder: Path, provider: Scripted | RuleCritic | None, every_s: float = 3.0
) -> tuple[ReviewThread, list[str]]:
    told: list[str] = []
    mailbox: Latest[ReviewRequest] = Latest()
    reviewer = Reviewer(provider, CorrectionLog(folder / "corrections_1.jsonl"), PROFILE)
    return ReviewThread(reviewer, mailbox, every_s, told.append), told


def wait_for(holds: object) -> None:
    until = time.perf_counter() + PATIENCE_S
    while not holds() and time.perf_counter() < until:  # type: ignore[operator]
        time.sleep(0.01)
    assert holds()  # type: ignore[operator]


def test_a_correction_holds_mode_and_target_of_the_moment_that_was_shown(tmp_path: Path) -> None:
    provider = Scripted(waits=True)
    critic, told = opened(tmp_path, provider)
    critic.look(look(Mode.LOOT, attackers=2, time_s=5.0))
    wait_for(lambda: provider.asked)
    critic.look(look(Mode.EXPLORE, attackers=1, time_s=9.0))  # the bot has gone on; the first answer is about before
    provider.word.release()
    wait_for(lambda: critic.counts.corrected == 1)
    provider.word.release()
    wait_for(lambda: critic.counts.corrected == 2)
    critic.close()
    first, second = (entry.correction for entry in read_corrections(tmp_path).entries)
    assert (first.bot_action, first.vlm_correction, first.bot_target, first.time_s) == (Mode.LOOT, Mode.FLEE, 11, 5.0)
    assert (second.bot_action, second.time_s) == (Mode.EXPLORE, 9.0)
    assert first.state.window is not None and unpack_window(first.state.window).shape == (3, 4)
    assert (first.source, first.model) == ("vlm", "scripted")
    assert len(told) == 2 and "not LOOT but FLEE" in told[0]


def test_the_newest_moment_wins_and_the_one_that_leaves_it_never_waits(tmp_path: Path) -> None:
    provider = Scripted(waits=True)
    critic, _ = opened(tmp_path, provider)
    critic.look(look(time_s=0.0))
    wait_for(lambda: provider.asked)
    begun_s = time.perf_counter()
    for number in range(1, 201):
        critic.look(look(time_s=float(number)))
    assert time.perf_counter() - begun_s < 2.0
    provider.word.release()
    wait_for(lambda: len(provider.asked) == 2)
    assert [moment.time_s for moment in provider.asked] == [0.0, 200.0]
    assert critic.num_replaced == 199
    critic.close()


def test_a_look_is_due_every_few_seconds_of_play(tmp_path: Path) -> None:
    critic, _ = opened(tmp_path, Scripted(), every_s=3.0)
    assert critic.due(10.0)
    critic.look(look(time_s=10.0))
    assert [critic.due(time_s) for time_s in (10.0, 12.9, 13.0)] == [False, False, True]
    critic.close()


def test_malformed_and_missing_answers_are_counted_and_dropped_and_it_goes_on(tmp_path: Path) -> None:
    provider = Scripted(
        MalformedResponse("nonsense"), ProviderError("no answer"), Judgement(mode=Mode.FIGHT, confidence=0.5)
    )
    critic, told = opened(tmp_path, provider)
    for number in range(3):
        critic.look(look(time_s=float(number)))
        wait_for(lambda asked=number: len(provider.asked) == asked + 1)
    wait_for(lambda: critic.counts.agreed == 1)
    critic.close()
    counts = critic.counts
    assert (counts.num_malformed, counts.failed, counts.corrected, counts.agreed) == (1, 1, 0, 1)
    assert dict(critic.problems) == {"nonsense": 1, "no answer": 1}
    assert [entry.correction.differs for entry in read_corrections(tmp_path).entries] == [False]
    assert told == []


def test_when_a_provider_ends_it_is_said_once_and_nobody_is_asked_any_more(tmp_path: Path) -> None:
    provider = Scripted(ProviderExhausted("the budget is spent"))
    critic, told = opened(tmp_path, provider)
    critic.look(look())
    wait_for(lambda: critic.ended)
    assert told == ["The critic has ended: the budget is spent."]
    assert not critic.due(1e9)
    critic.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_of_a_critics_own_ends_the_critic_and_not_the_person(tmp_path: Path) -> None:
    critic, _ = opened(tmp_path, Scripted(RuntimeError("a fault")))
    critic.look(look())
    wait_for(lambda: critic.ended)
    critic.notify(look(Mode.FIGHT), Mode.LOOT)
    critic.close()
    assert critic.counts.by_person == 1


def test_what_a_person_says_is_written_even_while_a_model_is_slow_and_with_no_critic_at_all(tmp_path: Path) -> None:
    slow = Scripted(waits=True)
    critic, _ = opened(tmp_path / "slow", slow)
    critic.look(look())
    wait_for(lambda: slow.asked)
    critic.notify(look(Mode.FIGHT, time_s=4.0), Mode.CAUTIOUS)
    critic.close()
    assert slow.closed
    alone, _ = opened(tmp_path / "alone", None)
    assert not alone.due(0.0)
    alone.notify(look(Mode.FIGHT), Mode.FLEE)
    alone.close()
    entries = read_corrections(tmp_path / "slow").entries
    said = [entry.correction for entry in entries if entry.correction.source == "person"]
    assert [(one.vlm_correction, one.confidence, one.time_s) for one in said] == [(Mode.CAUTIOUS, 1.0, 4.0)]
    assert len(read_corrections(tmp_path / "alone").entries) == 1


def test_a_picture_is_kept_beside_a_correction_and_not_beside_an_agreement(tmp_path: Path) -> None:
    reviewer = Reviewer(RuleCritic(), CorrectionLog(tmp_path / "corrections_1.jsonl"), PROFILE)
    for hp in (0.1, 1.0):
        shown = look(Mode.FIGHT, hp=hp, shield=hp, attackers=1)
        reviewer.review(ReviewRequest(**{**shown.__dict__, "pictures": lambda: (b"old", b"new")}))
    reviewer.log.close()
    corrected, agreed = read_corrections(tmp_path).entries
    assert corrected.frame is not None and corrected.frame.read_bytes() == b"new"
    assert agreed.correction.frame is None


def test_a_full_disk_costs_lines_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "corrections").write_text("a file where a folder should be", encoding="ascii")
    reviewer = Reviewer(RuleCritic(), CorrectionLog(tmp_path / "corrections" / "corrections_1.jsonl"), PROFILE)
    for _ in range(3):
        assert reviewer.review(look()) is None
    assert reviewer.counts.lost == 3
    assert caplog.text.count("cannot be written") == 1


def test_a_pilot_without_a_mode_is_not_judged(tmp_path: Path) -> None:
    reviewer = Reviewer(RuleCritic(), CorrectionLog(tmp_path / "corrections_1.jsonl"), PROFILE)
    assert reviewer.review(ReviewRequest(**{**look().__dict__, "mode": -1})) is None
