import json
from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.cli.record import record_teacher


@pytest.fixture
def short(working_folder: Path) -> list[Path]:
    return record_teacher("hunter", 2.0, 0, Path("data/recordings"), sessions=2)


@pytest.mark.usefixtures("short")
def test_findings_are_a_table_and_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "2 recordings, 2.0 minutes to learn from" in out
    assert "serious" in out
    assert "Too short" in out
    assert "fine" in out


def test_json_holds_every_sign(short: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(short[0]), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["num_recordings"] == 1
    assert {"length", "idle", "leakage", "torn"} <= {sign["name"] for sign in told["signs"]}
    assert told["signs"][0]["severity"] == "SERIOUS"


def test_nothing_to_examine_is_one_sentence(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 2
    assert "no recordings" in capsys.readouterr().err
