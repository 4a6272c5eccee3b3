"""Trains PPO on 64 embedded games at once, in one file, in the manner of CleanRL: torch and Gymnasium alone.

    python examples/ppo_single_file.py --steps 1000000

Prints a line a rollout. docs/manual/gymnasium.md has a run's curve.
"""

import argparse
import time
from collections.abc import Sequence

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from understudy.contract.observation import TICK_RATE_HZ

ENVIRONMENT = "understudy.worlds.simulator.gym_env:understudy/DarkOrbit-v0"
TICKS_PER_STEP = 8
EPISODE_S = 120
GAMMA, GAE_LAMBDA, CLIP, ENTROPY, VALUE, MAX_NORM = 0.99, 0.95, 0.2, 0.0, 0.5, 0.5
EPOCHS, MINIBATCHES, LR = 4, 8, 3e-4


class Agent(nn.Module):
    """Gaussian policy and value, with separate networks."""

    def __init__(self, num_inputs: int, num_actions: int) -> None:
        super().__init__()
        self.critic = nn.Sequential(
            _layer(num_inputs, 64), nn.Tanh(), _layer(64, 64), nn.Tanh(), _layer(64, 1, gain=1.0)
        )
        self.actor = nn.Sequential(
            _layer(num_inputs, 64), nn.Tanh(), _layer(64, 64), nn.Tanh(), _layer(64, num_actions, gain=0.01)
        )
        self.log_std = nn.Parameter(torch.zeros(num_actions))

    def forward(self, observations: Tensor) -> tuple[Normal, Tensor]:
        """Distribution of the actions, and value."""
        return Normal(self.actor(observations), self.log_std.exp()), self.critic(observations)[:, 0]


def _layer(inputs: int, outputs: int, gain: float = 2**0.5) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


def flat(observation: dict[str, np.ndarray]) -> Tensor:
    """The arrays of an observation side by side, shape (worlds, numbers)."""
    return torch.from_numpy(np.concatenate([part.reshape(len(part), -1) for part in observation.values()], axis=1))


@torch.no_grad()
def play(agent: Agent, worlds: gymnasium.vector.VectorEnv, latest: Tensor, num_steps: int) -> tuple[dict, Tensor]:
    """Plays a rollout; all its tensors have shape (steps, worlds, ...)."""
    steps: dict[str, list[Tensor]] = {
        name: [] for name in ("seen", "action", "log_prob", "value", "points", "reward", "over")
    }
    for _ in range(num_steps):
        distribution, value = agent(latest)
        action = distribution.sample()
        clipped = action.numpy().clip(-1.0, 1.0)
        observation, reward, _, truncated, _ = worlds.step(clipped)
        reward = torch.from_numpy(reward).float()
        steps["seen"].append(latest)
        latest = flat(observation)
        steps["points"].append(reward)
        if truncated.all():  # all worlds end together, by time alone: what would have followed still counts
            steps["reward"].append(reward + GAMMA * agent(latest)[1])
            latest = flat(worlds.reset()[0])
        else:
            steps["reward"].append(reward)
        steps["action"].append(action)
        steps["log_prob"].append(distribution.log_prob(action).sum(-1))
        steps["value"].append(value)
        steps["over"].append(torch.from_numpy(truncated).float())
    rollout = {name: torch.stack(parts) for name, parts in steps.items()}
    rollout["advantage"] = gae(rollout, agent(latest)[1])
    rollout["return"] = rollout["advantage"] + rollout["value"]
    return rollout, latest


def gae(rollout: dict[str, Tensor], next_value: Tensor) -> Tensor:
    """Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438)."""
    advantages, latest = torch.zeros_like(rollout["value"]), torch.zeros_like(next_value)
    for t in reversed(range(len(advantages))):
        goes_on = 1.0 - rollout["over"][t]
        error = rollout["reward"][t] + GAMMA * goes_on * next_value - rollout["value"][t]
        latest = error + GAMMA * GAE_LAMBDA * goes_on * latest
        advantages[t], next_value = latest, rollout["value"][t]
    return advantages


def update(agent: Agent, optimizer: torch.optim.Optimizer, rollout: dict[str, Tensor]) -> None:
    """Some epochs of PPO's clipped surrogate (Schulman et al. 2017, arXiv 1707.06347)."""
    batch = {name: part.flatten(0, 1) for name, part in rollout.items()}
    size = len(batch["value"])
    for _ in range(EPOCHS):
        for rows in torch.randperm(size).chunk(MINIBATCHES):
            distribution, value = agent(batch["seen"][rows])
            log_ratio = distribution.log_prob(batch["action"][rows]).sum(-1) - batch["log_prob"][rows]
            advantage = batch["advantage"][rows]
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
            ratio = log_ratio.exp()
            surrogate = torch.min(ratio * advantage, ratio.clamp(1 - CLIP, 1 + CLIP) * advantage)
            value_loss = 0.5 * (value - batch["return"][rows]).square().mean()
            loss = VALUE * value_loss - surrogate.mean() - ENTROPY * distribution.entropy().sum(-1).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), MAX_NORM)
            optimizer.step()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="PPO on the embedded game in one file.")
    parser.add_argument("--steps", type=int, default=1_000_000, help="of all worlds together")
    parser.add_argument("--worlds", type=int, default=64)
    parser.add_argument("--rollout", type=int, default=128, help="steps of each world between two updates")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)

    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    worlds = gymnasium.make_vec(
        ENVIRONMENT,
        num_envs=options.worlds,
        max_episode_steps=EPISODE_S * TICK_RATE_HZ // TICKS_PER_STEP,
        start_map="1-1",
        ticks_per_step=TICKS_PER_STEP,
    )
    latest = flat(worlds.reset(seed=options.seed)[0])
    agent = Agent(latest.shape[1], worlds.single_action_space.shape[0])
    optimizer = torch.optim.Adam(agent.parameters(), lr=LR, eps=1e-5)
    begun_s, num_steps = time.process_time(), 0
    while num_steps < options.steps:
        rollout, latest = play(agent, worlds, latest, options.rollout)
        update(agent, optimizer, rollout)
        num_steps += rollout["reward"].numel()
        minutes = rollout["reward"].numel() * TICKS_PER_STEP / TICK_RATE_HZ / 60
        points = float(rollout["points"].sum()) / minutes
        print(f"{num_steps} steps, {time.process_time() - begun_s:.0f} CPU-s: {points:.2f} points a minute", flush=True)
    worlds.close()


if __name__ == "__main__":
    main()
