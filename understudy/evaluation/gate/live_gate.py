"""The gate for a world that cannot be reset: candidate and incumbent take turns in it, a few minutes at a time.

Two segments make a pair, in random order, so that changes of the world favour neither. Outcomes are detected from
observations alone (`perception/outcomes/outcome_detector.py`). The test is that of the simulator gate
(`comparison/paired_test.py`).
One world gives some thirteen pairs an hour, the simulator thousands: only large gains can be proved, and a candidate
without proof is not promoted. The seconds after each change of weights, and those in which a person plays, are not
counted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from understudy.contract.action import Actor
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Step
from understudy.evaluation.comparison.paired_test import PairedSequentialTest, SegmentScores, SequentialTestConfig
from understudy.evaluation.gate.gate_verdict import GateVerdict
from understudy.evaluation.rollouts.episode_stats import score_per_minute
from understudy.perception.outcomes.outcome_detector import OutcomeDetector, OutcomeDetectorConfig
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.runtime.latest_value import Latest
from understudy.runtime.weight_swap import LoadedPolicies

LIVE_TRIAL = SequentialTestConfig(worst_loss=15.0, deaths_ratio=1.5, deaths_error=0.25)
"""One world has few pairs and deaths, so its bounds are wider than the simulator gate's: docs/decisions/gate.md."""


@dataclass(frozen=True, kw_only=True)
class LiveGateConfig:
    """Settings of a test by turns in one world."""

    trial: SequentialTestConfig = field(default_factory=lambda: LIVE_TRIAL)
    """Hypotheses and error rates."""
    stretch_s: float = 120.0
    """Counted play of one segment."""
    settle_s: float = 15.0
    """Not counted after a change of weights, or after the person hands back."""
    max_pairs: int = 36
    """Pairs after which a candidate without proof is refused."""
    pairs_per_look: int = 3
    """Pairs between two interim looks."""
    watch: OutcomeDetectorConfig = field(default_factory=OutcomeDetectorConfig)
    """Thresholds of outcome detection."""
    seed: int = 0
    """Of the order within each pair."""

    def __post_init__(self) -> None:
        if self.pairs_per_look < 2 or self.max_pairs % self.pairs_per_look:
            raise ValueError("max_pairs must be a multiple of pairs_per_look, and that at least 2")
        if self.stretch_s < 1 or self.settle_s < 0:
            raise ValueError("stretch_s must be at least 1, settle_s at least 0")


@dataclass
class _Segment:
    """Outcomes of the segment in progress."""

    ticks: int = 0
    value: float = 0.0
    deaths: float = 0.0

    def add(self, outcomes: np.void) -> None:
        self.ticks += 1
        self.value += float(outcomes["kill_value"] + outcomes["loot_value"])
        self.deaths += float(outcomes["deaths"])

    def score(self) -> float:
        """Points a minute, by the definition of EpisodeStats."""
        return score_per_minute(self.value, self.deaths, self.ticks / TICK_RATE_HZ / 60)


PutIn = Callable[[Carry], None]
"""Swaps the weights between two ticks, given the pilot's carry."""


def warm_swap(hierarchy: HierarchicalPolicy, new: LoadedPolicies) -> PutIn:
    """Returns a swap to loaded policies; checks and backends were made off the control thread."""

    def put(carry: Carry) -> None:
        hierarchy.swap(new.policies, carry, new.networks)

    return put


class LiveGate:
    """Compares candidate and incumbent by turns in one live world, with a paired sequential test.

    It takes the place of the `WeightSwapper` between two ticks, and is a Listener of the same session; the control
    thread calls both. It changes no file: another thread takes `verdict` and calls `apply_verdict`.
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
        candidate: swaps the candidate in.
        incumbent: swaps the incumbent in.
        profile: the game.
        config: of the test; the defaults when None.
        swapper: the session's `WeightSwapper`, which loads weights that another process promotes; they end the trial.
        """
        self.config = config or LiveGateConfig()
        self.verdict: Latest[GateVerdict] = Latest()
        self.over = False
        self.num_pairs = 0
        self._put_in, self._swapper = {True: candidate, False: incumbent}, swapper
        self._detector = OutcomeDetector(profile, self.config.watch)
        self._memory = self._detector.start(1)
        looks = range(self.config.pairs_per_look, self.config.max_pairs + 1, self.config.pairs_per_look)
        self._trial = PairedSequentialTest(self.config.trial, looks, self.config.stretch_s)
        self._random = np.random.default_rng(self.config.seed)
        self._playing = False  # the incumbent
        self._wanted = self._draw()
        self._done: dict[bool, _Segment] = {}
        self._stretch = _Segment()
        self._calm_ticks = 0

    def __call__(self, carry: Carry) -> bool:
        """Swaps in the policy whose turn it is, between two ticks; returns whether the weights changed."""
        if self._swapper is not None and self._swapper(carry):
            if not self.over:
                self._end(promote=False, reason="other weights came to play while it was judged")
            self._wanted = self._playing = False  # the new weights are the incumbent now
            return True
        if self._wanted == self._playing:
            return False
        self._put_in[self._wanted](carry)
        self._playing, self._calm_ticks = self._wanted, 0
        return True

    def on_step(self, step: Step) -> None:
        """Adds the tick's outcomes to the segment of the policy that plays."""
        outcomes = self._detector.update(step.observation, self._memory)[0]
        if self.over or self._wanted != self._playing:
            return
        self._calm_ticks = self._calm_ticks + 1 if step.actors[0] != Actor.PERSON else 0
        if self._calm_ticks > round(self.config.settle_s * TICK_RATE_HZ):
            self._stretch.add(outcomes)
        if self._stretch.ticks >= round(self.config.stretch_s * TICK_RATE_HZ):
            self._turn()

    @property
    def candidate_plays(self) -> bool:
        """Whether the candidate plays at present."""
        return self._playing

    def close(self) -> None:
        """Ends without a verdict if the trial is unfinished; the incumbent stays."""

    def _turn(self) -> None:
        """Ends a segment: the other policy's turn, or the next pair."""
        self._done[self._playing], self._stretch = self._stretch, _Segment()
        if len(self._done) < 2:
            self._wanted = not self._playing
            return
        self.num_pairs += 1
        self._trial.add(_scores(self._done[True]), _scores(self._done[False]))
        self._done = {}
        self._wanted = self._draw()
        self._calm_ticks = 0  # also if the same policy continues, so that neither has an advantage
        if self.num_pairs % self.config.pairs_per_look == 0:
            ruling, reason = self._trial.look()
            if ruling != "go on":
                self._end(promote=ruling == "promote", reason=reason)

    def _end(self, *, promote: bool, reason: str) -> None:
        self.over, self._wanted = True, False  # a promoted candidate is loaded from its file
        self.verdict.put(
            GateVerdict(
                promote=promote, reason=reason, seconds=self.config.stretch_s, looks=tuple(self._trial.seen), live=True
            )
        )

    def _draw(self) -> bool:
        return bool(self._random.random() < 0.5)


def _scores(one: _Segment) -> SegmentScores:
    return SegmentScores(scores=np.array([one.score()]), deaths=np.array([one.deaths]))
