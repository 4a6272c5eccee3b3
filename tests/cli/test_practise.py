"""`understudy practise`: its flags, and what it refuses in one sentence."""

from pathlib import Path

import pytest

from tests.support.json_results import json_of
from tests.support.small_policies import write_brain
from understudy.cli.main import main
from understudy.cli.practise import SEEDS_A_RUN, Practise, settings_of


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--hours", "0"], "--hours"),
        (["--judge-hours", "-1"], "--judge-hours"),
        (["--lr", "0"], "--lr"),
        (["--kl-coef", "-1"], "--kl-coef"),
        (["--worlds", "100"], "multiple of 64"),
        (["--death-price", "-5"], "death"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    flags: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["practise", *flags]) == 2
    assert named in capsys.readouterr().err


def test_without_trained_policies_one_sentence_says_so(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["practise"]) == 2
    assert "understudy train" in capsys.readouterr().err


def test_flags_become_settings() -> None:
    told = settings_of(Practise(kl_coef=2.0, death_price=25.0, lr=1e-5, seed=3, no_gate=True, worlds=64))
    assert told.trainer.policy.kl_coef == 2.0 and told.trainer.policy.learning_rate == 1e-5
    assert told.ground.prices.death == -25.0 and told.ground.worlds == 64
    assert told.ground.first_seed == 3 * SEEDS_A_RUN
    assert told.gate is None
    assert settings_of(Practise()).gate is not None


@pytest.mark.slow
def test_its_result_is_printed_as_json(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = str(write_brain(working_folder / "models"))
    flags = ("--models", models, "--hours", "0.2", "--worlds", "64", "--no-gate", "--no-likeness")
    found = json_of(capsys, "practise", *flags)
    assert found["finished"] and found["hours"] >= 0.2 and found["drift"] is None
    assert Path(found["plot"]).is_file() and Path(found["log_dir"]).is_dir()
    assert all(Path(one["path"]).is_file() and one["verdict"] is None for one in found["candidates"])
