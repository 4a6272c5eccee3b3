"""Two manners in one Executor: what is shared, what is held twice, and the exchange of the two."""

import torch
from torch import Tensor

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.policies.conditioning import CONDITIONING_WIDTH
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.executor import Executor, ExecutorConfig, is_style_specific
from understudy.policies.object_features import LANDMARK_WIDTH, TRACK_WIDTH
from understudy.policies.style_heads import base_style, swap_styles, with_base_style


def asked() -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    tracks = torch.randn(3, MAX_TRACKS, TRACK_WIDTH, generator=generator)
    kinds = torch.randint(0, 3, (3, MAX_TRACKS), generator=generator)
    landmarks = torch.zeros(3, MAX_LANDMARKS, LANDMARK_WIDTH)
    context = torch.randn(3, CONTEXT_WIDTH, generator=generator)
    return context, torch.zeros(3, CONDITIONING_WIDTH), tracks, kinds, torch.zeros(3, MAX_TRACKS), landmarks


def moved() -> Executor:
    """An Executor whose newer manner has gone elsewhere than its earlier one."""
    torch.manual_seed(0)
    both = with_base_style(Executor(ExecutorConfig()).eval())
    with torch.no_grad():
        for name, value in both.named_parameters():
            if is_style_specific(name):
                value += 0.1
    return both


def test_both_manners_begin_as_the_same() -> None:
    torch.manual_seed(0)
    one = Executor(ExecutorConfig()).eval()
    both = with_base_style(one)
    assert not both.training and both.config.earlier
    for manner in (both, base_style(both)):
        assert torch.equal(manner(*asked()).key_logits, one(*asked()).key_logits)
    assert base_style(one) is one


def test_both_manners_are_sampled_by_one_rule() -> None:
    both = with_base_style(Executor(ExecutorConfig(pointer_places="together")))
    assert both.config.pointer_places == swap_styles(both).config.pointer_places == "together"


def test_only_what_sees_objects_is_shared() -> None:
    both = moved()
    shared = {name.split(".")[0] for name, _ in both.named_parameters() if not is_style_specific(name)} - {"earlier"}
    assert shared == {"kind", "object", "landmark", "landmark_place", "candidate_context", "candidate_mlp"}
    now, before = both(*asked()), base_style(both)(*asked())
    assert not torch.allclose(now.start_logit, before.start_logit)


def test_the_earlier_manner_learns_its_own_numbers_and_the_shared_ones() -> None:
    both = moved()
    base_style(both)(*asked()).key_logits.sum().backward()
    touched = {name for name, value in both.named_parameters() if value.grad is not None and value.grad.abs().sum() > 0}
    assert "earlier.keys__weight" in touched and "object.weight" in touched
    assert not {name for name in touched if is_style_specific(name)}


def test_exchanged_it_plays_the_earlier_manner_and_learns_on_in_the_newer_one() -> None:
    both = moved()
    other = swap_styles(both)
    assert torch.equal(other(*asked()).key_logits, base_style(both)(*asked()).key_logits)
    assert base_style(other) is other
    for back in (swap_styles(other), with_base_style(other)):
        assert back.config == both.config
        assert torch.equal(back(*asked()).key_logits, both(*asked()).key_logits)
