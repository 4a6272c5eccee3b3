"""Level scheduler: when the Strategist (1 Hz) and the Tactician (5 Hz) run, on which inputs, and what they output.

Play, streaming labels and offline labels use this one schedule, so an Executor is trained with the conditioning that
it gets in play. A level runs in the first tick of each of its slots (STRATEGIST_TICKS or TACTICIAN_TICKS ticks); its
output holds until its next run. The Strategist reads the contexts of its last `window_s` runs. Target probabilities
follow their objects from slot to slot by track id.

`step` runs tick by tick, for B worlds or for B mirrors of one; `strategies_of_session` and `conditioning_of_session`
compute the same for a recorded session at once.

Axes: B worlds, T ticks, D runs of a level, F context features, N tracks, S strategy, A conditioning.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numba
import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from understudy.contract.observation import MAX_TRACKS
from understudy.policies.conditioning import (
    CONDITIONING_WIDTH,
    STRATEGIST_TICKS,
    STRATEGY_WIDTH,
    TACTICIAN_TICKS,
    follow_targets_in_worlds,
    remap_target_probs,
)
from understudy.policies.encoder import Encoded
from understudy.policies.strategist import Strategist, Strategy
from understudy.policies.tactician import Tactic, Tactician

_CHUNK = 2048
"""Runs of the Tactician in one batch."""
Signs = tuple[Float32[np.ndarray, " F"] | float, Float32[np.ndarray, " track_features"] | float]


class LevelNetworks(Protocol):
    """The two slower levels, called as their modules are; None for one that is missing. See InferenceBackend."""

    @property
    def strategist(self) -> Callable[[Float[Tensor, "B T F"]], Strategy] | None: ...
    @property
    def tactician(self) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tactic] | None: ...


@dataclass
class SlotCounter:
    """Slots of one level: it is due in the first tick of each; a slot that no tick falls into is skipped."""

    period: int
    """Ticks of a slot."""
    slot: int = -1
    """Index of the latest slot in which the level was due; -1 before the first."""

    def advance(self, tick: int) -> int:
        """Returns the number of slots that began since the last call: 0 when the level is not due in this tick."""
        begun = max(0, tick // self.period - self.slot)
        self.slot += begun
        return begun


@dataclass
class LevelState:
    """State of the two slower levels between ticks, for B worlds."""

    context_history: deque[Tensor]
    """Contexts of the Strategist's latest runs, oldest first, each of shape (B, F)."""
    strategy: Float[Tensor, "B S"]
    conditioning: Float[Tensor, "B A"]
    target_probs: Float32[np.ndarray, "B N"]
    """The Tactician's target probabilities in the track slots of its latest run."""
    target_ids: np.ndarray
    """Track ids of that tick, shape (B, N)."""
    tick: int = 0
    """Number of the next tick; missed ticks are passed as filled rows."""
    strategist_slots: SlotCounter = field(default_factory=lambda: SlotCounter(STRATEGIST_TICKS))
    tactician_slots: SlotCounter = field(default_factory=lambda: SlotCounter(TACTICIAN_TICKS))


class LevelScheduler:
    """Runs the slower levels tick by tick; all state is in a LevelState."""

    def __init__(self, networks: LevelNetworks, window_s: int) -> None:
        """Args:
        networks: of the two levels, in evaluation mode.
        window_s: the Strategist's input window (its config); any number of seconds without a Strategist.
        """
        self.networks, self._window_s = networks, window_s

    def start(self, num_worlds: int) -> LevelState:
        """Returns the initial state of B worlds."""
        return LevelState(
            context_history=deque(maxlen=self._window_s),
            strategy=torch.zeros(num_worlds, STRATEGY_WIDTH),
            conditioning=torch.zeros(num_worlds, CONDITIONING_WIDTH),
            target_probs=np.zeros((num_worlds, MAX_TRACKS), np.float32),
            target_ids=np.zeros((num_worlds, MAX_TRACKS), np.int32),
        )

    def step(
        self,
        state: LevelState,
        context_BF: Float[Tensor, "B F"],
        tracks_BNF: Float[Tensor, "B N track_features"],
        kinds_BN: Int64[Tensor, "B N"],
        track_ids: np.ndarray,
    ) -> Float32[np.ndarray, "B N"]:
        """Runs the levels that are due in the next tick; updates `state` in place, its `conditioning` included.

        Args:
            state: of `start` or the tick before.
            context_BF, tracks_BNF, kinds_BN: the tick, encoded.
            track_ids: persistent ids of the tracks, 0 for an empty slot, shape (B, N).

        Returns:
            The Tactician's latest target probabilities in the slots where their objects are now.
        """
        if state.strategist_slots.advance(state.tick):
            self._run_strategist(state, context_BF)
        if state.tactician_slots.advance(state.tick):
            self._run_tactician(state, context_BF, tracks_BNF, kinds_BN, track_ids)
        state.tick += 1
        target_probs = np.zeros((len(track_ids), MAX_TRACKS), np.float32)
        follow_targets_in_worlds(state.target_ids, state.target_probs, track_ids, target_probs)
        return target_probs

    def swap(self, networks: LevelNetworks, window_s: int, state: LevelState) -> None:
        """Replaces the networks from the next step on; outputs in `state` hold until the next runs.

        Args:
            networks: new ones, in evaluation mode.
            window_s: of the new Strategist.
            state: updated in place: its context history takes the new window.
        """
        self.networks, self._window_s = networks, window_s
        state.context_history = deque(state.context_history, maxlen=window_s)

    def _run_strategist(self, state: LevelState, context_BF: Tensor) -> None:
        if self.networks.strategist is None:
            return
        state.context_history.append(context_BF)
        output = self.networks.strategist(torch.stack(tuple(state.context_history), dim=1))
        state.strategy = concat_strategy(torch.softmax(output.mode_logits[:, -1], dim=-1), output.goal[:, -1])
        state.conditioning = torch.cat([state.strategy, state.conditioning[:, STRATEGY_WIDTH:]], dim=-1)

    def _run_tactician(
        self, state: LevelState, context_BF: Tensor, tracks_BNF: Tensor, kinds_BN: Tensor, track_ids: np.ndarray
    ) -> None:
        if self.networks.tactician is None:
            return
        output = self.networks.tactician(context_BF, state.strategy, tracks_BNF, kinds_BN)
        state.conditioning, target_probs = _conditioning(state.strategy, output)
        state.target_probs, state.target_ids = target_probs.numpy(), track_ids.copy()


def concat_strategy(
    mode_probabilities: Float[Tensor, "*B modes"], goal: Float[Tensor, "*B goal"]
) -> Float[Tensor, "*B strategy"]:
    """Concatenates the Strategist's outputs."""
    return torch.cat([mode_probabilities, goal], dim=-1)


def concat_conditioning(
    strategy: Float[Tensor, "*B strategy"],
    route: Float[Tensor, "*B 2"],
    no_target: Float[Tensor, "*B"],
) -> Float[Tensor, "*B conditioning"]:
    """Concatenates the outputs of Strategist and Tactician."""
    return torch.cat([strategy, route, no_target[..., None]], dim=-1)


def _conditioning(strategy: Tensor, output: Tactic) -> tuple[Float[Tensor, "B A"], Float[Tensor, "B N"]]:
    """Returns the Executor's conditioning, and the probability of each track slot."""
    probabilities = torch.softmax(output.target_logits, dim=-1)
    return concat_conditioning(strategy, output.route, probabilities[:, -1]), probabilities[:, :-1]


def strategies_of_session(
    strategist: Strategist,
    context_TF: Float[np.ndarray, "T F"],
    signs_F: Float32[np.ndarray, " F"] | float = 1.0,
) -> Float32[np.ndarray, "T S"]:
    """Computes the strategy that holds at each tick of a session, as `LevelScheduler.step` does.

    Args:
        strategist: in evaluation mode.
        context_TF: of every tick, encoded.
        signs_F: that mirror the scene.
    """
    runs, latest = _runs(len(context_TF), STRATEGIST_TICKS)
    with torch.no_grad():
        output = strategist.predict_session(torch.from_numpy(context_TF[runs].astype(np.float32) * signs_F))
        strategies = concat_strategy(torch.softmax(output.mode_logits[0], dim=-1), output.goal[0])
    return np.asarray(strategies.numpy()[latest])


def conditioning_of_session(
    tactician: Tactician,
    encoded: Encoded,
    strategies: Float32[np.ndarray, "T S"],
    track_ids: np.ndarray,
    signs: Signs = (1.0, 1.0),
) -> tuple[Float32[np.ndarray, "T A"], Float32[np.ndarray, "T N"]]:
    """Computes conditioning and target probabilities at each tick of a session, as `LevelScheduler.step` does.

    Args:
        tactician: in evaluation mode.
        encoded: every tick.
        strategies: of `strategies_of_session`.
        track_ids: of every tick, shape (T, N).
        signs: of context and track features, that mirror the scene.
    """
    runs, latest = _runs(len(track_ids), TACTICIAN_TICKS)
    with torch.no_grad():
        parts = list(_tactics(tactician, encoded, strategies, runs, signs))
    conditioning, at_run = (np.concatenate(part) for part in zip(*parts, strict=True))
    return conditioning[latest], follow_targets_of_session(at_run, track_ids)


def follow_targets_of_session(
    at_run_DN: Float32[np.ndarray, "D N"], track_ids: np.ndarray
) -> Float32[np.ndarray, "T N"]:
    """Moves the target probabilities of the Tactician's runs to the slots where their objects are at each tick.

    Args:
        at_run_DN: one row for each TACTICIAN_TICKS ticks.
        track_ids: of every tick, shape (T, N).
    """
    runs, latest = _runs(len(track_ids), TACTICIAN_TICKS)
    target_probs = np.zeros((len(track_ids), MAX_TRACKS), np.float32)
    _follow_targets_in_ticks(track_ids[runs], at_run_DN, latest, track_ids, target_probs)
    return target_probs


def _tactics(
    tactician: Tactician, encoded: Encoded, strategies: np.ndarray, runs: np.ndarray, signs: Signs
) -> Iterator[tuple[Float32[np.ndarray, "D A"], Float32[np.ndarray, "D N"]]]:
    for chunk in np.array_split(runs, max(len(runs) // _CHUNK, 1)):
        strategy = torch.from_numpy(strategies[chunk])
        context = torch.from_numpy(encoded.context[chunk].astype(np.float32) * signs[0])
        tracks = torch.from_numpy(encoded.tracks[chunk].astype(np.float32) * signs[1])
        kinds = torch.from_numpy(encoded.kinds[chunk])
        conditioning, target_probs = _conditioning(strategy, tactician(context, strategy, tracks, kinds))
        yield conditioning.numpy(), target_probs.numpy()


def _runs(num_ticks: int, period: int) -> tuple[Int64[np.ndarray, " D"], Int64[np.ndarray, " T"]]:
    """Returns the ticks at which a level runs, and for each tick which of its runs is the latest."""
    return np.arange(0, num_ticks, period), np.arange(num_ticks) // period


@numba.njit(cache=True)
def _follow_targets_in_ticks(ids_at_runs, probs_at_runs, latest, ids, out):  # type: ignore[no-untyped-def]
    for t in range(len(ids)):
        remap_target_probs(ids_at_runs[latest[t]], probs_at_runs[latest[t]], ids[t], out[t])
