"""A fault goes when it is corrected: the experiment of benchmarks/vlm_experiment.py in small, by the commands alone.

Twelve minutes of a teacher, edited so that low bars go with fighting, instead of an hour; a Strategist that therefore
always fights; and the offline rules looking on. Fine-tuning takes a higher learning rate than the guide's, because so
few corrections make few steps.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
CHOICE = argparse.Namespace(purpose="CHOOSE", worlds=24, seconds=40.0, flee_below=0.28)


def understudy(folder: Path, *words: str) -> str:
    """What one command says."""
    return run(folder, "-m", "understudy.cli.main", *words)


def run(folder: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def test_a_policy_that_always_fights_learns_from_corrections_to_flee(
    tmp_path: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(project_root / "benchmarks"))
    from vlm_experiment import edit_folder, judge, tuned_brain

    from understudy.policies.policy_bundle import load_policies
    from understudy.runtime.hierarchical_policy import HierarchicalPolicy
    from understudy.worlds.catalog import load_profile

    understudy(tmp_path, "record", "--teacher", "hunter", "--minutes", "12", "--seed", "1", "--out", "original")
    edit_folder(tmp_path / "original", tmp_path / "recordings" / "v2_training")
    understudy(tmp_path, "train", "--epoch-scale", "0.04", "--device", "cpu")
    understudy(tmp_path, "critic", "collect", "--worlds", "12", "--minutes", "1.5", "--every", "1")
    script = project_root / "darkorbit_bot" / "v2" / "training" / "finetune_with_vlm.py"
    flags = ["--corrections_dir", "logs/vlm_corrections", "--lr", "1e-4", "--epochs", "10", "--device", "cpu"]
    said = run(tmp_path, str(script), *flags, "--no_gate")
    assert "corrections followed" in said and "Written: models/v2/strategist_vlm_ft" in said

    before = load_policies(tmp_path / "models" / "v2")
    after = tuned_brain(before, tmp_path / "models" / "v2" / "strategist_vlm_ft")
    old, new = (judge(HierarchicalPolicy(policies, load_profile()), CHOICE) for policies in (before, after))
    assert old.dangers > 100 and new.dangers > 100
    assert old.wrong > 0.8 * old.dangers, "there was no fault to correct"
    assert new.wrong / new.dangers < 0.2 * old.wrong / old.dangers
