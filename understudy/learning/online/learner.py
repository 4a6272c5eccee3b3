"""Learns from one live game as it goes: stretches are weighed when they are over, and learnt from in small steps.

The same rule as in practice (a learned value, clipped steps, a leash), with two differences. What plays is not what
learns: play is drawn by the weights that the gate last let through, so a candidate strays from those only as far as the
clip allows. And one game tells little: the learning rate is low, and what is kept is a buffer of the newest samples.
"""

import copy
import math
import time

import numpy as np
import torch
from torch import Tensor

from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.profile import Profile
from understudy.learning.online.messages import OnlineSettings, OnlineUpdated, Watched
from understudy.learning.rl.action_log_prob import log_likelihood
from understudy.learning.rl.gae import advantages, per_tick
from understudy.learning.rl.outcome_detector import EYE_WATCH, OutcomeWatch
from understudy.learning.rl.ppo import TICKS_A_MINUTE, PolicySettings, ProximalPolicy, representatives
from understudy.learning.rl.reward import reward_parts
from understudy.learning.rl.rollout_buffer import Experience, Moments, join_moments
from understudy.learning.rl.value_function import ValueLearner, ValueSettings
from understudy.policies.executor import Executor
from understudy.policies.policy_bundle import Sampling
from understudy.policies.rollout_step import Thought

STRETCH_TICKS = 30 * TICK_RATE_HZ
"""So much play is weighed at a time; its last tick only for its value."""
FEWEST_TICKS = 2 * TICK_RATE_HZ
"""A stretch that is cut off earlier tells nothing."""
TRUST_S = 5.0
"""As in practice."""
WARM_STRETCHES = 10
"""Five minutes from which only the value is learnt."""
REST_SHARE = 0.16
RECENT = 0.1
"""Weight of the newest stretch in what the value is said to explain."""
VALUE = ValueSettings(steps=8, batch_size=256, share=0.5, memory=60)


class OnlineLearner:
    """Used by one thread; time is passed in."""

    def __init__(
        self,
        incumbent: Executor,
        person: Executor,
        sampling: Sampling,
        profile: Profile,
        settings: OnlineSettings,
        working: Executor | None = None,
    ) -> None:
        """Args:
        incumbent: what plays.
        person: what the leash is tied to.
        sampling: how what begins is drawn.
        profile: the game.
        settings: how to learn.
        working: weights to go on from; those of `incumbent` when None.
        """
        self.settings, self.sampling = settings, sampling
        self.incumbent = copy.deepcopy(incumbent).eval().requires_grad_(False)
        self.num_updates = self.num_learnt_ticks = 0
        self.explained = 0.0
        self._person = person
        self._generator = torch.Generator().manual_seed(settings.seed)
        torch.manual_seed(settings.seed)
        self.value = ValueLearner(VALUE, self._generator)
        self.policy = self._policy(working or incumbent)
        self._watch = OutcomeWatch(profile, EYE_WATCH if settings.by_eye else None)
        self._warm = 0
        self._observations: list[np.ndarray] = []
        self._thoughts: list[Thought] = []
        self._buffer: Moments | None = None
        self._gains = self._weights = self._before = torch.zeros(0)
        self._next_s = -math.inf

    def _policy(self, start: Executor) -> ProximalPolicy:
        settings = PolicySettings(learning_rate=self.settings.learning_rate, leash=self.settings.leash, average=0.99)
        return ProximalPolicy(copy.deepcopy(start), self._person, self.sampling, settings)

    def __len__(self) -> int:
        """Samples in the buffer."""
        return len(self._gains)

    def watch(self, observations: np.ndarray, thought: Thought, follows: bool) -> list[Watched]:
        """Takes in consecutive ticks; weighs what has become a stretch.

        Args:
            observations: records of dtype OBSERVATION, shape (T,).
            thought: of the same ticks, the ticks where otherwise worlds are.
            follows: whether they come right after those before.
        """
        told = [] if follows else self._weigh()
        self._observations.append(observations)
        self._thoughts.append(thought)
        return told + (self._weigh() if sum(map(len, self._observations)) >= STRETCH_TICKS else [])

    def _weigh(self) -> list[Watched]:
        """Ends the stretch: what came of each tick against what was expected of it; fills value and buffer."""
        observations = np.concatenate(self._observations) if self._observations else np.zeros(0)
        thoughts, self._observations, self._thoughts = self._thoughts, [], []
        if len(observations) < FEWEST_TICKS:
            return []
        experience = Experience(len(observations), 1)
        for name in Thought.__dataclass_fields__:
            getattr(experience, name)[:, 0] = np.concatenate([getattr(thought, name) for thought in thoughts])
        outcomes = self._watch.see_all(Observation(observations))
        experience.rewards[:-1, 0] = reward_parts(outcomes, self.settings.prices)[1:]  # seen one tick after the deed
        self._learn_value(experience)
        self.num_learnt_ticks += len(observations)
        totals = {name: float(outcomes[name].sum()) for name in ("hits", "misses", "kills", "loot", "deaths")}
        points = float(experience.rewards.sum()) * TICKS_A_MINUTE / len(observations)
        return [
            Watched(
                num_samples=len(self),
                buffer_size=self.settings.buffer_size,
                points_per_minute=points,
                explained=self.explained,
                **totals,
            )
        ]

    def _learn_value(self, experience: Experience) -> None:
        moments = experience.moments()
        values = self.value.expect(moments)
        discount, trust = per_tick(VALUE.horizons_s[-1], TICK_RATE_HZ), per_tick(TRUST_S, TICK_RATE_HZ)
        rewards = experience.rewards.sum(axis=-1)
        gains = torch.from_numpy(advantages(rewards, values[:, None].numpy(), discount, trust))[:-1, 0]
        moments, returns = moments.take(torch.arange(len(gains))), values[:-1] + gains
        explained = 1.0 - float(gains.var() / returns.var().clamp(min=1e-9))
        self.explained += RECENT * (max(explained, -1.0) - self.explained)
        self.value.learn(experience)
        if self.value.trouble:
            self._warm, self.explained = 0, 0.0
            self._buffer = None
            self._gains = self._weights = self._before = torch.zeros(0)
            return
        self._warm += 1
        if self._warm > WARM_STRETCHES:
            self._remember(moments, gains)

    def _remember(self, moments: Moments, gains: Tensor) -> None:
        chosen, weights = representatives(moments, REST_SHARE, self._generator)
        moments = moments.take(chosen)
        with torch.no_grad():
            before = log_likelihood(moments.ask(self.incumbent), moments, self.sampling)
        newest = slice(-self.settings.buffer_size, None)
        joined = moments if self._buffer is None else join_moments((self._buffer, moments))
        self._buffer = joined.take(torch.arange(len(joined))[newest])
        self._gains = torch.cat([self._gains, gains[chosen]])[newest]
        self._weights = torch.cat([self._weights, weights])[newest]
        self._before = torch.cat([self._before, before])[newest]

    def due_s(self, now_s: float) -> float | None:
        """Seconds until the next update, 0 when it is due; None while there is nothing that could be trusted."""
        if self._buffer is None or len(self) < self.settings.batch_size or self.explained <= 0.0:
            return None
        return max(0.0, self._next_s - now_s)

    def update(self, now_s: float) -> OnlineUpdated:
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
        return OnlineUpdated(
            number=self.num_updates,
            unlike_per_minute=TICKS_A_MINUTE * unlike,
            moved_per_minute=TICKS_A_MINUTE * moved,
            learning_rate=self.settings.learning_rate,
            num_samples=len(self),
            seconds=time.perf_counter() - begun_s,
        )

    def _step(self, buffer: Moments) -> tuple[float, float, float]:
        batch = torch.randint(len(buffer), (self.settings.batch_size,), generator=self._generator)
        moments = buffer.take(batch)
        with torch.no_grad():
            person = moments.ask(self.policy.person)
        return self.policy.step(moments, self._gains[batch], self._weights[batch], self._before[batch], person)

    def start_over(self) -> None:
        """Learns on from what plays; what was learnt since is given up."""
        self.policy = self._policy(self.incumbent)

    def promoted(self) -> None:
        """What was learnt plays from now on, and draws what comes."""
        self._drawn_by(self.policy.learnt)

    def goes_on_from(self, incumbent: Executor) -> None:
        """Other weights play from now on; what was learnt on from those before is given up, the value is kept."""
        self._drawn_by(incumbent.state_dict())
        self.start_over()

    def _drawn_by(self, weights: dict[str, Tensor]) -> None:
        self._weigh()  # what has come so far was drawn by the weights before
        self.incumbent.load_state_dict(weights)
        self._buffer = None
        self._gains = self._weights = self._before = torch.zeros(0)
