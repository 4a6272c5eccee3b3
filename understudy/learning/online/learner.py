"""PPO (Schulman et al. 2017) from one live game: segments of half a minute, a replay buffer, small updates.

The loss is that of practice (GAE with a value function, clipped surrogate, KL penalty), with two differences. The
behaviour policy is the weights that the gate last promoted, not the ones in training, so a candidate moves away from
them only as far as the clip range allows. And one game gives little data: the learning rate is low, and updates draw
from a buffer of the newest samples.
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
from understudy.learning.online.messages import OnlineSettings, OnlineUpdateStats, SegmentStats
from understudy.learning.rl.gae import compute_gae, discount_per_tick
from understudy.learning.rl.ppo import PPO, TICKS_A_MINUTE, PPOConfig, subsample_idle_ticks
from understudy.learning.rl.reward import reward_terms
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.learning.rl.value_function import ValueConfig, ValueTrainer
from understudy.perception.outcomes.outcome_detector import VISION_CONFIG, OutcomeDetector
from understudy.policies.executor import Executor
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.policy_bundle import SamplingConfig, sampling_of
from understudy.policies.sampling import ExecutorStep

SEGMENT_TICKS = 30 * TICK_RATE_HZ
"""Length of a segment; the last tick only bootstraps the value."""
MIN_SEGMENT_TICKS = 2 * TICK_RATE_HZ
"""A shorter segment is dropped."""
GAE_HORIZON_S = 5.0
"""As in practice."""
VALUE_WARMUP_SEGMENTS = 10
"""Five minutes that train only the value function."""
IDLE_KEEP_RATE = 0.16
EXPLAINED_VARIANCE_MOMENTUM = 0.1
"""Weight of the newest segment in the running explained variance."""
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
        behaviour_policy: the one that plays; copied.
        reference_policy: of the KL penalty.
        sampling: how actions were sampled.
        profile: the game.
        settings: hyperparameters.
        initial_policy: to train on from; the behaviour policy when None.
        """
        self.settings, self.sampling = settings, sampling
        self.behaviour_policy = copy.deepcopy(behaviour_policy).eval().requires_grad_(False)
        self.num_updates = self.num_ticks = 0
        self.explained_variance = 0.0
        self._reference_policy = reference_policy
        self._generator = torch.Generator().manual_seed(settings.seed)
        torch.manual_seed(settings.seed)
        self.value = ValueTrainer(VALUE, self._generator, behaviour_policy.config.layout)
        self.policy = self._make_ppo(initial_policy or behaviour_policy)
        self._detector = OutcomeDetector(profile, VISION_CONFIG if settings.from_vision else None)
        self._num_warmup_segments = 0
        self._observations: list[np.ndarray] = []
        self._steps: list[ExecutorStep] = []
        self._buffer: ExecutorBatch | None = None
        self._advantages = self._weights = self._old_log_prob = torch.zeros(0)
        self._next_s = -math.inf

    def _make_ppo(self, start: Executor) -> PPO:
        settings = PPOConfig(learning_rate=self.settings.learning_rate, kl_coef=self.settings.kl_coef, ema_decay=0.99)
        return PPO(copy.deepcopy(start), self._reference_policy, self.sampling, settings)

    def __len__(self) -> int:
        """Returns the number of samples in the buffer."""
        return len(self._advantages)

    def add_block(self, observations: np.ndarray, step: ExecutorStep, is_continuous: bool) -> list[SegmentStats]:
        """Adds consecutive ticks; ends the segment where it is full, or where they do not continue it.

        Args:
            observations: records of dtype OBSERVATION, shape (T,).
            step: of the same ticks, along the axis of worlds.
            is_continuous: whether they follow the previous block without a gap.
        """
        ended = [] if is_continuous else self._finish_segment()
        self._observations.append(observations)
        self._steps.append(step)
        return ended + (self._finish_segment() if sum(map(len, self._observations)) >= SEGMENT_TICKS else [])

    def _finish_segment(self) -> list[SegmentStats]:
        """Ends the segment: detects outcomes, trains the value function, adds advantages and ticks to the buffer."""
        observations = np.concatenate(self._observations) if self._observations else np.zeros(0)
        steps, self._observations, self._steps = self._steps, [], []
        if len(observations) < MIN_SEGMENT_TICKS:
            return []
        rollout = RolloutBuffer(len(observations), 1, self.behaviour_policy.config.layout)
        for name in ExecutorStep.__dataclass_fields__:
            getattr(rollout, name)[:, 0] = np.concatenate([getattr(step, name) for step in steps])
        outcomes = self._detector.process_episode(Observation(observations))
        rollout.rewards[:-1, 0] = reward_terms(outcomes, self.settings.reward_weights)[
            1:
        ]  # an outcome is visible one tick after its action
        self._update_value(rollout)
        self.num_ticks += len(observations)
        totals = {name: float(outcomes[name].sum()) for name in ("hits", "misses", "kills", "loot", "deaths")}
        points = float(rollout.rewards.sum()) * TICKS_A_MINUTE / len(observations)
        return [
            SegmentStats(
                num_samples=len(self),
                buffer_size=self.settings.buffer_size,
                points_per_minute=points,
                explained_variance=self.explained_variance,
                **totals,
            )
        ]

    def _update_value(self, rollout: RolloutBuffer) -> None:
        batch = rollout.flatten()
        values = self.value.predict(batch)
        discount, gae_lambda = (
            discount_per_tick(VALUE.discount_horizons_s[-1], TICK_RATE_HZ),
            discount_per_tick(GAE_HORIZON_S, TICK_RATE_HZ),
        )
        rewards = rollout.rewards.sum(axis=-1)
        advantages = torch.from_numpy(compute_gae(rewards, values[:, None].numpy(), discount, gae_lambda))[:-1, 0]
        batch, returns = batch.index(torch.arange(len(advantages))), values[:-1] + advantages
        explained = 1.0 - float(advantages.var() / returns.var().clamp(min=1e-9))
        self.explained_variance += EXPLAINED_VARIANCE_MOMENTUM * (max(explained, -1.0) - self.explained_variance)
        self.value.learn(rollout)
        if self.value.reset_reason:
            self._num_warmup_segments, self.explained_variance = 0, 0.0
            self._buffer = None
            self._advantages = self._weights = self._old_log_prob = torch.zeros(0)
            return
        self._num_warmup_segments += 1
        if self._num_warmup_segments > VALUE_WARMUP_SEGMENTS:
            self._append_to_buffer(batch, advantages)

    def _append_to_buffer(self, batch: ExecutorBatch, advantages: Tensor) -> None:
        chosen, weights = subsample_idle_ticks(batch, IDLE_KEEP_RATE, self._generator)
        batch = batch.index(chosen)
        with torch.no_grad():
            output = forward_policy(self.behaviour_policy, batch)
            old_log_prob = ExecutorDistribution(output, self.sampling).log_prob(batch)
        newest = slice(-self.settings.buffer_size, None)
        joined = batch if self._buffer is None else concatenate((self._buffer, batch))
        self._buffer = joined.index(newest)
        self._advantages = torch.cat([self._advantages, advantages[chosen]])[newest]
        self._weights = torch.cat([self._weights, weights])[newest]
        self._old_log_prob = torch.cat([self._old_log_prob, old_log_prob])[newest]

    def due_s(self, now_s: float) -> float | None:
        """Returns the seconds until the next update, 0 if due; None with few samples or no explained variance."""
        if self._buffer is None or len(self) < self.settings.batch_size or self.explained_variance <= 0.0:
            return None
        return max(0.0, self._next_s - now_s)

    def update(self, now_s: float) -> OnlineUpdateStats:
        """Takes the steps of one update.

        Raises:
            TrainingError: after too many unusable steps in a row.
        """
        assert self._buffer is not None
        started_s = time.perf_counter()
        self._next_s = now_s + self.settings.update_interval
        self.num_updates += 1
        steps = [self._step(self._buffer) for _ in range(self.settings.steps_per_update)]
        kl, _, approx_kl = (sum(column) / len(steps) for column in zip(*steps, strict=True))
        return OnlineUpdateStats(
            number=self.num_updates,
            kl_to_reference=TICKS_A_MINUTE * kl,
            approx_kl=TICKS_A_MINUTE * approx_kl,
            learning_rate=self.settings.learning_rate,
            num_samples=len(self),
            seconds=time.perf_counter() - started_s,
        )

    def _step(self, buffer: ExecutorBatch) -> tuple[float, float, float]:
        ticks = torch.randint(len(buffer), (self.settings.batch_size,), generator=self._generator)
        batch = buffer.index(ticks)
        with torch.no_grad():
            reference = forward_policy(self.policy.reference_policy, batch)
        return self.policy.train_step(
            batch, self._advantages[ticks], self._weights[ticks], self._old_log_prob[ticks], reference
        )

    def reset_policy(self) -> None:
        """Discards the policy in training: training continues from the behaviour policy."""
        self.policy = self._make_ppo(self.behaviour_policy)

    def promoted(self) -> None:
        """Makes the averaged weights the behaviour policy."""
        self._set_behaviour_weights(self.policy.ema_state_dict)

    def set_behaviour_policy(self, behaviour_policy: Executor) -> None:
        """Sets other weights as the behaviour policy; discards the policy in training, keeps the value function."""
        self._set_behaviour_weights(behaviour_policy.state_dict())
        self.sampling = sampling_of(behaviour_policy)
        self.reset_policy()

    def _set_behaviour_weights(self, weights: dict[str, Tensor]) -> None:
        self._finish_segment()  # play so far was sampled by the previous weights
        self.behaviour_policy.load_state_dict(weights)
        self._buffer = None
        self._advantages = self._weights = self._old_log_prob = torch.zeros(0)
