"""Watches one world tick by tick, as the Hierarchy would, and names in hindsight what began in each tick.

A tick becomes a sample once enough of its future is known: a click belongs to the motion that led to it, and that may
have begun LOOK_AHEAD_TICKS earlier. What the slower levels would have said is worked out as the ticks come, once for
each mirror, with the same memory as in play.
"""

import dataclasses
from collections import deque

import numpy as np
import torch
from torch import Tensor

from understudy.contract.observation import MAX_TRACKS, TICK_RATE_HZ, Observation
from understudy.contract.profile import Profile
from understudy.learning.data.executor_batch import ExecutorBatch, build_batch
from understudy.learning.data.gesture_segmentation import MAX_DWELL, MAX_TICKS
from understudy.learning.data.labelled_episode import NUM_MIRRORS, label_episode, mirror_sign_tables
from understudy.learning.data.tick_grid import MissedTicks, fill
from understudy.policies.conditioning import (
    CONDITIONING_WIDTH,
    STRATEGIST_TICKS,
    STRATEGY_WIDTH,
    TACTICIAN_TICKS,
    concat_conditioning,
    concat_strategy,
    remap_target_probs,
)
from understudy.policies.encoder import Encoded, Encoder
from understudy.policies.policy_bundle import PolicyBundle
from understudy.recordings.episode import LARGEST_STEP_S

LOOK_AHEAD_TICKS = MAX_DWELL + MAX_TICKS + 4
HISTORY_TICKS = 200
"""How far back a label may reach: the hand is busy from the onset of a gesture until its release."""
CHUNK_TICKS = 3 * TICK_RATE_HZ
"""Ticks that are labelled together."""
AWAY_TICKS = 10 * TICK_RATE_HZ
"""Whoever touches neither mouse nor keyboard for longer is away: that teaches nothing."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledChunk:
    """Ticks that have become samples."""

    samples: ExecutorBatch
    time_s: np.ndarray
    """When each tick was, shape (T,)."""
    first_index: int
    """Number of the first tick, as it was fed in."""


@dataclasses.dataclass
class _PendingTick:
    """One tick, encoded and advised, waiting for its future."""

    index: int
    observation: np.ndarray
    action: np.ndarray
    encoded: Encoded
    advice: np.ndarray
    weights: np.ndarray
    filled: bool
    """It was missed and filled in: no sample."""


class StreamingLabeller:
    """Turns the ticks of one world into samples. Used by one thread."""

    def __init__(self, policies: PolicyBundle, profile: Profile) -> None:
        """Args: `brain`, whose slower levels advise; `profile`, the game that is watched."""
        self._brain, self._profile = policies, profile
        self._encoder = Encoder(profile)
        self._signs = [torch.from_numpy(table) for table in mirror_sign_tables()]
        self._seen: deque[_PendingTick] = deque()
        self._presence = _ActivityMonitor()
        self._restart()

    def _restart(self) -> None:
        """Forgets what was before a break."""
        strategist = self._brain.strategist
        self._carry = self._encoder.start(1)
        self._seconds: deque[Tensor] = deque(maxlen=strategist.config.window_s if strategist else 1)
        self._strategy = torch.zeros(NUM_MIRRORS, STRATEGY_WIDTH)
        self._conditioning = torch.zeros(NUM_MIRRORS, CONDITIONING_WIDTH)
        self._decided = np.zeros((NUM_MIRRORS, MAX_TRACKS), np.float32)
        self._decided_ids = np.zeros(MAX_TRACKS, np.int32)
        self._tick = 0
        self._num_labelled = 0  # of the ticks in _seen
        self._missed = MissedTicks()
        self._seen.clear()

    def watch(self, observations: np.ndarray, actions: np.ndarray, first_index: int) -> list[LabelledChunk]:
        """Takes in consecutive ticks; gives those that have become samples.

        Args:
            observations, actions: records of dtype OBSERVATION and ACTION, shape (T,).
            first_index: number of the first one.
        """
        found = []
        for offset in range(len(actions)):
            self._add_tick(observations[offset : offset + 1], actions[offset : offset + 1], first_index + offset)
            if len(self._seen) - self._num_labelled >= CHUNK_TICKS + LOOK_AHEAD_TICKS:
                found.append(self._label())
        return found

    def _add_tick(self, observation: np.ndarray, action: np.ndarray, index: int) -> None:
        """Takes in one tick, after those that were missed since the one before; a longer gap is a break."""
        if self._seen:
            last = self._seen[-1]
            step_s = float(observation["time_s"][0] - last.observation["time_s"][0])
            if not 0 < step_s <= LARGEST_STEP_S:
                self._restart()
            elif missed := self._missed.count(step_s):
                pair = np.concatenate([last.observation, observation]), np.concatenate([last.action, action])
                ticks = fill(*pair, np.array([0, missed]), live=True)
                for row in range(1, 1 + missed):
                    self._append(ticks.observations[row : row + 1], ticks.actions[row : row + 1], index, filled=True)
                observation = ticks.observations[-1:]
        self._append(observation, action, index, filled=False)

    def _append(self, observation: np.ndarray, action: np.ndarray, index: int, *, filled: bool) -> None:
        if not self._presence.update(action):
            if self._seen:
                self._restart()
            return
        encoded = self._encoder.encode(Observation(observation), self._carry)
        ids = observation["tracks"]["id"][0]
        self._update_conditioning(encoded, ids)
        weights = np.zeros((NUM_MIRRORS, MAX_TRACKS), np.float32)
        for mirror in range(NUM_MIRRORS):
            remap_target_probs(self._decided_ids, self._decided[mirror], ids, weights[mirror])
        advice = self._conditioning.numpy().copy()
        self._seen.append(_PendingTick(index, observation.copy(), action.copy(), encoded, advice, weights, filled))
        self._tick += 1

    @torch.inference_mode()
    def _update_conditioning(self, encoded: Encoded, ids: np.ndarray) -> None:
        """Lets the slower levels speak where they are due, as the Hierarchy does, in all mirrors at once."""
        context_signs, track_signs, _ = self._signs
        context_MF = torch.from_numpy(encoded.context) * context_signs
        strategist, tactician = self._brain.strategist, self._brain.tactician
        if strategist is not None and self._tick % STRATEGIST_TICKS == 0:
            self._seconds.append(context_MF)
            said = strategist(torch.stack(tuple(self._seconds), dim=1))
            self._strategy = concat_strategy(torch.softmax(said.mode_logits[:, -1], dim=-1), said.goal[:, -1])
            self._conditioning = torch.cat([self._strategy, self._conditioning[:, STRATEGY_WIDTH:]], dim=-1)
        if tactician is not None and self._tick % TACTICIAN_TICKS == 0:
            tracks = torch.from_numpy(encoded.tracks) * track_signs[:, None]
            kinds = torch.from_numpy(encoded.kinds).expand(NUM_MIRRORS, -1)
            aimed = tactician(context_MF, self._strategy, tracks, kinds)
            probabilities = torch.softmax(aimed.target_logits, dim=-1)
            self._conditioning = concat_conditioning(self._strategy, aimed.route, probabilities[:, -1])
            self._decided = probabilities[:, :-1].numpy()
            self._decided_ids = ids.copy()

    def _label(self) -> LabelledChunk:
        """Samples of the next CHUNK_TICKS ticks, from the HISTORY_TICKS before them and LOOK_AHEAD_TICKS after."""
        seen = list(self._seen)
        begin, end = self._num_labelled, self._num_labelled + CHUNK_TICKS
        observation = Observation(np.concatenate([each.observation for each in seen]))
        labelled = label_episode(observation, np.concatenate([each.action for each in seen]), self._profile)
        labelled = dataclasses.replace(labelled, encoded=_stacked([each.encoded for each in seen]))
        advice = np.stack([each.advice for each in seen], axis=1)
        weights = np.stack([each.weights for each in seen], axis=1)
        recorded = np.array([tick for tick in range(begin, end) if not seen[tick].filled])
        samples = build_batch([labelled], [(advice, weights)], torch.device("cpu")).index(torch.from_numpy(recorded))
        self._num_labelled = end
        while self._num_labelled > HISTORY_TICKS:
            self._seen.popleft()
            self._num_labelled -= 1
        return LabelledChunk(
            samples=samples, time_s=observation.records["time_s"][recorded], first_index=seen[recorded[0]].index
        )


class _ActivityMonitor:
    """Whether somebody is at mouse and keyboard."""

    def __init__(self) -> None:
        self._place: tuple[float, float] | None = None
        self._idle_ticks = AWAY_TICKS  # nobody is, until something is touched

    def update(self, action: np.ndarray) -> bool:
        """Takes in one tick's action, shape (1,); whether anything was touched within AWAY_TICKS."""
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
