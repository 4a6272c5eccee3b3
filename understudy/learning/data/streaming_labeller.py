"""Streaming labeller: encodes one world tick by tick, as in play, and labels each tick in hindsight.

A tick becomes a sample once enough of its future is known: a click belongs to the gesture that led to it, which may
have begun LOOK_AHEAD_TICKS earlier. Where the person's raw events come along, presses and motions are found in them, as
in training. The conditioning by the slower levels is computed as the ticks come, once for each mirror, by the scheduler
that play uses (policies/level_scheduler.py).
"""

import dataclasses
from collections import deque
from collections.abc import Sequence
from itertools import takewhile

import numpy as np
import torch

from understudy.contract.observation import TICK_RATE_HZ, TICK_S, Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent
from understudy.learning.data.executor_batch import ExecutorBatch, build_batch
from understudy.learning.data.gesture_segmentation import MAX_DWELL, MAX_TICKS
from understudy.learning.data.labelled_episode import NUM_MIRRORS, label_episode, mirror_sign_tables
from understudy.learning.data.motion_onset import LONGEST_MOTION_S
from understudy.learning.data.tick_grid import fill, heard
from understudy.policies.encoder import Encoded, Encoder
from understudy.policies.inference_backend import TorchBackend
from understudy.policies.level_scheduler import LevelScheduler
from understudy.policies.policy_bundle import PolicyBundle
from understudy.recordings.episode import LARGEST_STEP_S
from understudy.runtime.missed_ticks import MissedTicks

LOOK_AHEAD_TICKS = MAX_DWELL + MAX_TICKS + 4
HISTORY_TICKS = 200
"""How far back a label may reach: a gesture lasts from its onset until its release."""
CHUNK_TICKS = 3 * TICK_RATE_HZ
"""Ticks that are labelled together."""
AWAY_TICKS = 10 * TICK_RATE_HZ
"""Ticks without input after which the person counts as away; such ticks are no samples."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledChunk:
    """Ticks that have become samples."""

    samples: ExecutorBatch
    time_s: np.ndarray
    """Time of each tick, shape (T,)."""
    first_index: int
    """Number of the first tick, as passed to `watch`."""


@dataclasses.dataclass
class _PendingTick:
    """One encoded tick with its conditioning, whose labels are not known yet."""

    index: int
    observation: np.ndarray
    action: np.ndarray
    encoded: Encoded
    conditioning: np.ndarray
    target_probs: np.ndarray
    filled: bool
    """Whether it was missed and filled in, and so is no sample."""


class StreamingLabeller:
    """Turns the ticks of one world into samples. Used by one thread."""

    def __init__(self, policies: PolicyBundle, profile: Profile) -> None:
        """Args:
        policies: their Strategist and Tactician condition the samples.
        profile: the game.
        """
        self._profile = profile
        self._scheduler = LevelScheduler(TorchBackend(policies), policies.window_s)
        self._encoder = Encoder(profile)
        self._signs = [torch.from_numpy(table) for table in mirror_sign_tables(self._encoder.layout.width)]
        self._seen: deque[_PendingTick] = deque()
        self._presence = _ActivityMonitor()
        self._inputs: deque[InputEvent] = deque()
        """The person's raw events since a motion's length before the first tick in _seen."""
        self._restart()

    def _restart(self) -> None:
        """Starts a new history after a gap in time or play."""
        self._carry = self._encoder.start(1)
        self._levels = self._scheduler.start(NUM_MIRRORS)
        self._num_labelled = 0  # of the ticks in _seen
        self._missed = MissedTicks()
        self._seen.clear()

    def watch(
        self, observations: np.ndarray, actions: np.ndarray, first_index: int, inputs: Sequence[InputEvent] = ()
    ) -> list[LabelledChunk]:
        """Adds consecutive ticks; returns those that have become samples.

        Args:
            observations, actions: records of dtype OBSERVATION and ACTION, shape (T,).
            first_index: number of the first one.
            inputs: the person's raw events of these ticks, in order of time; without any, presses are those of the
                actions.
        """
        self._inputs.extend(event for event in inputs if event.kind in ("move", "press", "release"))
        found = []
        for offset in range(len(actions)):
            self._add_tick(observations[offset : offset + 1], actions[offset : offset + 1], first_index + offset)
            if len(self._seen) - self._num_labelled >= CHUNK_TICKS + LOOK_AHEAD_TICKS:
                found.append(self._label())
        return found

    def _add_tick(self, observation: np.ndarray, action: np.ndarray, index: int) -> None:
        """Adds one tick, after filling in those missed since the previous one; a longer gap starts a new history."""
        if self._seen:
            times_s = np.concatenate([self._seen[-1].observation["time_s"], observation["time_s"]])
            if not 0 < times_s[1] - times_s[0] <= LARGEST_STEP_S:
                self._restart()
            elif missed := self._missed.count(float(times_s[1] - times_s[0])):
                last = self._seen[-1]
                pair = np.concatenate([last.observation, observation]), np.concatenate([last.action, action])
                events = heard(self._between(*times_s), self._profile)
                ticks = fill(*pair, np.array([0, missed]), events, live=True)
                for row in range(1, 1 + missed):
                    self._append(ticks.observations[row : row + 1], ticks.actions[row : row + 1], index, filled=True)
        self._append(observation, action, index, filled=False)

    def _append(self, observation: np.ndarray, action: np.ndarray, index: int, *, filled: bool) -> None:
        if not self._presence.update(action):
            if self._seen:
                self._restart()
            return
        encoded = self._encoder.encode(Observation(observation), self._carry)
        target_probs = self._step_levels(encoded, observation["tracks"]["id"])
        conditioning = self._levels.conditioning.numpy().copy()
        self._seen.append(
            _PendingTick(index, observation.copy(), action.copy(), encoded, conditioning, target_probs, filled)
        )

    @torch.inference_mode()
    def _step_levels(self, encoded: Encoded, track_ids: np.ndarray) -> np.ndarray:
        """Runs the levels that are due, in all mirrors at once; returns target probabilities, shape (4, N)."""
        context_signs, track_signs, _ = self._signs
        return self._scheduler.step(
            self._levels,
            torch.from_numpy(encoded.context) * context_signs,
            torch.from_numpy(encoded.tracks) * track_signs[:, None],
            torch.from_numpy(encoded.kinds).expand(NUM_MIRRORS, -1),
            np.repeat(track_ids, NUM_MIRRORS, axis=0),
        )

    def _label(self) -> LabelledChunk:
        """Labels the next CHUNK_TICKS ticks, from the HISTORY_TICKS before them and LOOK_AHEAD_TICKS after."""
        seen = list(self._seen)
        begin, end = self._num_labelled, self._num_labelled + CHUNK_TICKS
        observation = Observation(np.concatenate([each.observation for each in seen]))
        times_s = observation.records["time_s"]
        inputs = self._between(times_s[0] - LONGEST_MOTION_S, times_s[-1] + TICK_S)
        labelled = label_episode(observation, np.concatenate([each.action for each in seen]), self._profile, inputs)
        filled = np.array([each.filled for each in seen])
        labelled = dataclasses.replace(labelled, encoded=_stacked([each.encoded for each in seen]), filled=filled)
        conditioning = np.stack([each.conditioning for each in seen], axis=1)
        target_probs = np.stack([each.target_probs for each in seen], axis=1)
        batch = build_batch([labelled], [(conditioning, target_probs)], torch.device("cpu"))
        recorded = begin + np.flatnonzero(~filled[begin:end])
        samples = batch.index(torch.from_numpy(recorded))
        self._num_labelled = end
        while self._num_labelled > HISTORY_TICKS:
            self._seen.popleft()
            self._num_labelled -= 1
        while (
            self._inputs and self._inputs[0].time_s < float(self._seen[0].observation["time_s"][0]) - LONGEST_MOTION_S
        ):
            self._inputs.popleft()
        return LabelledChunk(samples=samples, time_s=times_s[recorded], first_index=seen[recorded[0]].index)

    def _between(self, begin_s: float, end_s: float) -> list[InputEvent]:
        """Returns the raw events from `begin_s` until before `end_s`; takes time for those since `begin_s` alone."""
        newest_first = takewhile(lambda event: event.time_s >= begin_s, reversed(self._inputs))
        return [event for event in newest_first if event.time_s < end_s][::-1]


class _ActivityMonitor:
    """Detects whether a person is at mouse and keyboard."""

    def __init__(self) -> None:
        self._place: tuple[float, float] | None = None
        self._idle_ticks = AWAY_TICKS  # away until the first input

    def update(self, action: np.ndarray) -> bool:
        """Adds one tick's action, shape (1,); returns whether there was input within AWAY_TICKS."""
        place = float(action["cursor_x"][0]), float(action["cursor_y"][0])
        moved = self._place is not None and place != self._place
        self._place = place
        touched = moved or bool(action["button"][0]) or bool(action["keys"][0])
        self._idle_ticks = 0 if touched else self._idle_ticks + 1
        return self._idle_ticks <= AWAY_TICKS


def _stacked(parts: list[Encoded]) -> Encoded:
    return Encoded(
        np.concatenate([part.context for part in parts]),
        np.concatenate([part.tracks for part in parts]),
        np.concatenate([part.kinds for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
    )
