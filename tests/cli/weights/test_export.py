"""`understudy export` and `understudy import` from the command line."""

import os
import re
from pathlib import Path

import pytest

from tests.support.small_policies import write_brain
from tests.support.synthetic_rollouts import made_up_verdict
from understudy.cli.main import main
from understudy.contract.serialization import to_json
from understudy.policies.checkpoint import BEST, load_checkpoint


@pytest.fixture
def models(working_folder: Path) -> Path:
    return write_brain(working_folder / "models")


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def identities(models: Path) -> list[str]:
    return [load_checkpoint(path).identity for path in sorted(models.rglob(BEST))]


def test_policies_go_out_and_come_back(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--models", "models", "--out", "out/mine"]) == 0
    assert "executor.onnx" in said(capsys)
    for _ in range(2):  # the second time the same weights are there already
        assert main(["import", "out/mine", "--models", "back"]) == 0
        assert "understudy run --models back plays them" in said(capsys)
    assert identities(Path("back")) == identities(models)


def test_other_weights_are_never_overwritten(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--models", "models"]) == 0
    before = identities(write_brain(Path("others"), seed=9))
    assert main(["import", "out/export", "--models", "others"]) == 2
    assert "holds other weights" in said(capsys)
    assert identities(Path("others")) == before


def test_a_folder_that_is_no_export_is_one_sentence_and_nothing_is_written(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "models", "--models", "back"]) == 2
    assert "There is no models/config.json: give a folder of understudy export" in said(capsys)
    assert not Path("back").exists()


def test_nothing_to_export_is_one_sentence(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--models", "nowhere"]) == 2
    assert "There is no checkpoint" in said(capsys)


def test_the_model_card_shows_the_figures_of_these_weights_alone(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("judged").mkdir()
    Path("judged/verdict.json").write_text(to_json(made_up_verdict()), encoding="utf-8")
    export = ["export", "--models", "models", "--evaluation", "judged", "--licence", "CC0-1.0"]
    assert main(export) == 0
    card = Path("out/export/README.md").read_text(encoding="utf-8")
    assert re.search(r"\| understudy \| [\d.-]+ \([\d.-]+ to [\d.-]+\) \|", card)
    assert "Of the weights: CC0-1.0." in card
    assert load_checkpoint(models / "executor" / BEST).identity in card

    later = (Path("judged") / "verdict.json").stat().st_mtime + 10
    os.utime(models / "executor" / BEST, (later, later))
    capsys.readouterr()
    assert main(export) == 0
    assert "older than the weights" in said(capsys)
    assert "Not measured for these weights" in Path("out/export/README.md").read_text(encoding="utf-8")
