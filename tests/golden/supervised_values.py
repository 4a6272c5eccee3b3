"""Labels, losses, gradients and short fits of the three policies, from fixtures and seeds."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.golden.batches import digest_labelled
from tests.golden.digests import FIXTURES, digest, digest_fields, digest_gradients, digest_weights, total
from tests.golden.file_values import hand_digests
from tests.golden.inputs import (
    CPU,
    FIT,
    MODELS,
    MODELS_WITH_HISTORY,
    PROFILE,
    executor,
    fit_policy,
    held_out_batch,
    labelled,
    mean_of,
    motor_model,
    policies,
    signs,
    task_of,
    two_styles,
    upstream,
)
from understudy.feedback.correction_reader import read_corrections
from understudy.learning.corrections.aggregation import aggregate_corrections
from understudy.learning.corrections.correction_task import CorrectionTask
from understudy.learning.corrections.executor_finetune_task import TargetModeUpstream
from understudy.learning.data.executor_batch import forward_policy
from understudy.learning.data.interventions import label_shared_episode
from understudy.learning.data.labelled_episode import LabelledEpisode, mirror_sign_tables
from understudy.learning.shadow.agreement import click_metrics
from understudy.learning.shadow.distillation import distillation_loss
from understudy.learning.supervised.executor_task import executor_nll
from understudy.policies.checkpoint import BEST, load_checkpoint
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.executor import ExecutorOutput
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.policy_bundle import build_strategist
from understudy.policies.style_heads import base_style, swap_styles, with_base_style
from understudy.recordings.store import read_episode

Values = dict[str, Any]


def labels() -> Values:
    """Labelled episodes, the conditioning of the levels above, the motor model."""
    found: Values = {name: _labels(each) for name, each in zip(("train", "held_out"), labelled(), strict=True)}
    shared = label_shared_episode(read_episode(FIXTURES / "recordings" / "mixed.mcap"), PROFILE)
    found["shared"] = {
        "taught_ticks": digest(shared.taught_ticks),
        "gesture_index": digest(shared.gesture_index),
        "context": digest(shared.encoded.context),
        "modes": digest(shared.labels.modes),
    }
    to_true_mode = TargetModeUpstream(upstream().strategist, upstream().tactician).conditioning(labelled()[1])
    found["target_mode_upstream"] = [digest(each) for each in to_true_mode]
    found["mirror_sign_tables"] = [digest(table) for table in mirror_sign_tables(CONTEXT_WIDTH)]
    found["motor_model"] = hand_digests(motor_model())
    return found


def _labels(each: LabelledEpisode) -> Values:
    of = each.labels
    conditioning, target_probs = upstream().conditioning(each)
    return {
        "encoded": {name: digest(getattr(each.encoded, name)) for name in ("context", "tracks", "kinds", "landmarks")},
        "modes": digest(of.modes),
        "targets": digest(of.targets),
        "routes": digest(of.routes),
        "future_summary": digest(of.future_summary),
        "gestures": {name: digest(of.gestures[name]) for name in of.gestures.dtype.names},
        "can_start_gesture": digest(each.can_start_gesture),
        "gesture_index": digest(each.gesture_index),
        "gesture_targets": digest(each.targets),
        "positions": digest(each.positions),
        "key_onsets": digest(each.key_onsets),
        "keys_down": digest(each.keys_down),
        "strategist_outputs": digest(upstream().strategist_outputs(each)),
        "conditioning": digest(conditioning),
        "target_probs": digest(target_probs),
    }


def tasks() -> Values:
    """Loss, its parts and gradients of each task in evaluation and in training, and its validation."""
    found = {p: _task(task_of(p), step) for p, step in (("strategist", 1), ("tactician", 3), ("executor", 3))}
    strategist = task_of("strategist")
    found["strategist"]["confusion"] = strategist.confusion(policies().strategist)
    judged = aggregate_corrections(read_corrections(FIXTURES / "vlm_corrections").entries).reviewed
    train, held_out = labelled()
    model = build_strategist(load_checkpoint(MODELS / "strategist" / BEST))
    task = CorrectionTask(judged, judged.take(np.array([0, 1])), [train], [held_out], model, CPU)
    return found | {"corrections": _task(task, 1)}


def _task(task: Any, step: int) -> Values:
    indices = torch.arange(0, task.num_samples, step)
    found: Values = {"num_samples": task.num_samples}
    for mode in ("eval", "train"):
        task.model.train(mode == "train")
        task.model.zero_grad(set_to_none=True)
        torch.manual_seed(7)
        loss, parts = task.loss(task.model, indices, torch.Generator().manual_seed(5))
        loss.backward()
        found[mode] = {"loss": loss.detach(), "parts": parts, "gradients": digest_gradients(task.model)}
    task.model.eval()
    with torch.no_grad():
        found["validate"] = task.validate(task.model)
    return found


def executor_losses(arrays: dict[str, np.ndarray]) -> Values:
    """Output and negative log-likelihood of each tick of held-out play, and gradients of their mean."""
    batch, ticks, mirror = held_out_batch()
    mirrored = batch.index(ticks).mirrored(mirror, signs())
    found: Values = {"batch": digest_labelled(batch)}
    both = two_styles()
    models = {
        "plain": executor(),
        "newer": both,
        "base": base_style(both),
        "swapped": swap_styles(both),
        "with_base_style": with_base_style(executor()),
    }
    corner = (PROFILE.minimap.left, PROFILE.minimap.top, PROFILE.minimap.width, PROFILE.minimap.height)
    for name, model in models.items():
        model.eval()
        model.zero_grad(set_to_none=True)
        output = forward_policy(model, mirrored)
        losses = executor_nll(ExecutorDistribution(output, num_keys=len(PROFILE.keys)), mirrored)
        mean = mean_of(list(losses.values()))
        mean.backward()
        if name in ("plain", "base"):
            arrays |= {f"executor.{name}.{part}": loss.detach().numpy() for part, loss in losses.items()}
        exact = executor_nll(ExecutorDistribution(_doubled(output), num_keys=len(PROFILE.keys)), mirrored)
        found[name] = {
            "output": digest_fields(output),
            "mean": mean.detach(),
            "gradients": digest_gradients(model),
            "losses": {part: digest(loss) for part, loss in losses.items()},
            "click_metrics": click_metrics(output, batch.index(ticks), mirror, corner),
            "float64_losses": {part: loss.detach().double().sum() for part, loss in exact.items()},
        }
    return found


def _doubled(output: ExecutorOutput) -> ExecutorOutput:
    return ExecutorOutput(*(value.double() for value in vars(output).values() if value is not None))


def state_names() -> Values:
    """Names of the weights in checkpoints."""
    made = policies()
    levels = {"executor": made.executor, "strategist": made.strategist, "tactician": made.tactician}
    return {name: list(level.state_dict()) for name, level in levels.items() if level is not None}


def distillation(arrays: dict[str, np.ndarray]) -> Values:
    """Distance of each style from a plain Executor on held-out play, and gradients of its mean."""
    batch, ticks, mirror = held_out_batch()
    mirrored = batch.index(ticks).mirrored(mirror, signs())
    both, found = two_styles().eval(), {}
    with torch.no_grad():
        before = forward_policy(executor().eval(), mirrored)
    for name, model in (("newer", both), ("base", base_style(both))):
        both.zero_grad(set_to_none=True)
        output = forward_policy(model, mirrored)
        loss = distillation_loss(output, before, len(PROFILE.keys))
        loss.mean().backward()
        arrays[f"distillation.{name}"] = loss.detach().numpy()
        exact = distillation_loss(_doubled(output), _doubled(before), len(PROFILE.keys))
        found[name] = {
            "loss": digest(loss),
            "gradients": digest_gradients(both),
            "float64_sum": exact.detach().sum(),
        }
    return found


def fits() -> Values:
    """A few steps of fitting each policy, without dropout and with it, and a run that is resumed."""
    found: Values = {}
    for policy in FIT:
        for dropout in (0.0, None):
            found[f"{policy}, {'no ' if dropout == 0.0 else ''}dropout"] = _fit(policy, dropout)
    found["resumed"] = _resumed()
    return found


def _fit(policy: str, dropout: float | None) -> Values:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result, task, rows = fit_policy(policy, folder, dropout=dropout)
        best, last = (load_checkpoint(folder / each) for each in ("best_model.pt", "last_model.pt"))
    assert last.training is not None
    return {
        "rows": rows,
        "metrics": result.metrics,
        "best_epoch": result.best_epoch,
        "train_loss": result.train_loss,
        "num_steps": result.num_steps,
        "model": total(task.model.state_dict()),
        "best": total(best.weights),
        "last": digest_weights(last.weights),
        "training_keys": sorted(last.training),
        "state_keys": sorted(last.training["state"]),
        "settings": last.training["settings"],
    }


def _resumed() -> Values:
    """Goes on from a last_model.pt of before, as the run that was never stopped."""
    with tempfile.TemporaryDirectory() as name:
        whole, stopped = Path(name) / "whole", Path(name) / "stopped"
        fit_policy("tactician", whole, MODELS_WITH_HISTORY)
        stopped.mkdir()
        (stopped / "last_model.pt").write_bytes((FIXTURES / "fit_stopped" / "last_model.pt").read_bytes())
        result, _, rows = fit_policy("tactician", stopped, MODELS_WITH_HISTORY, resume=True)
        one, other = (load_checkpoint(each / "last_model.pt") for each in (whole, stopped))
    return {
        "rows": rows,
        "num_steps": result.num_steps,
        "metrics": result.metrics,
        "total": total(other.weights),
        "total_of_never_stopped": total(one.weights),
    }
