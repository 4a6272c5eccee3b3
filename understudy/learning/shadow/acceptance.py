"""Whether what was learnt in shadow may play: it has to agree better with the person, and keep the old skill."""

from dataclasses import dataclass

import numpy as np

from understudy.learning.shadow.agreement import Agreement, log_prob_gain

LARGEST_LOSS = 0.01
"""Of the base set's clicks, the share that a candidate may go elsewhere with more often than the base did; of a hundred
clicks that is two more or less by chance, so a standard error is added."""
FEWEST_CLICKS = 20
"""Held-out clicks below which nothing is judged."""


@dataclass(frozen=True, kw_only=True)
class AcceptanceResult:
    """Whether a candidate may play, and why."""

    promote: bool
    reason: str
    numbers: dict[str, float]


def accept_candidate(
    candidate: Agreement,
    incumbent: Agreement,
    base_candidate: Agreement | None,
    base_first: Agreement | None,
) -> AcceptanceResult:
    """Compares a candidate with the weights that play.

    Args:
        candidate, incumbent: on the newest held-out minutes.
        base_candidate, base_first: the candidate, and the weights from before all shadow sessions, on held-out base
            recordings; None where there are none.
    """
    mean, sure = log_prob_gain(candidate, incumbent)
    numbers = {
        "agreement": candidate.share,
        "agreement_before": incumbent.share,
        "likelihood_gain": mean,
        "likelihood_gain_sure": sure,
    }
    loss = chance = 0.0
    if base_candidate is not None and base_first is not None and len(base_first.same):
        change = base_candidate.same.astype(np.float64) - base_first.same
        loss, chance = -float(change.mean()), float(change.std()) / len(change) ** 0.5
        numbers |= {"base_agreement": base_candidate.share, "base_agreement_before": base_first.share}
    if len(candidate.same) < FEWEST_CLICKS:
        return _no(f"only {len(candidate.same)} clicks were held out, {FEWEST_CLICKS} are needed to judge", numbers)
    if not sure > 0:
        return _no("it is not surely closer to your newest play", numbers)
    if candidate.share < incumbent.share:
        return _no(f"it agrees with fewer of your clicks ({candidate.share:.0%}, now {incumbent.share:.0%})", numbers)
    if loss > LARGEST_LOSS + chance:
        return _no(f"it has lost {100 * loss:.1f} points of agreement on the base recordings", numbers)
    return AcceptanceResult(
        promote=True,
        reason=f"it agrees with {candidate.share:.0%} of your clicks, before {incumbent.share:.0%}",
        numbers=numbers,
    )


def _no(reason: str, numbers: dict[str, float]) -> AcceptanceResult:
    return AcceptanceResult(promote=False, reason=reason, numbers=numbers)
