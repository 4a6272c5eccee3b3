"""Carries the training commands out: settings from flags, one policy after another, and a Ctrl-C that loses nothing."""

import dataclasses
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from understudy.cli.train import DEFAULT_PLANS, QUICK_PLANS, Plan, Train, TrainStrategist
from understudy.cli.train_view import TrainBars, print_outcome, watch_gathering
from understudy.contract.errors import FlagError
from understudy.learning.fit_config import FitConfig
from understudy.learning.material import Material
from understudy.learning.training import TrainResult, TrainSettings, train_policy

EXIT_INTERRUPTED = 130
NUM_VALIDATIONS = 30
"""About so many times a run is validated; each time costs the Executor a third of an epoch."""

LARGEST_SCALE, LAST_SCALE = 6.0, 2.5
"""From ten minutes an epoch is short: the learning rate falls as if there were six times as many as from an hour, but
two and a half times as many are enough; what learns so little longer is worse for it."""


def train(command: Train | TrainStrategist) -> int:
    """Trains what the command asks for and shows how it went; 130 where Ctrl-C ended it early."""
    settings_of(command)  # a wrong number is refused before anything is read
    console = Console()
    material = watch_gathering(console, command.data_dir)
    plans = settings_of(command, material.hours)
    told = f"{material.hours:.2f} hours of play in {len(material.paths)} recordings. {material.split}"
    if material.is_short:
        told += (
            " That is little: each policy learns twice, first without those to see how good it gets and after how many "
            "epochs, then from everything for so many."
        )
    console.print(told, soft_wrap=True)
    results = train_all(console, plans, material)
    if not all(result.fit.finished for result in results):
        console.print("Stopped. The same command with --resume goes on from here.")
        return EXIT_INTERRUPTED
    print_outcome(console, results)
    return 0


def settings_of(command: Train | TrainStrategist, hours: float = 1.0) -> dict[str, TrainSettings]:
    """Policy -> how to train it, in the order of training.

    Args:
        command: what was asked for.
        hours: of play to learn from. `understudy train` takes more epochs where there is less; the guide's scripts
            take those that they are told.

    Raises:
        FlagError: if a number makes no sense.
    """
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


def _fit_config(plan: Plan, seed: int) -> FitConfig:
    validate_every = max(1, plan.epochs // NUM_VALIDATIONS)
    return FitConfig(
        epochs=plan.epochs,
        batch_size=plan.batch_size,
        lr=plan.lr,
        seed=seed,
        validate_every=validate_every,
        last_epoch=plan.last_epoch,
    )


def train_all(console: Console, plans: dict[str, TrainSettings], material: Material) -> list[TrainResult]:
    """Trains the policies in their order, with a bar each; the list is shorter where Ctrl-C ended it early."""
    results: list[TrainResult] = []
    with interrupt_flag() as interrupted, TrainBars(console, list(plans)) as bars:
        for name, settings in plans.items():
            results.append(train_policy(name, material, settings, bars.of(name), interrupted.is_set))
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
