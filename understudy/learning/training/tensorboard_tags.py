"""Names of metrics in TensorBoard: groups `train/`, `val/` and `baseline/`, and a description with the unit.

numbers.jsonl keeps the logged names. In TensorBoard `val_target_accuracy` is `val/target_accuracy` and its trivial
baseline `baseline/target_accuracy`. `train_loss` and `val_accuracy`, which the training guide names, keep their names.
"""

KEPT = ("train_loss", "val_accuracy")
TRAINING = {
    "learning_rate": "train/learning_rate",
    "gradient_norm": "train/gradient_norm",
    "epoch": "train/epoch",
    "epoch_train_loss": "train/epoch_loss",
}
VALIDATION, BASELINE = "val_", "_baseline"
UNITS = {
    "train_loss": "the task's loss: nats; of the Executor nats per half second",
    "epoch_train_loss": "mean train_loss of the epoch",
    "learning_rate": "step size of AdamW",
    "gradient_norm": "L2 norm before clipping",
    "epoch": "passes over the samples",
    "accuracy": "share: the policy's main accuracy",
    "mode_accuracy": "share of seconds",
    "mode_loss": "nats",
    "future_loss": "smooth L1, standardised units",
    "future_explained": "share of the variance of the next 10 s",
    "correction_loss": "nats",
    "corrections_followed": "share of corrected moments",
    "agreements_kept": "share of agreed moments",
    "target_accuracy": "share of decisions",
    "target_recall": "share of decisions with a target",
    "target_loss": "nats",
    "target_log_loss": "nats",
    "route_loss": "smooth L1, window fractions",
    "route_error": "window fractions in 2 s",
    "start_loss": "nats; train/: per tick, val/: per second",
    "pointer_loss": "nats; train/: per tick, val/: per second",
    "point_loss": "nats of a density, may be negative; train/: per tick, val/: per second",
    "key_loss": "nats; train/: per tick, val/: per second",
    "pointer_accuracy": "share of onsets",
    "start_calibration": "predicted onsets per true one; good: 1",
    "position_error": "window fractions",
    "moving_position_error": "window fractions, while the hand moves",
    "destination_error": "window fractions, of clicks",
    "click_accuracy": "share of ticks; shadow learning: of clicks",
    "onset_recall": "share of onsets, within 0.25 s",
    "onset_precision": "share of predicted onsets, within 0.25 s",
    "choice": "selects the best epoch; higher is better",
    "map50": "mean average precision at IoU 0.5",
    "hours": "simulated hours, all worlds together",
    "score": "points a minute",
    "points_per_minute": "points a minute",
    "deaths_per_hour": "deaths an hour",
    "explained_variance": "share of the variance of returns; 0: a constant",
    "value_loss": "squared error of scaled returns",
    "kl_to_reference": "nats a minute from the reference policy",
    "approx_kl": "nats a minute from the policy that played",
    "clip_fraction": "share of actions whose ratio reached the clip range",
    "num_skipped_steps": "steps with a gradient that is no number",
    "buffer": "samples held",
    "buffer_size": "samples held",
    "num_samples": "samples",
    "update_seconds": "s",
    "seconds": "s",
}
"""Metric, without group, `val_` and `_baseline` -> its unit; docs/metrics.md says what is good."""


def tensorboard_tag(name: str) -> str:
    """Returns the tag of a logged metric."""
    if name in KEPT:
        return name
    if name.startswith(VALIDATION):
        metric = name.removeprefix(VALIDATION)
        is_baseline = metric.endswith(BASELINE)
        return f"baseline/{metric.removesuffix(BASELINE)}" if is_baseline else f"val/{metric}"
    return TRAINING.get(name, name)


def describe_metric(name: str) -> str:
    """Returns the unit of a logged metric, and its role; empty if the unit is not known."""
    metric = name.removeprefix(VALIDATION).rpartition("/")[2]
    unit = UNITS.get(metric.removesuffix(BASELINE), "")
    if metric.startswith("recall_"):
        unit = f"share of the seconds of {metric.removeprefix('recall_').removesuffix(BASELINE)}"
    if not unit:
        return ""
    if metric.endswith(BASELINE):
        return f"{unit}. What the trivial baseline reaches on held-out sessions."
    return f"{unit}. On held-out sessions, averaged weights." if name.startswith(VALIDATION) else f"{unit}."
