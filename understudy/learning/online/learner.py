"""Learns from one live game as it goes: stretches are weighed when they are over, and learnt from in small steps.

The same rule as in practice (a learned value, clipped steps, a KL penalty), with two differences. What plays is not
what learns: play is drawn by the weights that the gate last let through, so a candidate strays from those only as far
as the clip allows. And one game tells little: the learning rate is low, and what is kept is a buffer of the newest
samples.
"""

import copy
import math
import time

import numpy as np
import torch
from torch import Tensor

from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.profile import Profile
from understudy.learning.data.executor_batch import ExecutorBatch, concatenate, forward_policy
from understudy.learning.online.messages import OnlineSettings, SegmentStats, UpdateStats
from understudy.learning.rl.gae import compute_gae, discount_per_tick
from understudy.learning.rl.outcome_detector import VISION_CONFIG, OutcomeDetector
from understudy.learning.rl.ppo import PPO, TICKS_A_MINUTE, PPOConfig, subsample_idle_ticks
from understudy.learning.rl.reward import reward_terms
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.learning.rl.value_function import ValueConfig, ValueTrainer
from understudy.policies.executor import Executor
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.policy_bundle import SamplingConfig
from understudy.policies.sampling import ExecutorStep

STRETCH_TICKS = 30 * TICK_RATE_HZ
"""So much play is weighed at a time; its last tick only for its value."""
FEWEST_TICKS = 2 * TICK_RATE_HZ
"""A stretch that is cut off earlier tells nothing."""
GAE_HORIZON_S = 5.0
"""As in practice."""
VALUE_WARMUP_SEGMENTS = 10
"""Five minutes from which only the value is learnt."""
REST_SHARE = 0.16
EXPLAINED_VARIANCE_MOMENTUM = 0.1
"""Weight of the newest stretch in what the value is said to explain."""
VALUE = ValueConfig(steps=8, batch_size=256, sample_fraction=0.5, num_stored_rollouts=60)


class OnlineLearner:
    """Used by one thread; time is passed in."""

    def __init__(
        self,
        behaviour_policy: Executor,
        reference_policy: Executor,
        sampling: SamplingConfig,
        profile: Profile,
        settings: OnlineSettings,
        initial_policy: Executor | None = None,
    ) -> None:
        """Args:
        incumbent: what plays.
        person: the reference policy of the KL penalty.
        sampling: how what begins is drawn.
        profile: the game.
        settings: how to learn.
        working: weights to go on from; those of `incumbent` when None.
        """
        self.settings, self.sampling = settings, sampling
        self.behaviour_policy = copy.deepcopy(behaviour_policy).eval().requires_grad_(False)
        self.num_updates = self.num_learnt_ticks = 0
        self.explained = 0.0
        self._person = reference_policy
        self._generator = torch.Generator().manual_seed(settings.seed)
        torch.manual_seed(settings.seed)
        self.value = ValueTrainer(VALUE, self._generator)
        self.policy = self._policy(initial_policy or behaviour_policy)
        self._watch = OutcomeDetector(profile, VISION_CONFIG if settings.by_eye else None)
        self._warm = 0
        self._observations: list[np.ndarray] = []
        self._rollout_steps: list[ExecutorStep] = []
        self._buffer: ExecutorBatch | None = None
        self._gains = self._weights = self._before = torch.zeros(0)
        self._next_s = -math.inf

    def _policy(self, start: Executor) -> PPO:
        settings = PPOConfig(learning_rate=self.settings.learning_rate, kl_coef=self.settings.kl_coef, ema_decay=0.99)
        return PPO(copy.deepcopy(start), self._person, self.sampling, settings)

    def __len__(self) -> int:
        """Samples in the buffer."""
        return len(self._gains)

    def add_block(self, observations: np.ndarray, rollout_step: ExecutorStep, follows: bool) -> list[SegmentStats]:
        """Adds consecutive ticks; ends a segment that has become long enough.

        Args:
            observations: records of dtype OBSERVATION, shape (T,).
            rollout_step: of the same ticks, with B = T.
            follows: whether they come right after those before.
        """
        stats = [] if follows else self._finish_segment()
        self._observations.append(observations)
        self._rollout_steps.append(rollout_step)
        return stats + (self._finish_segment() if sum(map(len, self._observations)) >= STRETCH_TICKS else [])

    def _finish_segment(self) -> list[SegmentStats]:
        """Ends the stretch: what came of each tick against what was expected of it; fills value and buffer."""
        observations = np.concatenate(self._observations) if self._observations else np.zeros(0)
        steps, self._observations, self._rollout_steps = self._rollout_steps, [], []
        if len(observations) < FEWEST_TICKS:
            return []
        experience = RolloutBuffer(len(observations), 1)
        for name in ExecutorStep.__dataclass_fields__:
            getattr(experience, name)[:, 0] = np.concatenate([getattr(step, name) for step in steps])
        outcomes = self._watch.process_episode(Observation(observations))
        experience.rewards[:-1, 0] = reward_terms(outcomes, self.settings.reward_weights)[
            1:
        ]  # seen one tick after the deed
        self._update_value(experience)
        self.num_learnt_ticks += len(observations)
        totals = {name: float(outcomes[name].sum()) for name in ("hits", "misses", "kills", "loot", "deaths")}
        points = float(experience.rewards.sum()) * TICKS_A_MINUTE / len(observations)
        return [
            SegmentStats(
                num_samples=len(self),
                buffer_size=self.settings.buffer_size,
                points_per_minute=points,
                explained=self.explained,
                **totals,
            )
        ]

    def _update_value(self, experience: RolloutBuffer) -> None:
        moments = experience.flatten()
        values = self.value.predict(moments)
        discount, trust = (
            discount_per_tick(VALUE.discount_horizons_s[-1], TICK_RATE_HZ),
            discount_per_tick(GAE_HORIZON_S, TICK_RATE_HZ),
        )
        rewards = experience.rewards.sum(axis=-1)
        gains = torch.from_numpy(compute_gae(rewards, values[:, None].numpy(), discount, trust))[:-1, 0]
        moments, returns = moments.index(torch.arange(len(gains))), values[:-1] + gains
        explained = 1.0 - float(gains.var() / returns.var().clamp(min=1e-9))
        self.explained += EXPLAINED_VARIANCE_MOMENTUM * (max(explained, -1.0) - self.explained)
        self.value.learn(experience)
        if self.value.reset_reason:
            self._warm, self.explained = 0, 0.0
            self._buffer = None
            self._gains = self._weights = self._before = torch.zeros(0)
            return
        self._warm += 1
        if self._warm > VALUE_WARMUP_SEGMENTS:
            self._append_to_buffer(moments, gains)

    def _append_to_buffer(self, moments: ExecutorBatch, gains: Tensor) -> None:
        chosen, weights = subsample_idle_ticks(moments, REST_SHARE, self._generator)
        moments = moments.index(chosen)
        with torch.no_grad():
            output = forward_policy(self.behaviour_policy, moments)
            before = ExecutorDistribution(output, self.sampling).log_prob(moments)
        newest = slice(-self.settings.buffer_size, None)
        joined = moments if self._buffer is None else concatenate((self._buffer, moments))
        self._buffer = joined.index(newest)
        self._gains = torch.cat([self._gains, gains[chosen]])[newest]
        self._weights = torch.cat([self._weights, weights])[newest]
        self._before = torch.cat([self._before, before])[newest]

    def due_s(self, now_s: float) -> float | None:
        """Seconds until the next update, 0 when it is due; None while there is nothing that could be trusted."""
        if self._buffer is None or len(self) < self.settings.batch_size or self.explained <= 0.0:
            return None
        return max(0.0, self._next_s - now_s)

    def update(self, now_s: float) -> UpdateStats:
        """Takes the steps of one update.

        Raises:
            TrainingError: after too many unusable steps in a row.
        """
        assert self._buffer is not None
        begun_s = time.perf_counter()
        self._next_s = now_s + self.settings.update_interval
        self.num_updates += 1
        told = [self._step(self._buffer) for _ in range(self.settings.steps_per_update)]
        unlike, _, moved = (sum(column) / len(told) for column in zip(*told, strict=True))
        return UpdateStats(
            number=self.num_updates,
            unlike_per_minute=TICKS_A_MINUTE * unlike,
            moved_per_minute=TICKS_A_MINUTE * moved,
            learning_rate=self.settings.learning_rate,
            num_samples=len(self),
            seconds=time.perf_counter() - begun_s,
        )

    def _step(self, buffer: ExecutorBatch) -> tuple[float, float, float]:
        batch = torch.randint(len(buffer), (self.settings.batch_size,), generator=self._generator)
        moments = buffer.index(batch)
        with torch.no_grad():
            person = forward_policy(self.policy.reference_policy, moments)
        return self.policy.train_step(moments, self._gains[batch], self._weights[batch], self._before[batch], person)

    def reset_policy(self) -> None:
        """Learns on from what plays; what was learnt since is given up."""
        self.policy = self._policy(self.behaviour_policy)

    def promoted(self) -> None:
        """What was learnt plays from now on, and draws what comes."""
        self._set_behaviour_weights(self.policy.ema_state_dict)

    def set_behaviour_policy(self, behaviour_policy: Executor) -> None:
        """Other weights play from now on; what was learnt on from those before is given up, the value is kept."""
        self._set_behaviour_weights(behaviour_policy.state_dict())
        self.reset_policy()

    def _set_behaviour_weights(self, weights: dict[str, Tensor]) -> None:
        self._finish_segment()  # what has come so far was drawn by the weights before
        self.behaviour_policy.load_state_dict(weights)
        self._buffer = None
        self._gains = self._weights = self._before = torch.zeros(0)
