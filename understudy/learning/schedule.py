"""Learning rate over a run: a linear warm-up, then half a cosine. A pure function of the step, so it needs no state."""

import math


def learning_rate(
    step: int, num_steps: int, peak: float, warmup_fraction: float, final_fraction: float = 0.01
) -> float:
    """The learning rate of one step.

    Args:
        step: steps taken before this one, 0..num_steps - 1.
        num_steps: steps of the whole run.
        peak: highest learning rate, reached at the end of the warm-up.
        warmup_fraction: part of the run that climbs linearly; at least one step is never at zero.
        final_fraction: part of `peak` where the cosine ends.
    """
    warmup = round(warmup_fraction * num_steps)
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    done = min(1.0, (step - warmup) / max(1, num_steps - 1 - warmup))
    return peak * (final_fraction + (1.0 - final_fraction) * 0.5 * (1.0 + math.cos(math.pi * done)))
