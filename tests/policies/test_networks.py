"""Strategist, Tactician and Executor: shapes, order of time, order of slots, and scenes with nothing in them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.policy_scenes import PROFILE, busy_play, quiet_space
from understudy.contract.intent import GOAL_WIDTH, NUM_MODES
from understudy.contract.observation import MAX_TRACKS, Observation
from understudy.policies.click_semantics import MAX_KEYS
from understudy.policies.conditioning import CONDITIONING_WIDTH, NUM_FUTURE, STRATEGY_WIDTH, remap_target_probs
from understudy.policies.context_features import (
    CHOICE_AT,
    CONTEXT_WIDTH,
    FLIGHT_AT,
    NUM_CHOICES,
    NUM_FLIGHTS,
    SWITCH_AT,
)
from understudy.policies.encoder import Encoder
from understudy.policies.executor import TABLE_SCALE, Executor, ExecutorConfig, ExecutorOutput
from understudy.policies.mixture_density import RING_DIRECTIONS
from understudy.policies.object_features import AWAY_AT, NUM_CANDIDATES, PLACE_AT, PORTAL_AT, SELECTED_AT
from understudy.policies.reference_frames import NUM_FRAMES
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactic, Tactician, TacticianConfig

Scene = tuple[Tensor, Tensor, Tensor, Tensor]
"""Context, tracks, kinds, landmarks."""


def encoded(records: np.ndarray) -> Scene:
    found = Encoder(PROFILE).encode_episode(Observation(records))
    arrays = (found.context, found.tracks, found.kinds, found.landmarks)
    context, tracks, kinds, landmarks = (torch.from_numpy(array) for array in arrays)
    return context, tracks, kinds, landmarks


def busy() -> Scene:
    return encoded(busy_play(32, seed=8)[:, 0])


def empty() -> Scene:
    """Nothing in sight and nothing on the minimap."""
    observation = quiet_space(4)
    observation.records["landmarks"]["role"] = 0
    return encoded(observation.records)


def made(kind: Callable[[], torch.nn.Module]) -> torch.nn.Module:
    torch.manual_seed(0)
    return kind().eval()


def ask_tactician(scene: Scene, model: torch.nn.Module | None = None) -> Tactic:
    context, tracks, kinds, _ = scene
    model = model or made(lambda: Tactician(TacticianConfig()))
    said: Tactic = model(context, torch.zeros(len(context), STRATEGY_WIDTH), tracks, kinds)
    return said


def ask_executor(scene: Scene, model: torch.nn.Module | None = None, weights: Tensor | None = None) -> ExecutorOutput:
    context, tracks, kinds, landmarks = scene
    model = model or made(lambda: Executor(ExecutorConfig()))
    weights = torch.zeros(kinds.shape) if weights is None else weights
    said: ExecutorOutput = model(
        context, torch.zeros(len(context), CONDITIONING_WIDTH), tracks, kinds, weights, landmarks
    )
    return said


def test_the_strategist_answers_at_every_second() -> None:
    said = made(lambda: Strategist(StrategistConfig()))(torch.randn(2, 60, CONTEXT_WIDTH))
    assert said.mode_logits.shape == (2, 60, NUM_MODES)
    assert said.goal.shape == (2, 60, GOAL_WIDTH)
    assert said.future.shape == (2, 60, NUM_FUTURE)


def test_the_strategist_does_not_see_later_seconds() -> None:
    model = made(lambda: Strategist(StrategistConfig()))
    seconds = torch.randn(1, 40, CONTEXT_WIDTH)
    changed = seconds.clone()
    changed[:, 25:] += 1.0
    one, other = model(seconds), model(changed)
    for before, after in ((one.mode_logits, other.mode_logits), (one.goal, other.goal), (one.future, other.future)):
        torch.testing.assert_close(before[:, :25], after[:, :25])
        assert (before[:, 25:] - after[:, 25:]).abs().max() > 1e-3


def test_the_strategist_reads_distances_in_time_and_no_positions() -> None:
    """The same seconds say the same in the middle of a session, once what lies before them is out of attention."""
    model = made(lambda: Strategist(StrategistConfig(window_s=12)))
    with torch.no_grad():
        for block in model.blocks:  # type: ignore[union-attr]
            block.distance_bias[:, 3:] = -1e9  # looks back two seconds in each of three blocks
    ten = torch.randn(1, 10, CONTEXT_WIDTH)
    early, late = model(ten).goal, model(torch.cat([torch.randn(1, 30, CONTEXT_WIDTH), ten], dim=1)).goal
    torch.testing.assert_close(early[:, 6:], late[:, 36:], rtol=1e-4, atol=1e-5)


def test_the_tactician_weighs_the_slots_and_none() -> None:
    said = ask_tactician(busy())
    assert said.target_logits.shape == (32, MAX_TRACKS + 1)
    assert said.route.shape == (32, 2)
    kinds = busy()[2]
    assert torch.equal(torch.isinf(said.target_logits[:, :-1]), kinds == 0)


def test_with_nothing_in_sight_every_answer_is_a_number() -> None:
    tactic, output = ask_tactician(empty()), ask_executor(empty())
    targets = torch.softmax(tactic.target_logits, dim=-1)
    assert targets[:, -1].tolist() == [1.0] * 4
    assert torch.isfinite(tactic.route).all()
    pointer = torch.softmax(output.pointer_logits, dim=-1)
    assert (pointer[:, :-2] == 0).all() and torch.isfinite(pointer).all()
    for part in (output.start_logit, output.right_logit, output.key_logits, output.minimap_density):
        assert torch.isfinite(part).all()


def test_with_nothing_in_sight_every_gradient_is_a_number() -> None:
    for model, ask in (
        (
            made(lambda: Tactician(TacticianConfig())),
            lambda net: torch.softmax(ask_tactician(empty(), net).target_logits, -1),
        ),
        (
            made(lambda: Executor(ExecutorConfig())),
            lambda net: torch.softmax(ask_executor(empty(), net).pointer_logits, -1),
        ),
    ):
        (ask(model)[:, -1].log()).sum().backward()
        for parameter in model.parameters():
            assert parameter.grad is None or torch.isfinite(parameter.grad).all()


def test_the_executor_has_an_answer_for_every_head() -> None:
    said, config = ask_executor(busy()), ExecutorConfig()
    assert said.start_logit.shape == said.right_logit.shape == (32,)
    assert said.pointer_logits.shape == (32, NUM_CANDIDATES)
    assert said.minimap_density.shape == (32, config.components + config.rings * RING_DIRECTIONS, 7)
    assert said.space_density.shape == (32, config.components + NUM_FRAMES * config.frame_components, 7)
    assert said.key_logits.shape == (32, MAX_KEYS)


def shuffled(scene: Scene, order: Tensor) -> Scene:
    context, tracks, kinds, landmarks = scene
    return context, tracks[:, order], kinds[:, order], landmarks


def test_shuffled_slots_shuffle_the_answers_and_change_nothing_else() -> None:
    order = torch.randperm(MAX_TRACKS, generator=torch.Generator().manual_seed(1))
    tactician, executor = made(lambda: Tactician(TacticianConfig())), made(lambda: Executor(ExecutorConfig()))
    one, other = ask_tactician(busy(), tactician), ask_tactician(shuffled(busy(), order), tactician)
    torch.testing.assert_close(one.target_logits[:, order], other.target_logits[:, :-1])
    torch.testing.assert_close(one.route, other.route)
    here, there = ask_executor(busy(), executor), ask_executor(shuffled(busy(), order), executor)
    torch.testing.assert_close(here.pointer_logits[:, order], there.pointer_logits[:, :MAX_TRACKS])
    torch.testing.assert_close(here.pointer_logits[:, MAX_TRACKS:], there.pointer_logits[:, MAX_TRACKS:])
    torch.testing.assert_close(here.start_logit, there.start_logit)
    torch.testing.assert_close(here.space_density, there.space_density)


def test_what_an_empty_slot_holds_makes_no_difference() -> None:
    context, tracks, kinds, landmarks = busy()
    noisy = tracks + 5.0 * (kinds == 0)[..., None]
    weights = 3.0 * (kinds == 0)
    model = made(lambda: Executor(ExecutorConfig()))
    one, other = ask_executor(busy(), model), ask_executor((context, noisy, kinds, landmarks), model, weights)
    torch.testing.assert_close(one.pointer_logits, other.pointer_logits)
    torch.testing.assert_close(one.start_logit, other.start_logit)


def test_the_tacticians_word_reaches_the_pointer() -> None:
    scene = busy()
    weights = torch.zeros(scene[2].shape)
    weights[:, 0] = 1.0
    model = made(lambda: Executor(ExecutorConfig()))
    told, alone = ask_executor(scene, model, weights), ask_executor(scene, model)
    seen = scene[2][:, 0] > 0
    assert (told.pointer_logits - alone.pointer_logits)[seen, 0].abs().mean() > 1e-4


def test_target_weights_follow_their_objects_and_newcomers_have_none() -> None:
    then, now = np.zeros(MAX_TRACKS, np.int32), np.zeros(MAX_TRACKS, np.int32)
    weights, out = np.zeros(MAX_TRACKS, np.float32), np.ones(MAX_TRACKS, np.float32)
    then[:3], weights[:3] = (7, 8, 9), (0.5, 0.25, 0.125)
    weights[5] = 1.0  # of an empty slot: nobody's
    now[:3] = (9, 4, 7)
    remap_target_probs(then, weights, now, out)
    assert out.tolist() == [0.125, 0.0, 0.5] + [0.0] * (MAX_TRACKS - 3)


def test_the_tables_of_keys_speak_for_their_own_target_and_ammunition_alone_and_add_up() -> None:
    context, tracks, kinds, landmarks = busy()
    context[:16, CHOICE_AT : CHOICE_AT + NUM_CHOICES] = torch.eye(NUM_CHOICES)[3]
    scene = (context, tracks, kinds, landmarks)
    model = made(lambda: Executor(ExecutorConfig()))
    before = ask_executor(scene, model).key_logits
    target = (kinds * (tracks[..., SELECTED_AT] > 0.5)).amax(1) * 2 + (context[:, SWITCH_AT] > 0.5)
    loaded = context[:, CHOICE_AT : CHOICE_AT + NUM_CHOICES].argmax(1)
    with torch.no_grad():
        model.keys_by_target.weight[target[0], 3] += 2.0 / TABLE_SCALE
        model.keys_by_ammo.weight[loaded[0], 3] += 1.0 / TABLE_SCALE
    change = (ask_executor(scene, model).key_logits - before).detach()
    same_target, same_ammo = (target == target[0]).float(), (loaded == loaded[0]).float()
    assert 0 < same_target.sum() < len(target) and 0 < same_ammo.sum() < len(loaded)
    torch.testing.assert_close(change[:, 3], 2.0 * same_target + same_ammo)
    assert float(change[:, [0, 1, 2, 4, 5, 6, 7]].abs().max()) == 0.0


def test_the_table_of_keys_knows_how_far_the_portal_is_and_where_the_ship_was_sent() -> None:
    model = made(lambda: Executor(ExecutorConfig()))
    context, tracks, kinds, _ = empty()
    tracks[0, 0, PORTAL_AT], kinds[0, 0] = 1.0, 1
    context[0, FLIGHT_AT : FLIGHT_AT + NUM_FLIGHTS] = torch.eye(NUM_FLIGHTS)[5]
    with torch.no_grad():
        model.keys_by_place.weight[5] = 4.0 / TABLE_SCALE  # the nearest step, sent to a portal
    told = []
    for away in (0.05, 0.5):
        tracks[0, 0, AWAY_AT] = away
        told.append(model._key_table_logits(context, tracks, kinds)[0, 0].item())
    assert told == pytest.approx([4.0, 0.0])


def test_the_pointer_knows_each_landmark_by_its_place() -> None:
    model, scene = made(lambda: Executor(ExecutorConfig())), empty()
    places = busy()[3]
    scene = (*scene[:3], places[: len(scene[0])])
    before = ask_executor(scene, model).pointer_logits.detach()
    number = int(places[0, 1, PLACE_AT])
    with torch.no_grad():
        model.landmark_place.weight[number] = 3.0 / TABLE_SCALE
    after = ask_executor(scene, model).pointer_logits.detach()
    change = torch.where(torch.isinf(before), 0.0, after - before)
    there = torch.where(torch.isinf(before[:, MAX_TRACKS:-2]), 0.0, (scene[3][..., PLACE_AT] == number).float())
    torch.testing.assert_close(change[:, MAX_TRACKS:-2], 3.0 * there)
    assert float(there.sum()) > 0
    assert float(change[:, :MAX_TRACKS].abs().max()) == float(change[:, -2:].abs().max()) == 0.0


@pytest.mark.parametrize("scenes", [(busy,), (empty,), (busy, empty)], ids=["busy", "empty", "both"])
def test_in_training_the_executor_computes_only_what_is_there_and_says_the_same(
    scenes: tuple[Callable[[], Scene], ...],
) -> None:
    context, tracks, kinds, landmarks = map(torch.cat, zip(*(scene() for scene in scenes), strict=True))
    scene = (context, tracks, kinds, landmarks)
    torch.manual_seed(0)
    model = Executor(ExecutorConfig(dropout=0.0))
    gradients = []
    for mode in (model.eval(), model.train()):
        model.zero_grad()
        said = ask_executor(scene, mode, torch.rand(kinds.shape, generator=torch.Generator().manual_seed(0)))
        present = said.pointer_logits > float("-inf")
        (said.pointer_logits[present].square().sum() + said.start_logit.sum() + said.key_logits.sum()).backward()
        gradients.append((said, {name: each.grad for name, each in model.named_parameters() if each.grad is not None}))
    (dense, dense_gradients), (packed, packed_gradients) = gradients
    for name in ("start_logit", "pointer_logits", "right_logit", "minimap_density", "space_density", "key_logits"):
        torch.testing.assert_close(getattr(packed, name), getattr(dense, name), rtol=1e-4, atol=1e-5)
    assert packed_gradients.keys() == dense_gradients.keys()
    for name, gradient in packed_gradients.items():
        torch.testing.assert_close(gradient, dense_gradients[name], rtol=1e-3, atol=1e-3, msg=name)
