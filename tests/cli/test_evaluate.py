import csv
from pathlib import Path

import pytest

from understudy.cli.evaluate import Evaluate, evaluate
from understudy.cli.main import run_command
from understudy.contract.errors import FlagError
from understudy.contract.serialization import from_json
from understudy.evaluation.comparison.comparison_result import ComparisonResult


def test_teacher_and_baselines_are_judged_and_everything_is_written(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--models", "--worlds", "8", "--seconds", "20", "--processes", "1", "--out", "judged"]
    assert run_command("understudy.cli.evaluate", "Evaluate", flags, "understudy evaluate") == 0
    said = capsys.readouterr().out
    for words in ("hunter", "do nothing", "random", "click random object", "judged/report.html"):
        assert words in said
    verdict = from_json(ComparisonResult, (working_folder / "judged/verdict.json").read_text(encoding="utf-8"))
    assert verdict.rows[0].name == "hunter"
    assert (verdict.purpose, verdict.num_worlds) == ("HOLDOUT", 8)
    with (working_folder / "judged/worlds.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 8 * len(verdict.rows)
    assert "<!doctype html>" in (working_folder / "judged/report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command",
    [
        Evaluate(models=(), worlds=0),
        Evaluate(models=(), seconds=0.0),
        Evaluate(models=(), processes=0),
        Evaluate(models=(), offset=-1),
    ],
)
def test_numbers_that_make_no_sense_are_refused_by_the_name_of_their_flag(command: Evaluate) -> None:
    with pytest.raises(FlagError, match=r"^--(worlds|seconds|processes|offset) "):
        evaluate(command)


def test_an_unknown_teacher_is_refused() -> None:
    with pytest.raises(FlagError, match="nobody"):
        evaluate(Evaluate(models=(), teacher="nobody", worlds=4))
