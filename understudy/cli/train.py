"""Trains the policies from recordings: all three (`understudy train`), or one of them (the guide's scripts).

The policies are trained one after another; Ctrl-C saves the state, and --resume continues.
"""

import dataclasses
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from understudy.cli.entry.exit_codes import EXIT_INTERRUPTED
from understudy.cli.flags.number_ranges import Count, LearningRate, Parallel, Range, Seed
from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.flags.spellings import Flag, TrainedFolder
from understudy.cli.results.json_output import JsonFlag
from understudy.contract.errors import FlagError

if TYPE_CHECKING:
    from understudy.cli.results.learning import TrainedPolicy
    from understudy.cli.show.terminal import Console
    from understudy.learning.data.dataset import Dataset
    from understudy.learning.supervised.train_policy import TrainResult, TrainSettings
    from understudy.learning.training.trainer_config import FitConfig, FitResult

NUM_VALIDATIONS = 30
"""Approximate number of validations in a run; each costs the Executor a third of an epoch."""
LARGEST_SCALE, LAST_SCALE = 6.0, 2.5
"""Factors on the epochs for little play: with ten minutes an epoch is short, so the learning-rate schedule spans six
times the epochs of an hour, but training stops after two and a half times; longer training gave worse results."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Epochs, batch size and learning rate of one policy."""

    epochs: int
    batch_size: int
    lr: float
    last_epoch: int | None = None
    """Epoch after which training stops, although the learning-rate schedule spans `epochs`; None for the whole."""


GUIDE_PLANS = {
    "strategist": Plan(epochs=100, batch_size=32, lr=1e-4),
    "tactician": Plan(epochs=80, batch_size=64, lr=1e-4),
    "executor": Plan(epochs=60, batch_size=128, lr=3e-4),
}
"""Settings of the guide's Step 1.2."""
DEFAULT_PLANS = {
    "strategist": Plan(epochs=30, batch_size=32, lr=3e-4),
    "tactician": Plan(epochs=8, batch_size=256, lr=1e-3),
    "executor": Plan(epochs=60, batch_size=256, lr=1e-3),
}
"""Settings of `understudy train`: an hour of play takes a few minutes for all three on two cores (docs/log.md)."""
QUICK_PLANS = {
    "strategist": Plan(epochs=20, batch_size=32, lr=3e-4),
    "tactician": Plan(epochs=15, batch_size=64, lr=3e-4),
    "executor": Plan(epochs=10, batch_size=128, lr=5e-4),
}
"""The guide's settings for quick iteration."""


@dataclass(frozen=True, kw_only=True)
class Train(JsonFlag):
    """Train Strategist, Tactician and Executor from recordings, one after the other."""

    data_dir: Path | None = None
    """Recording, or folder of recordings; by default data/recordings and recordings/v2_training."""
    output_dir: TrainedFolder = Path("models/v2")
    """Output folder of the models, with a subfolder for each policy."""
    epoch_scale: Annotated[float, Range(0.0, 1000.0, above_minimum=True)] = 1.0
    """Factor on the default number of epochs."""
    epochs: Count | None = None
    """Number of passes over the recordings for each policy, in place of the default number and its adaptation to the
    length of the recordings."""
    lr: LearningRate | None = None
    """Peak learning rate of each policy, in place of its default."""
    device: str = "auto"
    """Torch device: auto, cpu, cuda or cuda:1; auto uses CUDA if available."""
    seed: Seed = 0
    """Random seed of weights, data order, dropout and augmentation."""
    press_times: bool = False
    """Learn when each press comes from what is seen, as in games of rhythm; otherwise presses come after the person's
    usual times."""
    pointer_places: Literal["each", "together"] = "each"
    """How the places of the map are sampled in play: each at the pointer's temperature, or together as one candidate
    within which each keeps its predicted share, so that rare journeys are begun as often as the person's."""
    quick: bool = False
    """Use the guide's settings for quick iteration, as a test of the pipeline."""
    resume: bool = False
    """Resume an interrupted training."""
    threads: Parallel = 1
    """Number of CPU threads of torch."""
    log_dir: OutputFolder = Path("logs/training")
    """Folder of the TensorBoard logs: tensorboard --logdir=logs/training"""
    cache_dir: OutputFolder | None = None
    """Folder of the cache of encoded recordings; by default understudy/episodes in the user's cache folder."""
    no_cache: Flag[bool] = False
    """Encode all recordings again, in memory; takes about 0.9 GB for an hour of play."""


@dataclass(frozen=True, kw_only=True)
class TrainStrategist:
    """Train the Strategist (mode and goal, 1 Hz) from recordings."""

    data_dir: Path | None = None
    """Recording, or folder of recordings; by default data/recordings and recordings/v2_training."""
    output_dir: TrainedFolder = Path("models/v2/strategist")
    """Output folder of best_model.pt, last_model.pt and checkpoint_epoch_N.pt."""
    epochs: Count = GUIDE_PLANS["strategist"].epochs
    """Number of passes over the recordings."""
    batch_size: Count = GUIDE_PLANS["strategist"].batch_size
    """Samples per training step."""
    lr: LearningRate = GUIDE_PLANS["strategist"].lr
    """Peak learning rate."""
    device: str = "auto"
    """Torch device: auto, cpu, cuda or cuda:1; auto uses CUDA if available."""
    seed: Seed = 0
    """Random seed of weights, data order, dropout and augmentation."""
    resume: bool = False
    """Resume from last_model.pt in the output folder."""
    threads: Parallel = 1
    """Number of CPU threads of torch."""
    log_dir: OutputFolder = Path("logs/training")
    """Folder of the TensorBoard logs: tensorboard --logdir=logs/training"""
    cache_dir: OutputFolder | None = None
    """Folder of the cache of encoded recordings; by default understudy/episodes in the user's cache folder."""
    no_cache: Flag[bool] = False
    """Encode all recordings again, in memory; takes about 0.9 GB for an hour of play."""


@dataclass(frozen=True, kw_only=True)
class TrainTactician(TrainStrategist):
    """Train the Tactician (target and approach, 5 Hz) from recordings and the Strategist beside it."""

    output_dir: TrainedFolder = Path("models/v2/tactician")
    """Output folder of the checkpoints; the Strategist is loaded from the folder `strategist` beside it."""
    epochs: Count = GUIDE_PLANS["tactician"].epochs
    """Number of passes over the recordings."""
    batch_size: Count = GUIDE_PLANS["tactician"].batch_size
    """Samples per training step."""
    lr: LearningRate = GUIDE_PLANS["tactician"].lr
    """Peak learning rate."""


@dataclass(frozen=True, kw_only=True)
class TrainExecutor(TrainStrategist):
    """Train the Executor (gestures and keys, 20 Hz) from recordings and the two policies beside it."""

    output_dir: TrainedFolder = Path("models/v2/executor")
    """Output folder of the checkpoints; the other two are loaded from `strategist` and `tactician` beside it."""
    epochs: Count = GUIDE_PLANS["executor"].epochs
    """Number of passes over the recordings."""
    batch_size: Count = GUIDE_PLANS["executor"].batch_size
    """Samples per training step."""
    lr: LearningRate = GUIDE_PLANS["executor"].lr
    """Peak learning rate."""


def run(command: Train | TrainStrategist) -> int:
    """Trains the policies of the command and prints the results; returns 130 after Ctrl-C."""
    from understudy.cli.show.terminal import Console
    from understudy.cli.show.train_view import print_outcome
    from understudy.learning.registry.policy_lock import expect_no_training

    for settings in settings_of(command).values():  # rejects a wrong number before anything is read
        expect_no_training(settings.output_dir)
    console = Console()
    dataset = _gather(console, command)
    plans = settings_of(command, dataset.recorded_hours)
    summary = f"{dataset.hours:.2f} hours of play in {len(dataset.paths)} recordings. {dataset.split_description}"
    if dataset.num_filled:
        summary += (
            f" {dataset.num_filled} ticks were missed while it was recorded and are filled in: "
            f"{60 * dataset.hours:.1f} minutes can be used, {60 * dataset.recorded_hours:.1f} of them are learnt from."
        )
    if dataset.is_small:
        summary += (
            " That is little: each policy learns twice, first without those to see how good it gets and after how many "
            "epochs, then from everything for so many."
        )
    console.print(summary, soft_wrap=True)
    results = train_all(console, plans, dataset)
    if isinstance(command, Train) and command.json:
        _print_json(results)
    if not all(result.fit.finished for result in results):
        console.print("Stopped. The same command with --resume goes on from here.")
        return EXIT_INTERRUPTED
    print_outcome(console, results)
    return 0


def _gather(console: "Console", command: Train | TrainStrategist) -> "Dataset":
    """Loads the recordings, through the cache unless --no-cache was given."""
    from understudy.cli.show.train_view import watch_caching, watch_gathering
    from understudy.learning.data.cache.cache_folder import EpisodeCache, default_cache_folder

    if command.no_cache:
        return watch_gathering(console, command.data_dir)
    return watch_caching(console, command.data_dir, EpisodeCache(command.cache_dir or default_cache_folder()))


def settings_of(command: Train | TrainStrategist, hours: float = 1.0) -> dict[str, "TrainSettings"]:
    """Returns the settings of each policy, in the order of training.

    Args:
        command: the parsed command line.
        hours: hours of play to train on. `understudy train` uses more epochs for less play; the guide's scripts use
            --epochs.

    Raises:
        FlagError: if a number is out of range.
    """
    from understudy.learning.supervised.train_policy import TrainSettings

    chosen: dict[str, tuple[Path, Plan]]
    if isinstance(command, Train):
        plans = QUICK_PLANS if command.quick else DEFAULT_PLANS
        scale = min(max(1.0 / max(hours, 1e-6), 0.5), LARGEST_SCALE)
        chosen = {name: (command.output_dir / name, _adapted(plan, command, scale)) for name, plan in plans.items()}
    else:
        name = type(command).__name__.removeprefix("Train").lower()
        plan = Plan(epochs=command.epochs, batch_size=command.batch_size, lr=command.lr)
        chosen = {name: (command.output_dir, plan)}
    try:
        return {
            name: TrainSettings(
                output_dir=folder,
                fit=_fit_config(plan, command.seed),
                device=command.device,
                threads=command.threads,
                log_dir=command.log_dir,
                resume=command.resume,
                press_times=isinstance(command, Train) and command.press_times,
                pointer_places=command.pointer_places if isinstance(command, Train) else "each",
            )
            for name, (folder, plan) in chosen.items()
        }
    except ValueError as problem:
        raise FlagError(f"These flags cannot work: {problem}.") from problem


def _print_json(results: "list[TrainResult]") -> None:
    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.learning import TrainedPolicies

    policies = [trained_policy(one.policy, one.fit, one.device, one.log_folder) for one in results]
    print_result("train", TrainedPolicies(policies=tuple(policies)))


def trained_policy(policy: str, fit: "FitResult", device: str, log_dir: Path) -> "TrainedPolicy":
    """Returns what --json prints of one training."""
    from understudy.cli.results.learning import TrainedPolicy

    return TrainedPolicy(
        policy=policy,
        checkpoint=fit.best_path,
        best_epoch=fit.best_epoch,
        metrics={name: float(value) for name, value in fit.metrics.items()},
        train_loss=float(fit.train_loss),
        num_steps=fit.num_steps,
        num_skipped=fit.num_skipped,
        seconds=fit.seconds,
        device=device,
        finished=fit.finished,
        log_dir=log_dir,
    )


def _adapted(plan: Plan, command: Train, scale: float) -> Plan:
    """Returns a plan with the flags' numbers; without --epochs, its number is adapted to the amount of play."""
    lr = plan.lr if command.lr is None else command.lr
    if command.epochs is not None:
        return Plan(epochs=command.epochs, batch_size=plan.batch_size, lr=lr)
    return dataclasses.replace(
        plan,
        lr=lr,
        epochs=max(1, round(plan.epochs * command.epoch_scale * scale)),
        last_epoch=max(1, round(plan.epochs * command.epoch_scale * min(scale, LAST_SCALE))),
    )


def _fit_config(plan: Plan, seed: int) -> "FitConfig":
    from understudy.learning.training.trainer_config import FitConfig

    validate_every = max(1, plan.epochs // NUM_VALIDATIONS)
    return FitConfig(
        epochs=plan.epochs,
        batch_size=plan.batch_size,
        lr=plan.lr,
        seed=seed,
        validate_every=validate_every,
        last_epoch=plan.last_epoch,
    )


def train_all(console: "Console", plans: dict[str, "TrainSettings"], dataset: "Dataset") -> list["TrainResult"]:
    """Trains the policies in order, with a progress bar each; after Ctrl-C the list is shorter."""
    from understudy.cli.show.train_view import TrainBars
    from understudy.learning.supervised.train_policy import train_policy

    results: list[TrainResult] = []
    with interrupt_flag() as interrupted, TrainBars(console, list(plans)) as bars:
        for name, settings in plans.items():
            results.append(train_policy(name, dataset, settings, bars.of(name), interrupted.is_set))
            if not results[-1].fit.finished:
                break
    return results


@contextmanager
def interrupt_flag() -> Iterator[threading.Event]:
    """The first Ctrl-C sets the flag, so that a run can save its state; the second raises KeyboardInterrupt."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield flag
        return

    def note(number: int, frame: object) -> None:
        flag.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)
