"""The guide's command from corrections to checkpoints and a verdict, in small."""

from pathlib import Path

import numpy as np
import pytest
import tyro

from tests.support.json_results import json_of
from tests.support.small_policies import write_brain
from understudy.cli.finetune import Finetune, strategist_of
from understudy.cli.main import main
from understudy.cli.record import record_teacher
from understudy.evaluation.rollouts.reviewed_rollout import review_rollouts
from understudy.feedback.correction_log import CorrectionLog
from understudy.feedback.reviewer import Reviewer
from understudy.feedback.rule_provider import RuleCritic
from understudy.feedback.rule_settings import RuleSettings
from understudy.policies.checkpoint import BASE, BEST, load_checkpoint
from understudy.policies.policy_bundle import load_policies
from understudy.runtime.hierarchical_policy import load_hierarchy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator

GUIDE = (
    "--corrections_dir logs/vlm_corrections --model_path models/v2/strategist/best_model.pt "
    "--output_dir models/v2/strategist_vlm_ft --epochs 20 --lr 1e-5 --device cuda"
)


@pytest.mark.parametrize("spelling", ["-", "_"])
def test_the_guides_command_means_what_it_says_and_its_short_form_means_the_same(spelling: str) -> None:
    words = [word.replace("_", spelling) if word.startswith("--") else word for word in GUIDE.split()]
    long = tyro.cli(Finetune, args=words)
    short = tyro.cli(Finetune, args=[f"--corrections{spelling}dir", "logs/vlm_corrections"])
    assert (long.epochs, long.lr, long.device) == (20, 1e-5, "cuda")
    assert strategist_of(long.model_path) == strategist_of(short.model_path)
    for name in ("corrections_dir", "output_dir", "epochs", "lr"):
        assert getattr(long, name) == getattr(short, name)


@pytest.fixture
def played(working_folder: Path) -> Path:
    """Base recordings, three small policies, and the corrections of a critic that wants everyone to flee early."""
    record_teacher("hunter", 8.0, 0, Path("recordings/v2_training"), sessions=4)
    models = write_brain(working_folder / "models" / "v2")
    seeds = np.arange(6, dtype=np.uint64)
    rules = RuleCritic(RuleSettings(flee_below=0.9, crowd_flee_below=0.9))
    log = CorrectionLog(Path("logs/vlm_corrections/corrections_1.jsonl"))
    reviewer = Reviewer(rules, log, load_profile())
    pilot = load_hierarchy(models, load_profile())
    review_rollouts(pilot, Simulator(seeds, "1-4"), seeds, reviewer, seconds=60.0, every_s=2.0)
    assert reviewer.counts.corrected > 5
    return models


def test_new_checkpoints_are_written_and_what_plays_is_left_alone(
    played: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {policy: (played / policy / BEST).read_bytes() for policy in ("strategist", "tactician", "executor")}
    assert main(["finetune", "--epochs", "1", "--no_gate", "--device", "cpu"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "with fewer than 100 the result may learn single moments by heart" in out
    assert "corrections followed" in out and "stretches were shown to the Executor" in out
    for policy, content in before.items():
        assert (played / policy / BEST).read_bytes() == content
    output = played / "strategist_vlm_ft"
    strategist = load_checkpoint(output / BEST, "strategist")
    executor = load_checkpoint(output / "executor" / BEST, "executor")
    assert strategist.continues(load_checkpoint(played / "strategist" / BEST).identity)
    parents = {parent.what: parent.identity for parent in executor.meta.lineage}
    assert parents["strategist"] == strategist.identity
    assert parents[BASE] == load_checkpoint(played / "executor" / BEST).identity
    assert load_policies(played, strategist).strategist is not None


@pytest.mark.slow
def test_the_gate_has_the_last_word(played: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json_of(capsys, "finetune", "--epochs", "1", "--pairs", "64", "--device", "cpu")
    assert found["verdict"]["looks"][-1]["num_pairs"] == 64
    assert [one["policy"] for one in found["policies"]] == ["strategist", "executor"]
    assert all(Path(one["checkpoint"]).is_file() and Path(one["log_dir"]).is_dir() for one in found["policies"])
    assert found["num_corrections"] > 5 and "accuracy" in found["before"]
    assert (played / "executor" / "history" / "audit.jsonl").exists()


@pytest.mark.usefixtures("working_folder")
def test_what_is_missing_is_said_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["finetune"]) == 2
    assert "No corrections lie in logs/vlm_corrections" in " ".join(capsys.readouterr().err.split())
    for flags in (["--epochs", "0"], ["--lr", "0"], ["--pairs", "7"]):
        assert main(["finetune", *flags]) == 2
    assert "Traceback" not in capsys.readouterr().err
