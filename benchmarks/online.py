"""Online learning side by side: the guide's plain rule, ours, and the frozen policy, after the same hour of play.

    python benchmarks/online.py --models models/v2 [models of other training seeds ...]

The frozen policy plays an hour (64 games, 56 s each); both learners hear that hour as a live game would tell it, with
an update for every 3 s of play at the guide's settings (lr 1e-5, buffer 2000; batches of 64, 4 steps an update). What
each has learnt then plays 128 worlds for choosing beside the frozen policy, without any gate: the gate's work is not to
be shown here. Some 3 minutes of CPU for each folder of models. Results: docs/log.md.
"""

import argparse
import copy
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from smallest import flags, require

from understudy.contract.observation import TICK_RATE_HZ
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for, spread_over_maps
from understudy.evaluation.rollouts.vector_rollout import PILOT_SEED_XOR, rollout_all
from understudy.learning.data.executor_batch import forward_policy
from understudy.learning.online.learner import OnlineLearner
from understudy.learning.online.messages import OnlineSettings
from understudy.learning.rl.gae import discount_per_tick
from understudy.policies.executor import Executor
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.policy_bundle import PolicyBundle, SamplingConfig, load_policies
from understudy.policies.sampling import ExecutorStep
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator

WORLDS, UPDATE_TICKS, BLOCK = 64, 60, 20
PAYS_S = 2.0
"""The plain rule gives an action what came within about so many seconds."""
Block = tuple[np.ndarray, ExecutorStep, bool]


class PlainRule:
    """Actions weighted by the reward that followed them: no value function, no KL penalty; as the guide's text says."""

    def __init__(self, executor: Executor, settings: OnlineSettings, sampling: SamplingConfig) -> None:
        self.model, self.settings, self.sampling = copy.deepcopy(executor).eval(), settings, sampling
        self._optimizer = torch.optim.Adam(self.model.parameters(), lr=settings.learning_rate)
        self._ear = OnlineLearner(executor, executor, sampling, load_profile("darkorbit"), settings)
        self._generator = torch.Generator().manual_seed(settings.seed)

    def watch(self, block: Block) -> None:
        """Fills the buffer as our own learner does, with rewards in place of advantages."""
        self._ear._update_value = self._keep  # type: ignore[method-assign]
        self._ear.add_block(*block)

    def _keep(self, experience) -> None:  # type: ignore[no-untyped-def]
        paid, later = np.zeros(experience.num_ticks, np.float32), 0.0
        for tick in range(len(paid) - 1, -1, -1):
            later = float(experience.rewards[tick, 0].sum()) + discount_per_tick(PAYS_S, TICK_RATE_HZ) * later
            paid[tick] = later
        self._ear._append_to_buffer(experience.flatten(), torch.from_numpy(paid))

    def update(self) -> None:
        """Four steps."""
        buffer = self._ear._buffer
        if buffer is None:
            return
        for _ in range(self.settings.steps_per_update):
            batch = torch.randint(len(buffer), (self.settings.batch_size,), generator=self._generator)
            moments = buffer.index(batch)
            likelihood = ExecutorDistribution(forward_policy(self.model, moments), self.sampling).log_prob(moments)
            loss = -(self._ear._weights[batch] * self._ear._advantages[batch] * likelihood).mean()
            self._optimizer.zero_grad()
            torch.autograd.backward(loss)
            self._optimizer.step()


def an_hour(policies: PolicyBundle, offset: int, minutes: float = 60.0) -> Iterator[Block]:
    """Blocks of one game after the other, `minutes` of play in all of them together."""
    profile, seeds = load_profile("darkorbit"), seeds_for(Purpose.TRAIN, WORLDS, offset)
    worlds, hierarchy = Simulator(seeds, spread_over_maps(seeds)), HierarchicalPolicy(policies, profile)
    carry, steps = hierarchy.start(seeds ^ PILOT_SEED_XOR), list[ExecutorStep]()
    seen = []
    for _ in range(round(60 * minutes) * TICK_RATE_HZ // WORLDS // BLOCK * BLOCK):
        observation = worlds.observe().copy()
        decision = hierarchy.decide(observation, carry)
        worlds.act(decision.action)
        assert isinstance(decision.rollout_step, ExecutorStep)
        steps.append(decision.rollout_step)
        seen.append(observation.records)
    for world in range(WORLDS):
        for first in range(0, len(seen), BLOCK):
            part = slice(first, first + BLOCK)
            records = np.concatenate([one[world : world + 1] for one in seen[part]])
            rollout_step = ExecutorStep(
                *(
                    np.concatenate([getattr(one, name)[world : world + 1] for one in steps[part]])
                    for name in ExecutorStep.__dataclass_fields__
                )
            )
            yield records, rollout_step, first > 0


def learn(policies: PolicyBundle, seed: int, minutes: float, untrusted_update: bool) -> dict[str, Executor]:
    """The policies after the hour."""
    settings = OnlineSettings(seed=seed)
    ours = OnlineLearner(policies.executor, policies.executor, policies.sampling, load_profile("darkorbit"), settings)
    plain = PlainRule(policies.executor, settings, policies.sampling)
    now_s, ticks = 0.0, 0
    for block in an_hour(policies, 5_000_000 + 1000 * seed, minutes):
        ours.add_block(*block)
        plain.watch(block)
        ticks += len(block[0])
        if ticks >= UPDATE_TICKS:
            ticks, now_s = 0, now_s + settings.update_interval
            plain.update()
            if ours.due_s(now_s) == 0.0:
                told = ours.update(now_s)
    if untrusted_update:
        told = ours.update(now_s)
    require(
        ours.num_updates > 0, "our learner has never found its value good enough for an update: give more --minutes"
    )
    print(
        f"ours: {ours.num_updates} updates, approx_kl {told.approx_kl:.3f} nats/min, {ours.explained_variance:.2f} "
        "explained"
    )
    return {"frozen": policies.executor, "the guide's plain rule": plain.model, "ours": ours.policy.averaged}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, nargs="+", default=[Path("models/v2")])
    parser.add_argument("--worlds", type=int, default=128)
    parser.add_argument("--minutes", type=float, default=60.0, help="of play to learn from")
    parser.add_argument("--seconds", type=float, default=120.0, help="of play in each of the worlds")
    parser.add_argument("--untrusted-update", action="store_true", help="one at the end, whatever the value explains")
    smallest = ("--models", "{models}", "--minutes", "6", "--worlds", "4", "--seconds", "2", "--untrusted-update")
    asked = parser.parse_args(flags(*smallest))
    torch.set_num_threads(1)
    profile, seeds = load_profile("darkorbit"), seeds_for(Purpose.CHOOSE, asked.worlds, 40_000)
    gains: dict[str, list[np.ndarray]] = {}
    deaths: dict[str, list[float]] = {}
    begun_s = time.process_time()
    for number, folder in enumerate(asked.models):
        policies = load_policies(folder)
        learnt = learn(policies, number, asked.minutes, asked.untrusted_update)
        played = rollout_all(
            {name: HierarchicalPolicy(replace(policies, executor=one), profile) for name, one in learnt.items()},
            seeds,
            asked.seconds,
        )
        for name, outcomes in played.items():
            gains.setdefault(name, []).append(outcomes.scores - played["frozen"].scores)
            rate = 60 * float(outcomes.total("deaths").sum()) / (outcomes.minutes * len(outcomes))
            deaths.setdefault(name, []).append(rate)
            print(f"{folder.name}: {name}: {outcomes.scores.mean():.2f} points a minute, {rate:.1f} deaths an hour")
    for name, parts in gains.items():
        all_of_them = np.concatenate(parts)
        sure = 1.96 * all_of_them.std(ddof=1) / len(all_of_them) ** 0.5
        print(f"| {name} | {all_of_them.mean():+.2f} +-{sure:.2f} | {np.mean(deaths[name]):.1f} |")
    print(f"{time.process_time() - begun_s:.0f} s of CPU")


if __name__ == "__main__":
    main()
