"""How long judging takes: `python benchmarks/arena.py [MODELS]`, about two minutes on two cores.

128 worlds of 2 minutes for the teacher, a baseline and an understudy: CPU time in one process, and the wall time of
all of them with two. MODELS is a folder of trained policies; without one, policies with random weights stand in,
which cost the same and play worse.
"""

import argparse
import time
from pathlib import Path

import torch
from smallest import flags

from understudy.contract.profile import Profile
from understudy.contract.protocols import Pilot
from understudy.contract.workers.part_executor import part_executor
from understudy.evaluation.rollouts.baselines import Random
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.trajectory import record_trajectory
from understudy.evaluation.rollouts.vector_rollout import rollout, rollout_all
from understudy.learning.data.labelled_episode import label_episode
from understudy.learning.supervised.train_policy import fit_hand_from_dataset
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.runtime.hierarchical_policy import HierarchicalPolicy, load_hierarchy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher


def understudy(profile: Profile, models: Path | None) -> Pilot:
    """The trained one that was asked for, or one with random weights and the teacher's hand."""
    if models is not None:
        return load_hierarchy(models, profile)
    trajectory = record_trajectory(Teacher("hunter", profile), 1, 120.0, "1-1")
    hand = fit_hand_from_dataset([label_episode(trajectory.observations, trajectory.actions.records, profile)], profile)
    torch.manual_seed(0)
    minds = Executor(ExecutorConfig()), Strategist(StrategistConfig()), Tactician(TacticianConfig())
    executor, strategist, tactician = (mind.eval() for mind in minds)
    return HierarchicalPolicy(PolicyBundle(executor, hand, strategist, tactician), profile)


def main() -> None:
    """Prints a line for each pilot."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", type=Path, nargs="?")
    parser.add_argument("--worlds", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=120.0)
    arguments = parser.parse_args(flags("--worlds", "2", "--seconds", "2"))
    profile = load_profile("darkorbit")
    pilots = {
        "understudy": understudy(profile, arguments.models),
        "hunter": Teacher("hunter", profile),
        "random": Random(profile),
    }
    seeds, seconds = seeds_for(Purpose.CHOOSE, arguments.worlds), arguments.seconds
    rollout_all(pilots, seeds[:4], 1.0)  # compiled before the clock starts
    print(f"{arguments.worlds} worlds x {seconds:.0f} s:")
    for name, pilot in pilots.items():
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        outcomes = rollout(pilot, seeds, seconds)
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
        print(f"{name}: {cpu_s:.1f} CPU-s, {wall_s:.1f} s; score {outcomes.scores.mean():.1f} a minute")
    with part_executor(2) as executor:
        for what in ("with their start", "kept"):
            wall_s = time.perf_counter()
            rollout_all(pilots, seeds, seconds, executor=executor)
            print(f"all three in two processes, {what}: {time.perf_counter() - wall_s:.1f} s")


if __name__ == "__main__":
    main()
