"""Learning rate, gradient guard, moving average, outcomes of play and what they are worth, from fixtures and seeds."""

from typing import Any

import numpy as np
import torch

from tests.golden.digests import digest
from tests.golden.inputs import PROFILE, episode
from understudy.contract.errors import TrainingError
from understudy.contract.observation import Observation
from understudy.learning.rl.reward import RewardWeights, reward_terms
from understudy.learning.training.optim import ExponentialMovingAverage, GradientGuard, warmup_cosine_lr
from understudy.perception.outcomes.outcome_detector import VISION_CONFIG, OutcomeDetector

Values = dict[str, Any]


def training_parts() -> Values:
    """Learning rate, gradient guard, moving average, outcomes and what they are worth."""
    shapes = ((40, 0.05, 0.01), (7, 0.5, 0.1), (1, 0.0, 0.01))
    detectors = {"exact": OutcomeDetector(PROFILE, None), "from_vision": OutcomeDetector(PROFILE, VISION_CONFIG)}
    outcomes = {name: each.process_episode(Observation(episode().observations)) for name, each in detectors.items()}
    return {
        "learning_rate": [[warmup_cosine_lr(step, n, 3e-4, w, f) for step in range(n)] for n, w, f in shapes],
        "guard": _guard(),
        "moving_average": _moving_average(),
        "outcomes": {
            name: {field: float(of[field].astype(np.float64).sum()) for field in of.dtype.names}
            | {"records": digest(of)}
            for name, of in outcomes.items()
        },
        "reward_terms": digest(reward_terms(outcomes["exact"], RewardWeights())),
        "rewards": digest(reward_terms(outcomes["exact"], RewardWeights(death=-14.0, hit=0.1)).sum(axis=-1)),
    }


def _guard() -> Values:
    guard = GradientGuard(max_ok_norm=1.0)
    nan, inf = float("nan"), float("inf")
    sequence = [(1.0, float(x)) for x in np.random.default_rng(1).uniform(0.5, 2.0, 60)]
    sequence += [(1.0, 40.0), (nan, 1.0), (1.0, inf), (1.0, 1.0), *[(1.0, 30.0)] * 6, *[(inf, 1.0)] * 9, (2.0, 1.0)]
    accepted = [guard.should_step(loss, norm) for loss, norm in sequence]
    again, raised = GradientGuard(1.0), ""
    again.load_state_dict(guard.state_dict())
    try:
        for _ in range(20):
            again.should_step(nan, 1.0)
    except TrainingError as problem:
        raised = str(problem)
    return {"sequence": sequence, "accepted": accepted, "state": guard.state_dict(), "raised": raised}


def _moving_average() -> list[list[float]]:
    model = torch.nn.Linear(3, 2)
    with torch.no_grad():
        model.weight.copy_(torch.arange(6.0).reshape(2, 3))
        model.bias.zero_()
    average, path = ExponentialMovingAverage(model, 0.95), []
    for step in range(1, 31):
        with torch.no_grad():
            model.weight += 0.5 / step
            model.bias -= 0.25
        average.update(step)
        path.append([float(p.double().sum()) for p in (average.model.weight, average.model.bias)])
    return path
