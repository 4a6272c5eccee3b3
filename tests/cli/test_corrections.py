from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.review_moments import PROFILE, record
from understudy.cli.main import main
from understudy.contract.intent import Mode
from understudy.feedback.correction import Correction
from understudy.feedback.correction_log import CorrectionLog
from understudy.feedback.correction_reader import read_corrections
from understudy.feedback.state_snapshot import describe

FOLDER = Path("logs/vlm_corrections")


@pytest.fixture
def written(working_folder: Path) -> Path:
    """A correction, an agreement, and a line that cannot be read."""
    log = CorrectionLog(FOLDER / "corrections_1.jsonl")
    for right, hp in ((Mode.FLEE, 0.2), (Mode.FIGHT, 0.9)):
        state = describe(record(hp=hp, attackers=2)[0], PROFILE)
        log.append(Correction(state=state, bot_action=Mode.FIGHT, vlm_correction=right, reason="<b>low</b>",
                              confidence=0.9, target=0, when="2026-11-22T12:00:00.000+00:00"))  # fmt: skip
    log.close()
    with log.path.open("a", encoding="ascii") as file:
        file.write("nonsense\n")
    return log.path


@pytest.mark.usefixtures("written")
def test_list_shows_what_differs_and_names_what_cannot_be_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["corrections", "list"]) == 1
    out = capsys.readouterr().out
    assert "1 corrections, 1 agreements in 1 files." in out
    assert "FLEE" in out and "hp 20%" in out and "hp 90%" not in out
    assert "corrections_1.jsonl, line 3: not JSON" in out
    main(["corrections", "list", "--all"])
    assert "hp 90%" in capsys.readouterr().out


@pytest.mark.usefixtures("written")
def test_show_puts_a_picture_beside_the_text_and_runs_nothing_that_a_model_said(working_folder: Path) -> None:
    assert main(["corrections", "show"]) == 0
    page = (working_folder / "corrections.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 1
    assert "data:image/jpeg;base64," in page
    assert "FIGHT, better FLEE (90%)" in page and "mordon" in page
    assert "<b>low" not in page and "&lt;b&gt;low" in page


def test_edit_changes_one_line_and_drop_takes_it_out(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corrections", "edit", "1", "--mode", "CAUTIOUS", "--confidence", "0.5"]) == 0
    first = read_corrections(written).entries[0].correction
    assert (first.vlm_correction, first.confidence) == (Mode.CAUTIOUS, 0.5)
    assert first.source == "person", "what a person has mended holds before any critic's word"
    assert main(["corrections", "edit", "1", "--drop"]) == 0
    assert [entry.correction.vlm_correction for entry in read_corrections(written).entries] == [Mode.FIGHT]
    assert written.read_text(encoding="ascii").endswith("nonsense\n")
    for mistake in (["edit", "9", "--drop"], ["edit", "1"], ["edit", "1", "--confidence", "7"]):
        assert main(["corrections", *mistake]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_moment_of_another_game_is_shown_without_a_picture(written: Path, working_folder: Path) -> None:
    strange = record(attackers=2)
    strange["tracks"]["kind"] = 999
    CorrectionLog(written).append(Correction(state=describe(strange[0], PROFILE), bot_action=Mode.FIGHT,
                                             vlm_correction=Mode.FLEE))  # fmt: skip
    assert main(["corrections", "show"]) == 0
    page = (working_folder / "corrections.html").read_text(encoding="utf-8")
    assert (page.count("<section>"), page.count("<img")) == (2, 1)


def test_an_edit_while_the_game_writes_loses_nothing(written: Path) -> None:
    playing = CorrectionLog(written)
    line = read_corrections(written).entries[1].correction
    playing.append(line)
    assert main(["corrections", "edit", "1", "--reason", "I looked"]) == 0
    playing.append(line)
    reasons = [entry.correction.reason for entry in read_corrections(written).entries]
    assert reasons == ["I looked", "<b>low</b>", "<b>low</b>", "<b>low</b>"]


def test_nothing_that_a_terminal_obeys_is_printed(
    written: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    one = read_corrections(written).entries[0].correction
    odd = "\x1b]0;title\x07\u202e"
    CorrectionLog(written).append(replace(one, reason=odd, model=odd, when=odd))
    with written.open("a", encoding="utf-8") as file:
        file.write('{"\\u001b[2J": 1}\n')
    assert main(["corrections", "list"]) == 1
    out = capsys.readouterr().out
    assert not set(out) & set("\x1b\x07\u202e")
    assert "title" in out and "unknown key" in out


@pytest.mark.usefixtures("working_folder")
def test_where_there_are_none_a_sentence_says_how_to_get_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corrections", "list"]) == 2
    assert "understudy run" in capsys.readouterr().err


@pytest.mark.usefixtures("working_folder")
def test_the_rules_can_be_examined_and_a_picture_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["critic", "evaluate", "--moments", "20"]) == 0
    out = capsys.readouterr().out
    assert "20 of 20 moments were answered" in out and "kappa" in out
    assert Path("critic.png").stat().st_size > 5_000


@pytest.mark.usefixtures("working_folder")
def test_corrections_are_collected_faster_than_real_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.support.small_policies import write_brain

    models = write_brain(tmp_path / "models")
    flags = ["--models", str(models), "--worlds", "2", "--minutes", "0.2", "--every", "2"]
    assert main(["critic", "collect", *flags]) == 0
    entries = read_corrections(FOLDER).entries
    assert 6 <= len(entries) <= 12
    assert all(entry.correction.state.window is not None for entry in entries)
    assert len(np.unique([entry.correction.time_s for entry in entries])) == len(entries)
    assert f"{len(entries)}" in capsys.readouterr().out or entries


@pytest.mark.parametrize(
    "flags",
    [
        ["--model", "m"],
        ["--endpoint", "http://localhost:1/v1"],
        ["--endpoint", "http://localhost:port/v1", "--model", "m"],
        ["--moments", "0"],
        ["--flee-below", "0.5", "--crowd-flee-below", "0.3"],
    ],
)
@pytest.mark.usefixtures("working_folder")
def test_flags_that_cannot_work_are_refused(
    flags: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert main(["critic", "evaluate", *flags]) == 2
    assert "Traceback" not in capsys.readouterr().err
