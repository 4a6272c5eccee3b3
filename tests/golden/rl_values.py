"""Log-probabilities, PPO, the value function, online and shadow learning, from fixtures and seeds."""

import dataclasses
from typing import Any

import numpy as np
import torch

from tests.golden.batches import digest_labelled, digest_rollout
from tests.golden.digests import FIXTURES, digest, digest_gradients, digest_weights, to_json, total
from tests.golden.inputs import (
    MODELS_WITH_HISTORY,
    PROFILE,
    SAMPLING,
    batch_of,
    episode,
    executor,
    labelled,
    policies,
    rollout,
    two_styles,
    with_dropout,
)
from understudy.contract.observation import Observation
from understudy.learning.data.executor_batch import forward_policy
from understudy.learning.data.replay_buffer import ReplayBuffer
from understudy.learning.online.learner import OnlineLearner
from understudy.learning.online.messages import OnlineSettings
from understudy.learning.rl.gae import compute_gae, discount_per_tick, discounted_returns
from understudy.learning.rl.ppo import PPO, PPOConfig, subsample_idle_ticks
from understudy.learning.rl.ppo_trainer import PPOTrainer, PPOTrainerConfig
from understudy.learning.rl.value_function import ValueConfig, ValueTrainer
from understudy.learning.shadow.learner import RehearsalData, ShadowLearner
from understudy.learning.shadow.messages import ShadowSettings
from understudy.policies.checkpoint import BEST, load_checkpoint
from understudy.policies.executor import Executor, ExecutorOutput
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.policy_bundle import SamplingConfig, build_executor
from understudy.policies.sampling import ExecutorStep
from understudy.policies.style_heads import base_style
from understudy.runtime.hierarchical_policy import HierarchicalPolicy

Values = dict[str, Any]
Arrays = dict[str, np.ndarray]


def log_probs(arrays: Arrays) -> Values:
    """Log-probability of what was done, divergence from the reference policy, and gradients of their means."""
    batch = rollout().flatten()
    model, reference = two_styles().eval(), executor().eval()
    with torch.no_grad():
        of_reference = forward_policy(reference, batch)
    functions = {
        "log_prob": lambda output, _: ExecutorDistribution(output, SAMPLING).log_prob(batch),
        "kl_divergence": lambda output, other: ExecutorDistribution(output, SAMPLING).kl(
            ExecutorDistribution(other, SAMPLING), batch
        ),
    }
    found: Values = {"batch": digest_rollout(batch)}
    for name, function in functions.items():
        model.zero_grad(set_to_none=True)
        output = forward_policy(model, batch)
        value = function(output, of_reference)
        value.mean().backward()
        arrays[f"log_probs.{name}"] = value.detach().numpy()
        exact = function(_doubled(output), _doubled(of_reference)).detach()
        found[name] = {"value": digest(value), "gradients": digest_gradients(model), "float64_sum": exact.sum()}
    arrays["log_probs.reference"] = ExecutorDistribution(of_reference, SAMPLING).log_prob(batch).numpy()
    untempered = SamplingConfig(pointer_temperature=1.0, minimap_temperature=1.0, space_temperature=1.0)
    chosen, weights = subsample_idle_ticks(batch, 0.3, torch.Generator().manual_seed(2))
    return found | {
        "log_prob_of_reference": digest(arrays["log_probs.reference"]),
        "target_log_probs": digest(ExecutorDistribution(of_reference, SAMPLING).target_log_probs),
        "untempered": digest(ExecutorDistribution(of_reference, untempered).log_prob(batch)),
        "subsample_idle_ticks": {"chosen": digest(chosen), "weights": digest(weights)},
    }


def _doubled(output: ExecutorOutput) -> ExecutorOutput:
    return ExecutorOutput(*(value.double() for value in vars(output).values() if value is not None))


def ppo() -> Values:
    """One step on a fixed batch, then an update."""
    return {"two_styles": _ppo(two_styles()), "plain": _ppo(executor())}


def _ppo(model: Executor) -> Values:
    batch = rollout().flatten()
    config = PPOConfig(learning_rate=1e-3, batch_size=64, n_epochs=2, target_kl=1e9, ema_decay=0.9)
    policy = PPO(model, executor(), SAMPLING, config)
    advantages = torch.from_numpy(np.random.default_rng(9).normal(size=len(batch)).astype(np.float32))
    ticks = torch.arange(0, len(batch), 2)
    part = batch.index(ticks)
    with torch.no_grad():
        old_log_prob = ExecutorDistribution(forward_policy(executor().eval(), part), SAMPLING).log_prob(part)
        reference = forward_policy(policy.reference_policy, part)
    step = policy.train_step(part, advantages[ticks], torch.ones(len(ticks)), old_log_prob, reference)
    # after one step of Adam its first moment is a tenth of the clipped gradient
    moments = {name: policy.optimizer.state.get(p) for name, p in policy.model.named_parameters()}
    first = {
        name: None if not of else {"norm": of["exp_avg"].double().norm(), "sum": of["exp_avg"].double().sum()}
        for name, of in moments.items()
    }
    stats = policy.train(batch, advantages, torch.Generator().manual_seed(4))
    return {
        "step": step,
        "tenth_of_clipped_gradients": first,
        "stats": stats,
        "num_steps": policy.num_steps,
        "model": digest_weights(policy.model.state_dict()),
        "total": total(policy.model.state_dict()),
        "average": total(policy.ema_state_dict),
        "guard": policy.state_dict()["guard"],
    }


def value_function(arrays: Arrays) -> Values:
    """Goes on from a practice.pt of before: predictions, losses, weights; advantages and returns."""
    saved = (load_checkpoint(FIXTURES / "practice.pt").training or {})["practice"]["value"]
    rollouts = [rollout(0), rollout(200)]
    found: Values = {}
    for dropout in (0.0, 0.3):
        torch.manual_seed(3)
        config = ValueConfig(discount_horizons_s=(5.0,), steps=4, batch_size=64, sample_fraction=0.5, dropout=dropout)
        value = ValueTrainer(config, torch.Generator().manual_seed(4))
        value.load_state_dict(saved)
        batch = rollouts[0].flatten()
        before, losses = value.predict(batch), [value.learn(each) for each in rollouts]
        arrays[f"value.before.{dropout}"] = before.numpy()
        arrays[f"value.after.{dropout}"] = value.predict(batch).numpy()
        found[f"dropout {dropout}"] = {
            "before": digest(before),
            "losses": losses,
            "after": digest(arrays[f"value.after.{dropout}"]),
            "net": digest_weights(value.net.state_dict()),
            "total": total(value.net.state_dict()),
            "num_resets": value.num_resets,
        }
    value = ValueTrainer(ValueConfig(discount_horizons_s=(5.0,), dropout=0.0), torch.Generator())
    value.load_state_dict(saved)
    value.net.eval()
    output = value.net(rollouts[0].flatten())
    loss = torch.nn.functional.mse_loss(output, torch.from_numpy(rollouts[0].rewards.reshape(-1, 3))[..., None])
    loss.backward()
    found["mse"] = {"loss": loss.detach(), "output": digest(output), "gradients": digest_gradients(value.net)}
    return found | _returns(rollouts[1].rewards, arrays)


def _returns(rewards: np.ndarray, arrays: Arrays) -> Values:
    near, far = discount_per_tick(5.0, 20), discount_per_tick(20.0, 20)
    values = np.random.default_rng(6).normal(size=rewards.shape[:2]).astype(np.float32)
    last = np.random.default_rng(7).normal(size=(4, 3, 2)).astype(np.float32)
    arrays["value.advantages"] = compute_gae(rewards.sum(-1), values, far, near)
    arrays["value.returns"] = discounted_returns(rewards, last, np.array([near, far], np.float32))
    return {name: digest(arrays[f"value.{name}"]) for name in ("advantages", "returns")}


def ppo_trainer() -> Values:
    """Goes on from a practice.pt of before, with one stretch twelve times; the policy is moved from the second on."""
    training = load_checkpoint(FIXTURES / "practice.pt").training or {}
    config = PPOTrainerConfig(
        policy=PPOConfig(learning_rate=1e-3),
        value=ValueConfig(discount_horizons_s=(5.0,), steps=60, batch_size=64, sample_fraction=1.0, dropout=0.0),
        value_warmup_rollouts=0,
    )
    models = [build_executor(load_checkpoint(MODELS_WITH_HISTORY / "executor" / BEST)) for _ in range(2)]
    trainer = PPOTrainer(models[0], models[1], SAMPLING, config)
    trainer.load_state_dict(training["practice"])
    torch.manual_seed(8)
    buffer = rollout()
    buffer.is_new_episode[:] = True
    learned = [trainer.learn(buffer) for _ in range(12)]
    return {
        "learned": learned,
        "policy": total(trainer.policy.model.state_dict()),
        "average": total(trainer.policy.ema_state_dict),
        "value": total(trainer.value.net.state_dict()),
        "num_steps": trainer.policy.num_steps,
        "num_rollouts": trainer.num_rollouts,
    }


def online_learning(arrays: Arrays) -> Values:
    """A minute of play taken in, two updates. The value counts as warm: its counter is set past the limit."""
    torch.manual_seed(0)
    settings = OnlineSettings(learning_rate=1e-3, batch_size=32, steps_per_update=3)
    learner = OnlineLearner(executor(), executor(), SAMPLING, PROFILE, settings)
    hierarchy = HierarchicalPolicy(policies(), PROFILE)
    carry = hierarchy.start(np.array([5], np.uint64))
    learner._num_warmup_segments = 100
    segments = []
    for tick in range(1200):
        seen = episode().observations[tick : tick + 1]
        decision = hierarchy.decide(Observation(seen), carry)
        carry = decision.carry
        assert isinstance(decision.rollout_step, ExecutorStep)
        segments += learner.add_block(seen, decision.rollout_step, tick > 0)
    learner.explained_variance = 0.5
    updates = [dataclasses.replace(learner.update(10.0 * number), seconds=0.0) for number in range(2)]
    arrays["online.advantages"] = learner._advantages.numpy()
    return {
        "segments": segments,
        "updates": updates,
        "buffer": len(learner),
        "advantages": digest(learner._advantages),
        "old_log_prob": digest(learner._old_log_prob),
        "policy": total(learner.policy.model.state_dict()),
        "average": total(learner.policy.ema_state_dict),
        "value": total(learner.value.net.state_dict()),
    }


def shadow_learning() -> Values:
    """Three updates of learning from a person's play, with and without dropout and rehearsal."""
    return {
        "no dropout": _shadow(0.0, rehearses=True),
        "dropout": _shadow(None, rehearses=True),
        "no rehearsal": _shadow(0.0, rehearses=False),
    }


def _shadow(dropout: float | None, rehearses: bool) -> Values:
    torch.manual_seed(0)
    held_out = batch_of(labelled()[1])
    pool = ReplayBuffer(None, torch.Generator().manual_seed(1))
    pool.add(held_out)
    settings = ShadowSettings(learning_rate=3e-3, ema_decay=0.9, steps_per_update=4, batch_size=32, min_samples=16)
    rehearsal = RehearsalData(pool=pool, held_out=held_out) if rehearses else None
    learner = ShadowLearner(policies(), PROFILE, settings, rehearsal)
    with_dropout(learner.model, dropout)
    seen = episode()
    messages = learner.add_block(seen.observations[:900], seen.actions[:900], 0)
    for number, begin in enumerate((0, 900, 1000)):  # as first indices whose play is held out
        part = slice(begin, begin + 900)
        learner.add_block(seen.observations[part], seen.actions[part], 4800 * number + 3700)
    updates = [dataclasses.replace(learner.update(10.0 * number), seconds=0.0) for number in range(3)]
    learner.model.eval()
    average = learner.average.model
    assert isinstance(average, Executor)
    models = {"average": average, "initial": learner.initial_policy, "base": base_style(average)}
    found = {name: learner.agreement(model, held_out) for name, model in models.items()}
    buffer, weights = learner.buffer.all()
    values: Values = {
        "messages": [to_json(message) for message in messages],
        "updates": updates,
        "buffer": len(learner.buffer),
        "buffer_weights": digest(weights),
        "num_watched": learner.num_ticks,
        "buffer_samples": digest_labelled(buffer),
        "model": digest_weights(learner.model.state_dict()),
        "total": total(learner.model.state_dict()),
        "average": total(average.state_dict()),
        "acceptance": learner.evaluate_candidate(),
        "agreement": {name: {"share": of.share, "likelihood": digest(of.likelihood)} for name, of in found.items()},
    }
    if rehearses:
        learner.model.zero_grad(set_to_none=True)
        loss = learner._distillation_step(pool)
        loss.backward()
        values["distillation"] = {"loss": loss.detach(), "gradients": digest_gradients(learner.model)}
    return values
