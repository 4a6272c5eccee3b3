"""A weak labeller: predicts from the corrections which recorded seconds the reviewer would have corrected.

A mistake that was learnt from recordings is in those recordings, and rehearsing them would teach it again. So a small
logistic model, fitted to the reviewed moments, predicts when the reviewer disagrees and with which mode. Recorded
seconds that it disputes with high confidence are left out of rehearsal, nothing else (Ratner et al. 2016).
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch.nn import functional

from understudy.contract.intent import NUM_MODES
from understudy.learning.corrections.aggregation import LabelledMoments
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.policies.context_features import NUM_MIRRORED

MIN_CONFIDENCE = 0.9
"""Probability from which a recorded second counts as disputed."""
MIN_CLASS_SHARE = 0.1
"""Share of the corrections from which a kind of mistake (mode done, mode right) is searched for in the recordings;
rarer ones are learnt from the corrected moments alone."""
RIDGE = 3e-3
STEPS = 60


@dataclass(frozen=True)
class WeakLabeller:
    """A logistic model of the reviewer's mode; it does not use positions on the screen."""

    mean: Float32[np.ndarray, " F"]
    scale: Float32[np.ndarray, " F"]
    weights: Float32[np.ndarray, "F M"]
    offsets: Float32[np.ndarray, " M"]
    pairs: frozenset[tuple[int, int]]
    """(mode done, mode right): the mistakes that are searched for."""

    def probabilities(self, context: Float32[np.ndarray, "T context"]) -> Float32[np.ndarray, "T M"]:
        """Returns the probability of each mode being the reviewer's."""
        features = np.clip((context[:, 2 * NUM_MIRRORED :] - self.mean) / self.scale, -6.0, 6.0)
        logits = features @ self.weights + self.offsets
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)

    def disagreement_mask(self, labelled: LabelledEpisode) -> Bool[np.ndarray, " T"]:
        """Marks the ticks of a recorded session that the reviewer would probably have corrected."""
        said = self.probabilities(labelled.encoded.context)
        best = said.argmax(axis=1)
        corrects = np.zeros((NUM_MODES, NUM_MODES), bool)
        for done, right in self.pairs:
            corrects[done, right] = True
        sure = said[np.arange(len(said)), best] > MIN_CONFIDENCE
        return np.asarray(sure & corrects[labelled.labels.modes, best])


def fit_weak_labeller(reviewed: LabelledMoments) -> WeakLabeller:
    """Fits the logistic model by L-BFGS, with each moment's weight."""
    latest = np.stack([window[-1, 2 * NUM_MIRRORED :] for window in reviewed.windows])
    mean, scale = latest.mean(axis=0), np.maximum(latest.std(axis=0), 0.05)
    features = torch.from_numpy(np.clip((latest - mean) / scale, -6.0, 6.0))
    modes = torch.from_numpy(reviewed.modes)
    weights = torch.from_numpy(reviewed.weights)
    linear = torch.nn.Linear(features.shape[1], NUM_MODES)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    search = torch.optim.LBFGS(linear.parameters(), max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        value = (functional.cross_entropy(linear(features), modes, reduction="none") * weights).sum() / weights.sum()
        value = value + RIDGE * (linear.weight**2).sum()
        torch.autograd.backward(value)
        return value

    search.step(loss)  # type: ignore[no-untyped-call]
    return WeakLabeller(
        mean=mean,
        scale=scale,
        weights=linear.weight.detach().numpy().T.copy(),
        offsets=linear.bias.detach().numpy().copy(),
        pairs=_systematic(reviewed),
    )


def _systematic(reviewed: LabelledMoments) -> frozenset[tuple[int, int]]:
    """Returns the kinds of mistake that make up at least MIN_CLASS_SHARE of the corrections."""
    different = reviewed.is_correction
    pairs = Counter(zip(reviewed.policy_modes[different].tolist(), reviewed.modes[different].tolist(), strict=True))
    return frozenset(pair for pair, count in pairs.items() if count >= MIN_CLASS_SHARE * int(different.sum()))
