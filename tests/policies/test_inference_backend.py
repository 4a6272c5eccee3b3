"""ONNX Runtime computes what torch computes, from the same weights; only in the last bits it may differ."""

import numpy as np
import pytest
import torch

from tests.support.small_policies import write_brain
from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.contract.protocols import Decision
from understudy.policies.conditioning import CONDITIONING_WIDTH, STRATEGY_WIDTH
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.inference_backend import OnnxBackend, TorchBackend, fastest_backend, make_backend
from understudy.policies.object_features import LANDMARK_WIDTH, NUM_LANDMARK_PLACES, PLACE_AT, THERE_AT, TRACK_WIDTH
from understudy.policies.policy_bundle import PolicyBundle, load_policies
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

CLOSE = 1e-5
"""Of logits of the size of one."""
SEED = np.array([5], np.uint64)
TICKS = 300


@pytest.fixture(scope="module", params=[0, 3], ids=["plain", "press_times"])
def policies(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> PolicyBundle:
    return load_policies(write_brain(tmp_path_factory.mktemp("models"), seed=31, press_times=request.param))


def told(generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    """What an Executor is told in one tick: some objects and landmarks are there, others are not."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    kinds = torch.randint(0, 4, (1, MAX_TRACKS), generator=generator)
    landmarks = normal(1, MAX_LANDMARKS, LANDMARK_WIDTH)
    landmarks[..., THERE_AT] = (landmarks[..., THERE_AT] > 0).float()
    landmarks[..., PLACE_AT] = torch.randint(NUM_LANDMARK_PLACES, (1, MAX_LANDMARKS), generator=generator)
    weights = torch.rand(1, MAX_TRACKS, generator=generator)
    return (
        normal(1, CONTEXT_WIDTH),
        normal(1, CONDITIONING_WIDTH),
        normal(1, MAX_TRACKS, TRACK_WIDTH),
        kinds,
        weights,
        landmarks,
    )


def expect_close(one: object, other: object) -> None:
    """Every tensor of two answers, minus infinities in the same places."""
    for name, value in vars(one).items():
        torch.testing.assert_close(getattr(other, name), value, atol=CLOSE, rtol=CLOSE)


def test_every_network_answers_the_same_but_for_the_last_bits(policies: PolicyBundle) -> None:
    by_torch, by_onnx = TorchBackend(policies), OnnxBackend(policies)
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        for _ in range(20):
            context, advice, tracks, kinds, weights, landmarks = told(generator)
            strategy = torch.randn(1, STRATEGY_WIDTH, generator=generator)
            scene = (context, advice, tracks, kinds, weights, landmarks)
            expect_close(by_torch.executor(*scene), by_onnx.executor(*scene))
            expect_close(
                by_torch.tactician(context, strategy, tracks, kinds),
                by_onnx.tactician(context, strategy, tracks, kinds),
            )


@pytest.mark.parametrize("seconds", [1, 7, 60])
def test_the_strategist_is_asked_about_any_number_of_seconds(policies: PolicyBundle, seconds: int) -> None:
    by_torch, by_onnx = TorchBackend(policies), OnnxBackend(policies)
    generator = torch.Generator().manual_seed(seconds)
    with torch.inference_mode():
        by_onnx.strategist(torch.randn(1, 60, CONTEXT_WIDTH, generator=generator))  # what was asked before is forgotten
        summaries = torch.randn(1, seconds, CONTEXT_WIDTH, generator=generator)
        expect_close(by_torch.strategist(summaries), by_onnx.strategist(summaries))


def decisions(policies: PolicyBundle, library: str) -> list[Decision]:
    """What a Hierarchy decides while it watches a teacher play."""
    profile = load_profile()
    hierarchy = HierarchicalPolicy(policies, profile, make_backend(policies, library))
    world, teacher = Simulator(SEED), Teacher("hunter", profile)
    playing, carry, decided = teacher.start(SEED), hierarchy.start(SEED), []
    for _ in range(TICKS):
        observation = world.observe()
        decided.append(hierarchy.decide(observation, carry))
        step = teacher.decide(observation, playing)
        playing = step.carry
        world.act(step.action)
    return decided


def test_both_decide_alike_and_each_of_them_to_the_bit(policies: PolicyBundle) -> None:
    by_torch, by_onnx = decisions(policies, "torch"), decisions(policies, "onnxruntime")
    actions = [np.concatenate([each.action.records for each in said]) for said in (by_torch, by_onnx)]
    assert actions[0]["button"].any(), "a stretch without a click would prove little"
    for name in ("button", "keys"):
        np.testing.assert_array_equal(actions[0][name], actions[1][name])
    for name in ("cursor_x", "cursor_y"):
        np.testing.assert_allclose(actions[0][name], actions[1][name], atol=1e-5)
    again = decisions(policies, "onnxruntime")
    for one, two in zip(by_onnx, again, strict=True):
        assert one.action.records.tobytes() == two.action.records.tobytes()
        assert one.intent.records.tobytes() == two.intent.records.tobytes()


def test_a_brain_without_slower_levels_can_be_asked_too(policies: PolicyBundle) -> None:
    alone = OnnxBackend(PolicyBundle(policies.executor, policies.hand))
    assert alone.strategist is None and alone.tactician is None
    generator = torch.Generator().manual_seed(3)
    with torch.inference_mode():
        assert alone.executor(*told(generator)).key_logits.shape[0] == 1


def test_the_libraries_name_themselves_with_their_versions(policies: PolicyBundle) -> None:
    assert fastest_backend() == "onnxruntime", "it is among the dependencies"
    assert OnnxBackend(policies).library.startswith("onnxruntime 1.")
    assert TorchBackend(policies).library == f"torch {torch.__version__.split('+')[0]}"
