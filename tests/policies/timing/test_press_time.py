"""Press times: shares of whole ticks that add up, gradients that stay numbers, draws as often as predicted."""

import numpy as np
import torch

from tests.policies.test_sampling import Worlds
from tests.support.constant_hand import curved_hand
from tests.support.synthetic_experience import empty_experience
from understudy.learning.data.executor_batch import forward_policy
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.object_features import NUM_CANDIDATES, SPACE
from understudy.policies.timing.press_time import LOG_SCALES, press_time_log_prob, press_times_to_array

MIXTURE = torch.tensor([[0.0, 4.0, np.log(0.3)], [1.0, 12.0, np.log(2.0)], [-1.0, -3.0, 1.0]], dtype=torch.float32)


def test_the_probabilities_of_all_whole_ticks_add_up_to_one() -> None:
    ticks = torch.arange(400)
    log_probs = press_time_log_prob(MIXTURE.expand(len(ticks), -1, -1), ticks)
    torch.testing.assert_close(log_probs.exp().sum(), torch.tensor(1.0))
    weights = torch.softmax(MIXTURE[:, 0], dim=0)
    beside = torch.tensor([3.5, 4.5])
    of_first = torch.diff(torch.sigmoid((beside - 4.0) / 0.3))
    assert weights[0] * of_first[0] < log_probs[4].exp() < weights[0] * of_first[0] + 0.02
    assert log_probs[0].exp() > 0.75 * weights[2], "what would be before the onset is at the onset"


def test_gradients_stay_numbers_however_wrong_a_prediction_is() -> None:
    for scale in (-50.0, *LOG_SCALES, 50.0):
        for mean in (-1e4, 0.0, 7.0, 1e4):
            raw = torch.tensor([[[0.0, mean, scale], [500.0, mean, scale]]], requires_grad=True)
            for ticks in (0, 7, 50):
                bounded = torch.cat([raw[..., :2], raw[..., 2:].clamp(*LOG_SCALES)], dim=-1)
                loss = -press_time_log_prob(bounded, torch.tensor([ticks])).sum()
                (gradient,) = torch.autograd.grad(loss, raw)
                assert torch.isfinite(loss) and torch.isfinite(gradient).all(), (scale, mean, ticks)


def test_presses_come_as_often_after_so_many_ticks_as_predicted() -> None:
    size = 4000
    worlds = Worlds(list(range(size)))
    worlds.hand = curved_hand([(0.0, 0.0), (0.5, 0.0), (1.0, 0.0)])
    worlds.density[..., 1:3] = 0.6  # away from the cursor, so that each gesture has a motion
    timing = np.zeros((size, NUM_CANDIDATES, 3, 3), np.float32)
    timing[:, SPACE] = press_times_to_array(MIXTURE[None, None])[0, 0].numpy()
    worlds.act(start=1.0, press_times=timing)
    planned = worlds.states["duration"] + worlds.states["dwell"]
    expected = press_time_log_prob(MIXTURE.expand(40, -1, -1), torch.arange(40)).exp().numpy()
    expected[1] += expected[0]  # a motion takes time
    for tick in range(1, 40):
        assert abs((planned == tick).mean() - expected[tick]) < 0.03, tick


def test_the_head_leaves_every_other_output_as_it_is() -> None:
    batch = empty_experience(3, 2).flatten()
    outputs = []
    for components in (0, 4):
        torch.manual_seed(0)
        executor = Executor(ExecutorConfig(width=16, components=2, press_times=components)).eval()
        with torch.no_grad():
            outputs.append(forward_policy(executor, batch))
    without, with_head = outputs
    assert without.press_times is None
    assert with_head.press_times is not None and with_head.press_times.shape == (6, NUM_CANDIDATES, 4, 3)
    for name, value in vars(without).items():
        if value is not None:
            assert torch.equal(value, getattr(with_head, name)), name
    found = [ExecutorDistribution(each).log_prob(batch) for each in outputs]
    assert torch.equal(*found), "PPO does not count press times"


def test_what_is_not_known_to_be_pressed_teaches_nothing() -> None:
    torch.manual_seed(0)
    executor = Executor(ExecutorConfig(width=16, components=2, press_times=2))
    batch = empty_experience(3, 2).flatten()
    log_prob = ExecutorDistribution(forward_policy(executor, batch)).press_time_log_prob(batch)
    assert log_prob.tolist() == [0.0] * 6
