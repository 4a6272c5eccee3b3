"""Conditioning of recorded sessions by the slower levels, computed as in play (policies/level_scheduler.py).

Each mirror is computed on its own: the strategy for a mirrored scene is not the mirrored strategy.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from understudy.contract.observation import MAX_TRACKS
from understudy.learning.data.labelled_episode import NUM_MIRRORS, LabelledEpisode, mirror_sign_tables
from understudy.policies.conditioning import CONDITIONING_WIDTH, STRATEGY_WIDTH
from understudy.policies.level_scheduler import conditioning_of_session, strategies_of_session
from understudy.policies.strategist import Strategist
from understudy.policies.tactician import Tactician


@dataclass(frozen=True)
class UpstreamPolicies:
    """The trained slower levels that condition the policy in training; None for a missing one."""

    strategist: Strategist | None = None
    tactician: Tactician | None = None

    def strategist_outputs(self, labelled: LabelledEpisode) -> Float[np.ndarray, "4 T S"]:
        """Returns the mode probabilities and goal at each tick, for each mirror; zeros without a Strategist.

        About 6 s of one core for an hour of play.
        """
        out = np.zeros((NUM_MIRRORS, len(labelled), STRATEGY_WIDTH), np.float32)
        if self.strategist is not None:
            self.strategist.eval()
            for mirror, signs in enumerate(mirror_sign_tables(labelled.encoded.context.shape[1])[0]):
                out[mirror] = strategies_of_session(self.strategist, labelled.encoded.context, signs)
        return out

    def conditioning(self, labelled: LabelledEpisode) -> tuple[Float[np.ndarray, "4 T A"], Float[np.ndarray, "4 T N"]]:
        """Returns the Executor's conditioning and the Tactician's target probabilities per tick and mirror."""
        strategies = self.strategist_outputs(labelled)
        strategies = strategies.astype(np.float32, copy=False)
        conditioning = np.zeros((NUM_MIRRORS, len(labelled), CONDITIONING_WIDTH), np.float32)
        target_probs = np.zeros((NUM_MIRRORS, len(labelled), MAX_TRACKS), np.float32)
        conditioning[..., :STRATEGY_WIDTH] = strategies
        if self.tactician is not None:
            self.tactician.eval()
            ids = labelled.observation.records["tracks"]["id"]
            context_signs, track_signs, _ = mirror_sign_tables(labelled.encoded.context.shape[1])
            for mirror, signs in enumerate(zip(context_signs, track_signs, strict=True)):
                conditioning[mirror], target_probs[mirror] = conditioning_of_session(
                    self.tactician, labelled.encoded, strategies[mirror], ids, signs
                )
        return conditioning, target_probs
