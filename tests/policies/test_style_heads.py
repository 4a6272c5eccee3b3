"""Two manners in one Executor: what is shared, what is held twice, and the exchange of the two."""

import torch
from torch import Tensor

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.policies.conditioning import ADVICE_WIDTH
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.executor import Executor, ExecutorConfig, is_own
from understudy.policies.object_features import LANDMARK_WIDTH, TRACK_WIDTH
from understudy.policies.style_heads import earlier_of, exchanged, with_earlier


def asked() -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    tracks = torch.randn(3, MAX_TRACKS, TRACK_WIDTH, generator=generator)
    kinds = torch.randint(0, 3, (3, MAX_TRACKS), generator=generator)
    landmarks = torch.zeros(3, MAX_LANDMARKS, LANDMARK_WIDTH)
    context = torch.randn(3, CONTEXT_WIDTH, generator=generator)
    return context, torch.zeros(3, ADVICE_WIDTH), tracks, kinds, torch.zeros(3, MAX_TRACKS), landmarks


def moved() -> Executor:
    """An Executor whose newer manner has gone elsewhere than its earlier one."""
    torch.manual_seed(0)
    both = with_earlier(Executor(ExecutorConfig()).eval())
    with torch.no_grad():
        for name, value in both.named_parameters():
            if is_own(name):
                value += 0.1
    return both


def test_both_manners_begin_as_the_same() -> None:
    torch.manual_seed(0)
    one = Executor(ExecutorConfig()).eval()
    both = with_earlier(one)
    assert not both.training and both.config.earlier
    for manner in (both, earlier_of(both)):
        assert torch.equal(manner(*asked()).key_logits, one(*asked()).key_logits)
    assert earlier_of(one) is one


def test_only_what_sees_objects_is_shared() -> None:
    both = moved()
    shared = {name.split(".")[0] for name, _ in both.named_parameters() if not is_own(name)} - {"earlier"}
    assert shared == {"kind", "object", "landmark", "landmark_place", "candidate_context", "candidate_mlp"}
    now, before = both(*asked()), earlier_of(both)(*asked())
    assert not torch.allclose(now.start_logit, before.start_logit)


def test_the_earlier_manner_learns_its_own_numbers_and_the_shared_ones() -> None:
    both = moved()
    earlier_of(both)(*asked()).key_logits.sum().backward()
    touched = {name for name, value in both.named_parameters() if value.grad is not None and value.grad.abs().sum() > 0}
    assert "earlier.keys__weight" in touched and "object.weight" in touched
    assert not {name for name in touched if is_own(name)}


def test_exchanged_it_plays_the_earlier_manner_and_learns_on_in_the_newer_one() -> None:
    both = moved()
    other = exchanged(both)
    assert torch.equal(other(*asked()).key_logits, earlier_of(both)(*asked()).key_logits)
    assert earlier_of(other) is other
    for back in (exchanged(other), with_earlier(other)):
        assert back.config == both.config
        assert torch.equal(back(*asked()).key_logits, both(*asked()).key_logits)
