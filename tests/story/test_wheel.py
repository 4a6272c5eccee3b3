"""The wheel turns once: a teacher is recorded, three policies learn from it, play worlds they never saw, are judged."""

from pathlib import Path

import pytest

from understudy.cli.evaluate import Evaluate, evaluate
from understudy.cli.record import Record
from understudy.cli.record import run as record
from understudy.cli.train import Train
from understudy.cli.train import run as train
from understudy.evaluation.comparison.comparison_result import ComparisonResult

MINUTES = 12.0
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ComparisonResult]:
    """Everything that one turn leaves behind, and the verdict on eight worlds of half a minute."""
    folder = tmp_path_factory.mktemp("wheel")
    record(Record(teacher="hunter", minutes=MINUTES, seed=1, out=folder / "recordings"))
    status = train(
        Train(
            data_dir=folder / "recordings",
            output_dir=folder / "models",
            log_dir=folder / "logs",
            epoch_scale=0.3,
            device="cpu",
        )
    )
    assert status == 0
    verdict = evaluate(
        Evaluate(
            models=(folder / "models",),
            worlds=8,
            seconds=30.0,
            processes=1,
            out=folder / "judged",
            data_dir=folder / "recordings",
            logs=folder / "logs",
        )
    )
    return folder, verdict


def scores(verdict: ComparisonResult) -> dict[str, float]:
    return {row.name: row.score.value for row in verdict.rows}


def test_the_understudy_beats_chance_and_doing_nothing(wheel: tuple[Path, ComparisonResult]) -> None:
    found = scores(wheel[1])
    assert found["understudy"] > max(found["random"], found["click_random_object"])
    assert found["understudy"] > found["do_nothing"]


def test_it_leaves_recordings_models_curves_and_a_report_behind(wheel: tuple[Path, ComparisonResult]) -> None:
    folder = wheel[0]
    assert len(list((folder / "recordings").glob("*.mcap"))) == 8
    for policy in ("strategist", "tactician", "executor"):
        assert (folder / "models" / policy / "best_model.pt").stat().st_size > 10_000
        assert list((folder / "logs").rglob("*tfevents*"))
    report = (folder / "judged" / "report.html").read_text(encoding="utf-8")
    for head in ("Copycat check", "Strategist: mode", "Tactician: kind of target", "Executor: a gesture begins"):
        assert head in report
