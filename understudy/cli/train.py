"""Train the policies from recordings: all three (`understudy train`), or one of them (the guide's scripts).

One policy after another; a Ctrl-C loses nothing.
"""

import dataclasses
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from understudy.cli.flags.number_ranges import Count, LearningRate, Parallel, Range, Seed
from understudy.cli.flags.output_paths import OutputFolder
from understudy.contract.errors import FlagError

if TYPE_CHECKING:
    from understudy.cli.show.terminal import Console
    from understudy.learning.data.dataset import Dataset
    from understudy.learning.supervised.train_policy import TrainResult, TrainSettings
    from understudy.learning.training.trainer_config import FitConfig

EXIT_INTERRUPTED = 130
NUM_VALIDATIONS = 30
"""About so many times a run is validated; each time costs the Executor a third of an epoch."""
LARGEST_SCALE, LAST_SCALE = 6.0, 2.5
"""From ten minutes an epoch is short: the learning rate falls as if there were six times as many as from an hour, but
two and a half times as many are enough; what learns so little longer is worse for it."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long and how fast one policy is trained."""

    epochs: int
    batch_size: int
    lr: float
    last_epoch: int | None = None
    """Ends there, on the way of the learning rate to `epochs`."""


GUIDE_PLANS = {
    "strategist": Plan(epochs=100, batch_size=32, lr=1e-4),
    "tactician": Plan(epochs=80, batch_size=64, lr=1e-4),
    "executor": Plan(epochs=60, batch_size=128, lr=3e-4),
}
"""The guide's Step 1.2."""
DEFAULT_PLANS = {
    "strategist": Plan(epochs=30, batch_size=32, lr=3e-4),
    "tactician": Plan(epochs=8, batch_size=256, lr=1e-3),
    "executor": Plan(epochs=60, batch_size=256, lr=1e-3),
}
"""What `understudy train` does: all three from an hour of play in a few minutes on two cores (docs/log.md)."""
QUICK_PLANS = {
    "strategist": Plan(epochs=20, batch_size=32, lr=3e-4),
    "tactician": Plan(epochs=15, batch_size=64, lr=3e-4),
    "executor": Plan(epochs=10, batch_size=128, lr=5e-4),
}
"""The guide's settings for quick iteration."""


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train Strategist, Tactician and Executor from recordings, one after the other."""

    data_dir: Path | None = None
    """A folder of recordings or one recording; by default data/recordings and recordings/v2_training."""
    output_dir: OutputFolder = Path("models/v2")
    """Folder for the models; each policy gets its own below it."""
    epoch_scale: Annotated[float, Range(0.0, 1000.0, above_minimum=True)] = 1.0
    """Train so many times as long as usual."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:1; auto takes CUDA where there is one."""
    seed: Seed = 0
    """Of weights, data order, dropout and augmentation."""
    quick: bool = False
    """The guide's settings for quick iteration, to see that everything works."""
    resume: bool = False
    """Go on where an interrupted training stopped."""
    threads: Parallel = 1
    """Threads of torch on the CPU."""
    log_dir: OutputFolder = Path("logs/training")
    """Folder for the curves: tensorboard --logdir=logs/training"""


@dataclass(frozen=True, kw_only=True)
class TrainStrategist:
    """Train the Strategist (mode and goal, 1 Hz) from recordings."""

    data_dir: Path | None = None
    """A folder of recordings or one recording; by default data/recordings and recordings/v2_training."""
    output_dir: OutputFolder = Path("models/v2/strategist")
    """Folder for best_model.pt, last_model.pt and checkpoint_epoch_N.pt."""
    epochs: Count = GUIDE_PLANS["strategist"].epochs
    """Passes over the recordings."""
    batch_size: Count = GUIDE_PLANS["strategist"].batch_size
    """Samples a step."""
    lr: LearningRate = GUIDE_PLANS["strategist"].lr
    """Highest learning rate."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:1; auto takes CUDA where there is one."""
    seed: Seed = 0
    """Of weights, data order, dropout and augmentation."""
    resume: bool = False
    """Go on from last_model.pt in the output folder."""
    threads: Parallel = 1
    """Threads of torch on the CPU."""
    log_dir: OutputFolder = Path("logs/training")
    """Folder for the curves: tensorboard --logdir=logs/training"""


@dataclass(frozen=True, kw_only=True)
class TrainTactician(TrainStrategist):
    """Train the Tactician (target and approach, 5 Hz) from recordings and the Strategist beside it."""

    output_dir: OutputFolder = Path("models/v2/tactician")
    """Folder for the checkpoints; the Strategist is looked for in the folder `strategist` beside it."""
    epochs: Count = GUIDE_PLANS["tactician"].epochs
    """Passes over the recordings."""
    batch_size: Count = GUIDE_PLANS["tactician"].batch_size
    """Samples a step."""
    lr: LearningRate = GUIDE_PLANS["tactician"].lr
    """Highest learning rate."""


@dataclass(frozen=True, kw_only=True)
class TrainExecutor(TrainStrategist):
    """Train the Executor (gestures and keys, 20 Hz) from recordings and the two policies beside it."""

    output_dir: OutputFolder = Path("models/v2/executor")
    """Folder for the checkpoints; the other two are looked for in `strategist` and `tactician` beside it."""
    epochs: Count = GUIDE_PLANS["executor"].epochs
    """Passes over the recordings."""
    batch_size: Count = GUIDE_PLANS["executor"].batch_size
    """Samples a step."""
    lr: LearningRate = GUIDE_PLANS["executor"].lr
    """Highest learning rate."""


def run(command: Train | TrainStrategist) -> int:
    """Trains what the command asks for and shows how it went; 130 where Ctrl-C ended it early."""
    from understudy.cli.show.terminal import Console
    from understudy.cli.show.train_view import print_outcome, watch_gathering
    from understudy.learning.registry.policy_lock import expect_no_training

    for settings in settings_of(command).values():  # a wrong number is refused before anything is read
        expect_no_training(settings.output_dir)
    console = Console()
    dataset = watch_gathering(console, command.data_dir)
    plans = settings_of(command, dataset.recorded_hours)
    told = f"{dataset.hours:.2f} hours of play in {len(dataset.paths)} recordings. {dataset.split_description}"
    if dataset.num_filled:
        told += (
            f" {dataset.num_filled} ticks were missed while it was recorded and are filled in: "
            f"{60 * dataset.hours:.1f} minutes can be used, {60 * dataset.recorded_hours:.1f} of them are learnt from."
        )
    if dataset.is_small:
        told += (
            " That is little: each policy learns twice, first without those to see how good it gets and after how many "
            "epochs, then from everything for so many."
        )
    console.print(told, soft_wrap=True)
    results = train_all(console, plans, dataset)
    if not all(result.fit.finished for result in results):
        console.print("Stopped. The same command with --resume goes on from here.")
        return EXIT_INTERRUPTED
    print_outcome(console, results)
    return 0


def settings_of(command: Train | TrainStrategist, hours: float = 1.0) -> dict[str, "TrainSettings"]:
    """Policy -> how to train it, in the order of training.

    Args:
        command: what was asked for.
        hours: of play to learn from. `understudy train` takes more epochs where there is less; the guide's scripts
            take those that they are told.

    Raises:
        FlagError: if a number makes no sense.
    """
    from understudy.learning.supervised.train_policy import TrainSettings

    chosen: dict[str, tuple[Path, Plan]]
    if isinstance(command, Train):
        plans = QUICK_PLANS if command.quick else DEFAULT_PLANS
        scale = min(max(1.0 / max(hours, 1e-6), 0.5), LARGEST_SCALE)
        chosen = {
            name: (
                command.output_dir / name,
                dataclasses.replace(
                    plan,
                    epochs=max(1, round(plan.epochs * command.epoch_scale * scale)),
                    last_epoch=max(1, round(plan.epochs * command.epoch_scale * min(scale, LAST_SCALE))),
                ),
            )
            for name, plan in plans.items()
        }
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
            )
            for name, (folder, plan) in chosen.items()
        }
    except ValueError as problem:
        raise FlagError(f"These flags cannot work: {problem}.") from problem


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
    """Trains the policies in their order, with a bar each; the list is shorter where Ctrl-C ended it early."""
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
    """The first Ctrl-C sets the flag, so that a run can save itself; the second is the usual one."""
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
