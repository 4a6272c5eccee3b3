"""What the critic would have said of the base recordings, as far as its corrections tell.

A fault that was learnt from recordings stands in those recordings: rehearsing them would teach it again. So a small
logistic model learns from the judged moments alone when the critic disagrees and with what, and names the recorded
seconds of which it is sure that the critic would have said otherwise. Those are left out of rehearsal, nothing else.
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
"""Probability from which a recorded second counts as one that the critic would have corrected."""
MIN_CLASS_SHARE = 0.1
"""Share of the corrections from which a kind of mistake (this done, that right) is looked for in the recordings: what
was corrected now and then is learnt from those moments alone."""
RIDGE = 3e-3
STEPS = 60


@dataclass(frozen=True)
class WeakLabeller:
    """A logistic model of what the critic says; of places on the screen it knows nothing."""

    mean: Float32[np.ndarray, " F"]
    scale: Float32[np.ndarray, " F"]
    weights: Float32[np.ndarray, "F M"]
    offsets: Float32[np.ndarray, " M"]
    pairs: frozenset[tuple[int, int]]
    """(what was done, what was right): the mistakes that are looked for."""

    def probabilities(self, context: Float32[np.ndarray, "T context"]) -> Float32[np.ndarray, "T M"]:
        """Of each mode being what the critic would say."""
        features = np.clip((context[:, 2 * NUM_MIRRORED :] - self.mean) / self.scale, -6.0, 6.0)
        logits = features @ self.weights + self.offsets
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)

    def disagreement_mask(self, labelled: LabelledEpisode) -> Bool[np.ndarray, " T"]:
        """Ticks of a recorded session that the critic would surely have corrected as it did others."""
        said = self.probabilities(labelled.encoded.context)
        best = said.argmax(axis=1)
        corrects = np.zeros((NUM_MODES, NUM_MODES), bool)
        for done, right in self.pairs:
            corrects[done, right] = True
        sure = said[np.arange(len(said)), best] > MIN_CONFIDENCE
        return np.asarray(sure & corrects[labelled.labels.modes, best])


def fit_weak_labeller(judged: LabelledMoments) -> WeakLabeller:
    """Fits the logistic model by L-BFGS, each moment by its weight."""
    latest = np.stack([window[-1, 2 * NUM_MIRRORED :] for window in judged.windows])
    mean, scale = latest.mean(axis=0), np.maximum(latest.std(axis=0), 0.05)
    features = torch.from_numpy(np.clip((latest - mean) / scale, -6.0, 6.0))
    modes = torch.from_numpy(judged.modes)
    weights = torch.from_numpy(judged.weights)
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
        pairs=_systematic(judged),
    )


def _systematic(judged: LabelledMoments) -> frozenset[tuple[int, int]]:
    """Kinds of mistake that make up a good part of the corrections."""
    different = judged.is_correction
    pairs = Counter(zip(judged.policy_modes[different].tolist(), judged.modes[different].tolist(), strict=True))
    return frozenset(pair for pair, count in pairs.items() if count >= MIN_CLASS_SHARE * int(different.sum()))
