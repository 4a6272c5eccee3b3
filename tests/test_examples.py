"""Every script of examples/ runs, and so does the README's example of the Python API."""

import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from tests.support.small_policies import write_brain
from understudy.contract.action import Action, Actor
from understudy.contract.protocols import Pilot, World
from understudy.policies.exchange.export_folder import export_policies, write_folder
from understudy.policies.executor import PointerPlaces
from understudy.policies.inference_backend import make_backend
from understudy.policies.policy_bundle import build_policies, load_levels
from understudy.recordings.episode import describe
from understudy.recordings.recorder import Recorder
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.runtime.session import Session
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


def load(name: str) -> dict[str, Any]:
    """The names that an example defines; its `main` is not run."""
    return runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name=name)


def output_of(main: Callable[[list[str]], None], arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    main(arguments)
    return capsys.readouterr().out


def test_policies_are_loaded_and_play_ten_seconds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = load("play_ten_seconds")["main"]
    models = write_brain(tmp_path / "models")
    assert output_of(main, ["--models", str(models), "--worlds", "2"], capsys).startswith("200 ticks in 2 worlds")


def test_a_baseline_of_ones_own_is_a_pilot_and_scores(capsys: pytest.CaptureFixture[str]) -> None:
    example = load("add_baseline")
    assert isinstance(example["ChaseNearestEnemy"](load_profile()), Pilot)
    printed = output_of(example["main"], ["--worlds", "8", "--seconds", "30"], capsys)
    kills = {line.split()[0]: float(line.split()[5]) for line in printed.splitlines()}
    assert kills["do_nothing"] == 0.0
    assert kills["chase_nearest_enemy"] > kills["click_random_object"]


def test_a_world_of_ones_own_is_a_world_that_a_baseline_plays(capsys: pytest.CaptureFixture[str]) -> None:
    example = load("own_world")
    assert isinstance(example["Pond"](np.arange(2, dtype=np.uint64)), World)
    # the baseline clicks the only object once a second, and the fish does not move
    assert output_of(example["main"], ["--seconds", "5"], capsys) == "fish caught in each pond: [5, 5, 5]\n"


def test_two_checkpoints_are_compared_in_the_same_worlds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(write_brain(tmp_path / name, seed=seed)) for seed, name in enumerate(("a", "b"))]
    main = load("evaluate_checkpoints")["main"]
    printed = output_of(main, ["--models", *folders, "--worlds", "4", "--seconds", "5"], capsys)
    assert [line.split()[0] for line in printed.splitlines()] == ["teacher", "random", "first", "second", "second"]
    same = output_of(main, ["--models", folders[0], folders[0], "--worlds", "4", "--seconds", "5"], capsys)
    assert same.splitlines()[-1] == "second minus first: 0.00 (0.00 to 0.00) points a minute (95 % interval)"


def test_a_recording_is_read_with_numpy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pond = load("own_world")
    info = describe(pond["POND"], pilot="click_random_object", simulated_time=True)
    recorder = Recorder(tmp_path / "pond.mcap", info)
    world, pilot = pond["Pond"](np.zeros(1, np.uint64)), pond["ClickRandomObject"](pond["POND"])
    Session(world, pilot, [recorder], actor=Actor.POLICY).run(60)
    printed = output_of(load("read_recording")["main"], ["--recordings", str(tmp_path)], capsys)
    assert "pond.mcap: 60 ticks, 3 s of pond" in printed
    assert "played by click_random_object, 3 clicks, 1.0 objects in sight" in printed
    assert "loot: 3" in printed


@pytest.mark.parametrize("places", get_args(PointerPlaces))
def test_an_exported_folder_plays_as_the_policies_do_and_without_torch(tmp_path: Path, places: PointerPlaces) -> None:
    models, folder = write_brain(tmp_path / "models", seed=31, pointer_places=places), tmp_path / "export"
    levels = load_levels(models)
    write_folder(folder, export_policies(levels), "")
    code = f"""
import runpy, sys
runpy.run_path({str(EXAMPLES / "play_exported.py")!r}, run_name="example")["main"](["--folder", {str(folder)!r}])
assert "torch" not in sys.modules, "imports torch"
"""
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.startswith("1200 ticks: {'kills': ")

    policies, seeds, profile = build_policies(levels), np.array([3], np.uint64), load_profile()
    pilots = [
        load("play_exported")["ExportedPolicy"](folder, profile),
        HierarchicalPolicy(policies, profile, make_backend(policies, "onnxruntime")),
    ]
    assert all(isinstance(pilot, Pilot) for pilot in pilots)
    world, carries = Simulator(seeds), [pilot.start(seeds) for pilot in pilots]
    pressed = 0
    for _ in range(300):
        ours, theirs = (
            pilot.decide(world.observe(), carry).action.records for pilot, carry in zip(pilots, carries, strict=True)
        )
        assert ours["button"] == theirs["button"] and ours["keys"] == theirs["keys"]
        assert abs(ours["cursor_x"] - theirs["cursor_x"]) < 1e-5 > abs(ours["cursor_y"] - theirs["cursor_y"])
        pressed += int(theirs["button"][0] > 0)
        world.act(Action(theirs))
    assert pressed > 10, "a stretch without clicks would show little"


def test_ppo_in_one_file_learns_on_many_worlds(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    main = load("ppo_single_file")["main"]
    printed = output_of(main, ["--steps", "2600", "--worlds", "4", "--rollout", "320"], capsys)  # an episode ends in it
    torch.set_num_threads(threads)
    assert [line.split()[0] for line in printed.splitlines()] == ["1280", "2560", "3840"]
    assert all(re.fullmatch(r"\d+ steps, \d+ CPU-s: -?[\d.]+ points a minute", line) for line in printed.splitlines())


@pytest.mark.slow
def test_ppo_of_stable_baselines3_learns_on_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("stable_baselines3")
    main = load("ppo_stable_baselines3")["main"]
    flags = ["--steps", "2048", "--worlds", "2", "--rollout", "512", "--out", str(tmp_path)]
    printed = output_of(main, flags, capsys)
    assert [line.split()[0] for line in printed.splitlines()] == ["1024", "2048"]
    assert (tmp_path / "ppo_stable_baselines3.zip").exists()


def test_the_readmes_example_of_the_python_api_is_short_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(code) == 1 and len(code[0].splitlines()) <= 15
    write_brain(tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    exec(compile(code[0], "README.md", "exec"), {})
    assert "points a minute" in capsys.readouterr().out
