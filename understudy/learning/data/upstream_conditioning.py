"""What the slower levels would have said at each tick of a recorded session, the way they say it in play.

The Strategist decides every 20th tick and the Tactician every 4th; in between their last word stands, with target
weights that follow their objects from slot to slot. Each mirror is advised on its own: a mirrored scene deserves the
advice for a mirrored scene, not the mirrored advice.
"""

from dataclasses import dataclass

import numba
import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from understudy.contract.observation import MAX_TRACKS
from understudy.learning.data.labelled_episode import NUM_MIRRORS, LabelledEpisode, mirror_sign_tables
from understudy.policies.conditioning import (
    CONDITIONING_WIDTH,
    STRATEGIST_TICKS,
    STRATEGY_WIDTH,
    TACTICIAN_TICKS,
    concat_conditioning,
    concat_strategy,
    remap_target_probs,
)
from understudy.policies.strategist import Strategist
from understudy.policies.tactician import Tactician

_CHUNK = 2048


@dataclass(frozen=True)
class UpstreamPolicies:
    """The trained levels above the one that is being trained; None where there is none to listen to."""

    strategist: Strategist | None = None
    tactician: Tactician | None = None

    def strategist_outputs(self, labelled: LabelledEpisode) -> Float32[np.ndarray, "4 T S"]:
        """Mode probabilities and goal at each tick, for each mirror; zeros without a Strategist."""
        out = np.zeros((NUM_MIRRORS, len(labelled), STRATEGY_WIDTH), np.float32)
        if self.strategist is not None:
            seconds = np.arange(0, len(labelled), STRATEGIST_TICKS)
            for mirror in range(NUM_MIRRORS):
                context = torch.from_numpy(labelled.encoded.context[seconds] * mirror_sign_tables()[0][mirror])
                words = _strategies(self.strategist, context)
                out[mirror] = np.repeat(words, STRATEGIST_TICKS, axis=0)[: len(labelled)]
        return out

    def conditioning(
        self, labelled: LabelledEpisode
    ) -> tuple[Float32[np.ndarray, "4 T A"], Float32[np.ndarray, "4 T N"]]:
        """What the Executor is told at each tick, and the Tactician's weight for each object; for each mirror."""
        strategies = self.strategist_outputs(labelled)
        advice = np.zeros((NUM_MIRRORS, len(labelled), CONDITIONING_WIDTH), np.float32)
        weights = np.zeros((NUM_MIRRORS, len(labelled), MAX_TRACKS), np.float32)
        advice[..., :STRATEGY_WIDTH] = strategies
        if self.tactician is not None:
            ids = labelled.observation.records["tracks"]["id"]
            for mirror in range(NUM_MIRRORS):
                words, decided = _tactics(self.tactician, labelled, strategies[mirror], mirror)
                advice[mirror] = np.repeat(words, TACTICIAN_TICKS, axis=0)[: len(labelled)]
                _remap_target_probs(ids, decided, weights[mirror])
        return advice, weights


@torch.no_grad()
def _strategies(strategist: Strategist, context_SF: Tensor) -> Float32[np.ndarray, "S strategy"]:
    """At every second, with between half a window and a whole one to look back on (less at the very start)."""
    window = strategist.config.window_s
    half = window // 2
    strategist.eval()
    out = []
    for begin in range(0, len(context_SF), half):
        first = max(begin + half - window, 0)
        said = strategist(context_SF[None, first : begin + half])
        words = concat_strategy(torch.softmax(said.mode_logits[0], dim=-1), said.goal[0])
        out.append(words[begin - first :])
    return torch.cat(out).numpy()


@torch.no_grad()
def _tactics(
    tactician: Tactician, labelled: LabelledEpisode, strategist_outputs: np.ndarray, mirror: int
) -> tuple[Float32[np.ndarray, "D A"], Float32[np.ndarray, "D N"]]:
    """Advice and target weights at each decision (every TACTICIAN_TICKS ticks)."""
    context_signs, track_signs, _ = mirror_sign_tables()
    ticks = np.arange(0, len(labelled), TACTICIAN_TICKS)
    tactician.eval()
    words, weights = [], []
    for chunk in np.array_split(ticks, max(len(ticks) // _CHUNK, 1)):
        strategy = torch.from_numpy(strategist_outputs[chunk])
        said = tactician(
            torch.from_numpy(labelled.encoded.context[chunk] * context_signs[mirror]),
            strategy,
            torch.from_numpy(labelled.encoded.tracks[chunk] * track_signs[mirror]),
            torch.from_numpy(labelled.encoded.kinds[chunk]),
        )
        probabilities = torch.softmax(said.target_logits, dim=-1)
        words.append(concat_conditioning(strategy, said.route, probabilities[:, -1]).numpy())
        weights.append(probabilities[:, :-1].numpy())
    return np.concatenate(words), np.concatenate(weights)


@numba.njit(cache=True)
def _remap_target_probs(ids, decided, out):  # type: ignore[no-untyped-def]
    for t in range(len(ids)):
        decision = t // TACTICIAN_TICKS
        remap_target_probs(ids[decision * TACTICIAN_TICKS], decided[decision], ids[t], out[t])
