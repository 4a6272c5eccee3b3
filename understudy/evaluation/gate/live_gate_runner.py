"""Runs live gates for the candidates of online learning, one after the other, in a world that cannot be reset.

A thread of its own loads candidates, makes their inference backends and applies verdicts; the control thread only
reads a mailbox. The gate tests a copy: the learner continues to stage newer weights under the same name.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from understudy.contract.errors import CheckpointError
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Step
from understudy.contract.safe_files import replace_bytes
from understudy.evaluation.gate.gate_verdict import GateVerdict
from understudy.evaluation.gate.live_gate import LiveGate, LiveGateConfig, warm_swap
from understudy.evaluation.gate.simulator_gate import apply_verdict
from understudy.learning.registry.candidates import load_active, load_candidate, staged_path
from understudy.policies.checkpoint import Checkpoint
from understudy.policies.inference_backend import Library, make_backend
from understudy.policies.policy_bundle import load_policies
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.runtime.latest_value import Latest
from understudy.runtime.weight_swap import LoadedPolicies, require_finite_outputs

_log = logging.getLogger(__name__)

POLICY = "executor"
LOOK_EVERY_S = 1.0
JUDGE_EVERY_S = 900.0
"""From the end of one trial to the start of the next: the candidate trains meanwhile."""


@dataclass(frozen=True, kw_only=True)
class LiveJudged:
    """A finished live trial."""

    verdict: GateVerdict
    path: Path


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """The trial in progress."""

    gate: LiveGate
    path: Path
    candidate: Checkpoint
    incumbent: str


class LiveGateRunner:
    """Takes the place of the `WeightSwapper` between two ticks and is a Listener: both on the control thread."""

    def __init__(
        self,
        models: Path,
        staged: Path,
        hierarchy: HierarchicalPolicy,
        profile: Profile,
        swapper: Callable[[Carry], bool],
        on_evaluated: Callable[[LiveJudged], None],
        config: LiveGateConfig | None = None,
        library: Library = "torch",
        judge_every_s: float = JUDGE_EVERY_S,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """Starts to watch for candidates.

        Args:
            models: folder of the three policies.
            staged: the learner's candidate; it is tested when its file is newer than at the last trial.
            hierarchy: the policies that play.
            profile: the game.
            swapper: loads weights that another process promotes.
            on_evaluated: called with each verdict, on the runner's thread.
            config: of the test.
            library: for inference.
            judge_every_s: seconds between two trials.
            look_every_s: seconds between two checks of the folder.
        """
        self._models, self._staged, self._hierarchy, self._swapper = models, staged, hierarchy, swapper
        self._profile = profile
        self._on_judged, self._config, self._library = on_evaluated, config or LiveGateConfig(), library
        self._every_s, self._next_s, self._known_ns = judge_every_s, time.perf_counter() + judge_every_s, 0
        self._ready: Latest[_Trial] = Latest()
        self._going_on: _Trial | None = None
        self._gate: LiveGate | None = None
        self._num_trials = 0
        self._over = threading.Event()
        self._look_every_s = look_every_s
        self._thread = threading.Thread(target=self._watch, name="live trials", daemon=True)
        self._thread.start()

    @property
    def candidate_plays(self) -> bool:
        """Whether the candidate plays at present; its play is not learnt from."""
        return self._gate is not None and self._gate.candidate_plays

    def __call__(self, carry: Carry) -> bool:
        """Swaps the weights between two ticks if due; returns whether they changed."""
        if self._gate is None or self._gate.over:
            trial = self._ready.take()
            if trial is not None:
                self._gate = trial.gate
        return self._swapper(carry) if self._gate is None else self._gate(carry)

    def on_step(self, step: Step) -> None:
        """Passes the step to the trial."""
        if self._gate is not None:
            self._gate.on_step(step)

    def close(self) -> None:
        """Ends the thread; an unfinished trial leaves no verdict, and the incumbent stays. May be called twice."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._look_every_s):
            try:
                if self._going_on is not None:
                    self._settle(self._going_on)
                elif time.perf_counter() >= self._next_s:
                    self._begin()
            except (CheckpointError, OSError) as problem:
                _log.warning("no live trial: %s", problem)
                self._wait()

    def _begin(self) -> None:
        if not self._staged.is_file() or self._staged.stat().st_mtime_ns == self._known_ns:
            return
        self._known_ns = self._staged.stat().st_mtime_ns
        self._num_trials += 1
        path = staged_path(self._models, POLICY, f"{self._staged.stem.removeprefix('candidate_')}_{self._num_trials}")
        replace_bytes(path, self._staged.read_bytes())
        candidate, incumbent = load_candidate(self._models, path, POLICY), load_active(self._models, POLICY)
        if candidate.identity == incumbent.identity:
            self._wait()
            return
        gate = LiveGate(
            warm_swap(self._hierarchy, self._load(candidate, path)),
            warm_swap(self._hierarchy, self._load(incumbent, path)),
            self._profile,
            self._config,
            self._swapper,
        )
        self._going_on = _Trial(gate=gate, path=path, candidate=candidate, incumbent=incumbent.identity)
        self._ready.put(self._going_on)

    def _load(self, executor: Checkpoint, path: Path) -> LoadedPolicies:
        policies = load_policies(self._models, executor)
        require_finite_outputs(policies, str(path))
        return LoadedPolicies(
            policies=policies, networks=make_backend(policies, self._library), identities={POLICY: executor.identity}
        )

    def _settle(self, trial: _Trial) -> None:
        verdict = trial.gate.verdict.take()
        if verdict is None:
            return
        self._wait()
        why = f"online: {verdict.num_pairs} live pairs of {verdict.seconds:g} s"
        applied = apply_verdict(self._models, trial.path, trial.candidate, trial.incumbent, verdict, why)
        self._on_judged(LiveJudged(verdict=applied, path=trial.path))

    def _wait(self) -> None:
        self._going_on, self._next_s = None, time.perf_counter() + self._every_s
