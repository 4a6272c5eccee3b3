"""The gate for a world that cannot be reset: candidate and incumbent take turns in it, a few minutes at a time.

Two stretches make a pair, in an order drawn by lot, so that whatever changes in the world favours neither. What came of
a stretch is read off observations alone (`learning/rl/outcome_detector.py`), for a real game keeps no books for us. The
test is the embedded gate's (`trial.py`). One world gives some thirteen pairs an hour, where the embedded game gives
thousands: only large gains can be proved, and what is not proved does not play. The seconds after each change of
weights, and those in which a person plays, belong to nobody and are not counted."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from understudy.contract.action import Actor
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Step
from understudy.evaluation.comparison.paired_test import PairedSequentialTest, SegmentScores, SequentialTestConfig
from understudy.evaluation.gate.simulator_gate import GateVerdict
from understudy.evaluation.rollouts.episode_stats import score_per_minute
from understudy.learning.rl.outcome_detector import OutcomeDetector, OutcomeDetectorConfig
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.runtime.latest_value import Latest
from understudy.runtime.weight_swap import LoadedPolicies

LIVE_TRIAL = SequentialTestConfig(worst_loss=15.0, deaths_ratio=1.5, deaths_error=0.25)
"""Pairs and deaths are too few in one world to prove as much of them as in many: see docs/decisions/gate.md."""


@dataclass(frozen=True, kw_only=True)
class LiveGateConfig:
    """How a candidate is judged where nothing can be reset."""

    trial: SequentialTestConfig = field(default_factory=lambda: LIVE_TRIAL)
    """What has to be shown, and how surely."""
    stretch_s: float = 120.0
    """Play of one stretch that counts."""
    settle_s: float = 15.0
    """After a change of weights, or after the person has let go, so long does not count."""
    max_pairs: int = 36
    """After so many pairs a candidate that is not surely better is refused."""
    pairs_per_look: int = 3
    """Pairs from one look to the next."""
    watch: OutcomeDetectorConfig = field(default_factory=OutcomeDetectorConfig)
    """How sharply to look for what happened."""
    seed: int = 0
    """Of the order within each pair."""

    def __post_init__(self) -> None:
        if self.pairs_per_look < 2 or self.max_pairs % self.pairs_per_look:
            raise ValueError("max_pairs must be a multiple of pairs_per_look, and that at least 2")
        if self.stretch_s < 1 or self.settle_s < 0:
            raise ValueError("stretch_s must be at least 1, settle_s at least 0")


@dataclass
class _Stretch:
    """What has come of the stretch in progress."""

    ticks: int = 0
    value: float = 0.0
    deaths: float = 0.0

    def add(self, happened: np.void) -> None:
        self.ticks += 1
        self.value += float(happened["kill_value"] + happened["loot_value"])
        self.deaths += float(happened["deaths"])

    def score(self) -> float:
        """Points a minute, as the arena counts them."""
        return score_per_minute(self.value, self.deaths, self.ticks / TICK_RATE_HZ / 60)


PutIn = Callable[[Carry], None]
"""Changes who plays, between two ticks, given the memory of the one that does."""


def warm_swap(hierarchy: HierarchicalPolicy, new: LoadedPolicies) -> PutIn:
    """Lets a brain play that is ready to: checked, and its networks made, off the thread that plays."""

    def put(carry: Carry) -> None:
        hierarchy.swap(new.policies, carry, new.networks)

    return put


class LiveGate:
    """Takes turns with two brains in one live world until it is clear which is better.

    It stands in for the `Swapper` between two ticks, and is a Listener of the same session; both are called by the
    thread that plays. It changes no file: `verdict` brings the verdict to another thread, which calls `gate.carry_out`.
    """

    def __init__(
        self,
        candidate: PutIn,
        incumbent: PutIn,
        profile: Profile,
        config: LiveGateConfig | None = None,
        swapper: Callable[[Carry], bool] | None = None,
    ) -> None:
        """Args:
        candidate: lets it play that might.
        incumbent: lets it play that plays now.
        profile: the game.
        config: how to judge; the defaults when None.
        swapper: the session's `Swapper`, which brings weights that somebody else promotes; they end the trial.
        """
        self.config = config or LiveGateConfig()
        self.verdict: Latest[GateVerdict] = Latest()
        self.over = False
        self.num_pairs = 0
        self._put_in, self._swapper = {True: candidate, False: incumbent}, swapper
        self._watch = OutcomeDetector(profile, self.config.watch)
        self._memory = self._watch.start(1)
        looks = range(self.config.pairs_per_look, self.config.max_pairs + 1, self.config.pairs_per_look)
        self._trial = PairedSequentialTest(self.config.trial, looks, self.config.stretch_s)
        self._random = np.random.default_rng(self.config.seed)
        self._playing = False  # the incumbent
        self._wanted = self._draw()
        self._done: dict[bool, _Stretch] = {}
        self._stretch = _Stretch()
        self._calm_ticks = 0

    def __call__(self, carry: Carry) -> bool:
        """Between two ticks: puts in the brain whose turn it is; says whether it changed."""
        if self._swapper is not None and self._swapper(carry):
            if not self.over:
                self._end(promote=False, reason="other weights came to play while it was judged")
            self._wanted = self._playing = False  # what has arrived plays on: it is the incumbent now
            return True
        if self._wanted == self._playing:
            return False
        self._put_in[self._wanted](carry)
        self._playing, self._calm_ticks = self._wanted, 0
        return True

    def on_step(self, step: Step) -> None:
        """Sees what happened, and counts it for whoever plays."""
        happened = self._watch.update(step.observation, self._memory)[0]
        if self.over or self._wanted != self._playing:
            return
        self._calm_ticks = self._calm_ticks + 1 if step.actors[0] != Actor.PERSON else 0
        if self._calm_ticks > round(self.config.settle_s * TICK_RATE_HZ):
            self._stretch.add(happened)
        if self._stretch.ticks >= round(self.config.stretch_s * TICK_RATE_HZ):
            self._turn()

    @property
    def candidate_plays(self) -> bool:
        """Whether what plays now is only being tried."""
        return self._playing

    def close(self) -> None:
        """The session ends; an unfinished trial leaves no verdict, and the incumbent is what plays."""

    def _turn(self) -> None:
        """A stretch is over: the other one's turn, or the next pair's."""
        self._done[self._playing], self._stretch = self._stretch, _Stretch()
        if len(self._done) < 2:
            self._wanted = not self._playing
            return
        self.num_pairs += 1
        self._trial.add(_stretches(self._done[True]), _stretches(self._done[False]))
        self._done = {}
        self._wanted = self._draw()
        self._calm_ticks = 0  # also where the same one plays on, so that neither has an advantage
        if self.num_pairs % self.config.pairs_per_look == 0:
            ruling, reason = self._trial.look()
            if ruling != "go on":
                self._end(promote=ruling == "promote", reason=reason)

    def _end(self, *, promote: bool, reason: str) -> None:
        self.over, self._wanted = True, False  # what is promoted comes back by the files, once it is written down
        self.verdict.put(
            GateVerdict(
                promote=promote, reason=reason, seconds=self.config.stretch_s, looks=tuple(self._trial.seen), live=True
            )
        )

    def _draw(self) -> bool:
        return bool(self._random.random() < 0.5)


def _stretches(one: _Stretch) -> SegmentScores:
    return SegmentScores(scores=np.array([one.score()]), deaths=np.array([one.deaths]))
