"""The lines of --shadow-train have the form that the guide prints, and an empty buffer has a cause."""

import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from understudy.cli.live.shadow import add_events, mend_pickles
from understudy.cli.live.shadow_console import ShadowConsole, short, why_empty
from understudy.contract.action import ACTION, Action, Actor
from understudy.contract.intent import no_intent
from understudy.contract.observation import OBSERVATION, TICK_S, Observation
from understudy.contract.protocols import InputEvent, Step
from understudy.learning.shadow.messages import (
    AgreementScore,
    BufferFill,
    Disagreements,
    PromotionResult,
    ShadowReady,
    ShadowReport,
    ShadowUpdateStats,
)
from understudy.learning.worker.messages import WorkerFailure
from understudy.recordings.episode import describe
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import read_episode
from understudy.worlds.catalog import load_profile


def said(*reports: ShadowReport, debug: bool = False, learning_rate: float = 1e-4) -> list[str]:
    console = Console(width=300, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115
    teller = ShadowConsole(console, learning_rate, debug)
    teller.begin()
    for report in reports:
        teller.hear(report)
    console.file.close()
    return console.export_text().splitlines()


def updated(number: int) -> ShadowUpdateStats:
    return ShadowUpdateStats(
        number=number,
        loss=0.02341,
        position_error=0.0871,
        click_accuracy=0.778,
        learning_rate=1e-4,
        num_samples=300,
        seconds=0.1,
    )


def test_the_lines_are_the_guides_word_for_word(project_root: Path) -> None:
    lines = said(BufferFill(num_samples=234, buffer_size=5000), updated(12), debug=True)
    assert lines == [
        "[SHADOW] Shadow training mode ACTIVE",
        "[SHADOW] Bot is WATCHING - play the game normally!",
        "[SHADOW] Learning rate: 1e-4 (with warmup + cosine decay)",
        "[SHADOW] Buffer: 234/5000 samples",
        "[SHADOW] Update #12: loss=0.0234, pos_err=0.087, click_acc=78%, lr=1.00e-04",
    ]


def test_a_long_session_prints_one_update_each_half_minute_and_with_debug_all() -> None:
    reports = [updated(number) for number in range(1, 41)]
    assert [line for line in said(*reports) if "Update" in line] == [
        f"[SHADOW] Update #{number}: loss=0.0234, pos_err=0.087, click_acc=78%, lr=1.00e-04"
        for number in (1, 11, 21, 31)
    ]
    assert sum("Update" in line for line in said(*reports, debug=True)) == 40


def test_scores_verdicts_and_troubles_are_said() -> None:
    lines = said(
        ShadowReady(base_minutes=25.2, held_out_minutes=5.0, note=""),
        AgreementScore(agreement=0.61, initial_agreement=0.55, num_clicks=100),
        Disagreements(times_s=(1.0, 2.0)),
        updated(1),
        PromotionResult(promoted=False, reason="it is worse", identity="x", path="a.pt"),
        PromotionResult(promoted=True, reason="it is better", identity="x", path="a.pt"),
        WorkerFailure(text="The learner was lost: it died."),
    )[3:]
    assert "Rehearsing 25 minutes" in lines[0]
    assert any("61% of your last 100 clicks (before learning 55%)" in line for line in lines)
    assert "[SHADOW] Kept aside: it is worse (a.pt)" in lines
    assert "[SHADOW] Promoted: it is better (a.pt)" in lines
    assert lines[-1] == "[SHADOW] The learner was lost: it died."
    assert all(re.match(r"\[SHADOW\] ", line) for line in lines)


@pytest.mark.parametrize(("value", "text"), [(1e-4, "1e-4"), (2.5e-5, "2.5e-5"), (0.003, "3e-3")])
def test_learning_rates_are_written_as_in_the_guide(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"has_focus": False, "num_active_ticks": 0}, "not in focus"),
        ({"num_active_ticks": 0}, "neither mouse nor keyboard"),
        ({"window": (2000, 700)}, "larger than the screen of 1920 x 1080"),
        ({}, "none of it has become a sample"),
        ({"learner_had_time": False}, None),
    ],
)
def test_an_empty_buffer_has_a_cause(changed: dict[str, object], cause: str | None) -> None:
    usual: dict[str, object] = {
        "has_focus": True,
        "window": (1280, 720),
        "desktop": (1920, 1080),
        "num_active_ticks": 50,
        "learner_had_time": True,
    }
    why = why_empty(**(usual | changed))  # type: ignore[arg-type]
    assert why is None if cause is None else cause in (why or "")


def session(path: Path, teller: ShadowConsole, num_ticks: int = 100) -> Recorder:
    """A person's session that is being recorded, of which the ticks have been told."""
    recorder = Recorder(path, describe(load_profile(), pilot="person"), also_pickle=True)
    observations = np.zeros(num_ticks, OBSERVATION)
    observations["time_s"] = 50.0 + TICK_S * np.arange(num_ticks)
    for tick in range(num_ticks):
        press = (InputEvent(52.0, "press", "left", 0.25, 0.75),) if tick == 40 else ()
        if tick == 80:
            teller.hear(Disagreements(times_s=(53.5, 51.0)))
            teller.hear(Disagreements(times_s=(51.0, 50.5)))
        recorder.on_step(
            Step(
                index=tick,
                observation=Observation(observations[tick : tick + 1]),
                action=Action(np.zeros(1, ACTION)),
                intent=no_intent(1),
                actors=np.full(1, Actor.PERSON, np.int8),
                inputs=(*teller.bookmarks.take(), *press),
            )
        )
    return recorder


EVENTS = [
    (50.5, "mark", "disagreement"),
    (51.0, "mark", "disagreement"),
    (52.0, "press", "left"),
    (53.5, "mark", "disagreement"),
]


def events(path: Path) -> list[tuple[float, str, str]]:
    return [(event.time_s, event.kind, event.code) for event in read_episode(path).inputs]


def test_moments_of_disagreement_are_bookmarked_in_both_files_once_and_in_order_of_time(tmp_path: Path) -> None:
    teller = ShadowConsole(Console(quiet=True), 1e-4, debug=False)
    recorder = session(tmp_path / "shadow_recording_1.mcap", teller)
    recorder.close()
    assert events(recorder.path) == events(recorder.path.with_suffix(".pkl")) == EVENTS
    assert len(teller.bookmarks) == 3
    teller.hear(Disagreements(times_s=(54.25, 51.0)))
    add_events(recorder.path, teller.bookmarks.take())
    after = [*EVENTS, (54.25, "mark", "disagreement")]
    assert events(recorder.path) == events(recorder.path.with_suffix(".pkl")) == after, "what came after the last tick"


def test_a_killed_session_keeps_its_bookmarks_and_gets_its_pickle_at_the_next_start(tmp_path: Path) -> None:
    teller = ShadowConsole(Console(quiet=True), 1e-4, debug=False)
    recorder = session(tmp_path / "shadow_recording_1.mcap", teller)
    recorder.stop()
    recorder._writer.abandon()  # as a kill leaves it: torn, and without its .pkl
    assert mend_pickles(tmp_path) == [], "it may be written to by a session that goes on"
    hour_ago = time.time() - 3600
    os.utime(recorder.path, (hour_ago, hour_ago))
    (tmp_path / "shadow_recording_2.mcap").write_bytes(b"nothing of ours")
    os.utime(tmp_path / "shadow_recording_2.mcap", (hour_ago, hour_ago))
    pickle = recorder.path.with_suffix(".pkl")
    assert mend_pickles(tmp_path) == [pickle]
    assert events(pickle) == events(recorder.path) == EVENTS
    assert mend_pickles(tmp_path) == []


def test_the_window_says_how_it_stands() -> None:
    teller = ShadowConsole(Console(quiet=True), 1e-4, debug=False)
    assert teller.lines() == ("SHADOW: you play, it learns", "no click of yours is judged yet", "0 updates")
    for report in (
        BufferFill(num_samples=234, buffer_size=5000),
        updated(12),
        AgreementScore(agreement=0.614, initial_agreement=0.55, num_clicks=90),
    ):
        teller.hear(report)
    assert teller.lines()[1:] == ("would click as you: 61% of 90, before 55%", "12 updates, 234 samples")
