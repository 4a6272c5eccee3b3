"""Acceptance test of shadow learning: better agreement with the person on held-out play, no forgetting of base play."""

from dataclasses import dataclass

import numpy as np

from understudy.learning.shadow.agreement import Agreement, log_prob_gain

MAX_AGREEMENT_LOSS = 0.01
"""Agreement on base play that a candidate may lose, a share of clicks; a standard error is added, because in a hundred
clicks two differ by chance."""
MIN_CLICKS = 20
"""Held-out clicks below which no candidate is accepted."""


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
    """Compares a candidate with the incumbent.

    Args:
        candidate, incumbent: on the newest held-out minutes.
        base_candidate, base_first: the candidate, and the weights from before all shadow sessions, on held-out base
            recordings; None where there are none.
    """
    mean, lower_bound = log_prob_gain(candidate, incumbent)
    numbers = {
        "agreement": candidate.share,
        "agreement_before": incumbent.share,
        "likelihood_gain": mean,
        "likelihood_gain_sure": lower_bound,
    }
    loss = standard_error = 0.0
    if base_candidate is not None and base_first is not None and len(base_first.same):
        change = base_candidate.same.astype(np.float64) - base_first.same
        loss, standard_error = -float(change.mean()), float(change.std()) / len(change) ** 0.5
        numbers |= {"base_agreement": base_candidate.share, "base_agreement_before": base_first.share}
    if len(candidate.same) < MIN_CLICKS:
        return _rejected(f"only {len(candidate.same)} clicks were held out, {MIN_CLICKS} are needed", numbers)
    if not lower_bound > 0:
        return _rejected("it is not surely closer to your newest play", numbers)
    if candidate.share < incumbent.share:
        return _rejected(
            f"it agrees with fewer of your clicks ({candidate.share:.0%}, now {incumbent.share:.0%})", numbers
        )
    if loss > MAX_AGREEMENT_LOSS + standard_error:
        return _rejected(f"it has lost {100 * loss:.1f} points of agreement on the base recordings", numbers)
    return AcceptanceResult(
        promote=True,
        reason=f"it agrees with {candidate.share:.0%} of your clicks, before {incumbent.share:.0%}",
        numbers=numbers,
    )


def _rejected(reason: str, numbers: dict[str, float]) -> AcceptanceResult:
    return AcceptanceResult(promote=False, reason=reason, numbers=numbers)
