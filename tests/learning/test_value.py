"""The learned value: finds what there is to find, and does not outlive its own ruin."""

import logging

import pytest
import torch
from made_up_play import empty_experience

from understudy.learning.value import ValueLearner, ValueSettings


def learner(**settings: float) -> ValueLearner:
    torch.manual_seed(0)
    return ValueLearner(ValueSettings(**settings), torch.Generator().manual_seed(0))  # type: ignore[arg-type]


def test_it_learns_what_follows_from_what_is_seen() -> None:
    moments = empty_experience(20, 100).moments()
    returns = 4.0 * moments.context[:, 0] + 7.0
    value = learner(steps=150, share=1.0, learning_rate=3e-3)
    assert float(value.expect(moments).abs().max()) == 0.0, "it begins by expecting nothing"
    value.learn(moments, returns)
    assert value.trouble == ""
    left = (returns - value.expect(moments)).var() / returns.var()
    assert float(left) < 0.3


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), 1e9])
def test_a_ruined_one_is_thrown_away_and_begun_afresh(poison: float, caplog: pytest.LogCaptureFixture) -> None:
    moments = empty_experience(10, 40).moments()
    value = learner(learning_rate=1.0 if poison == 1e9 else 1e-3, steps=200 if poison == 1e9 else 3)
    with caplog.at_level(logging.WARNING):
        value.learn(moments, torch.full((len(moments),), poison))
    assert value.trouble and value.num_lost == 1
    assert "begun afresh" in caplog.text
    assert bool(torch.isfinite(value.expect(moments)).all())
    value.learn(moments, torch.ones(len(moments)))
    assert value.trouble == "" and value.num_lost == 1, "what ruined it is forgotten with it"
