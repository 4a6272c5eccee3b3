"""Train the policies from recordings: all three (`understudy train`), or one of them (the guide's scripts)."""

from dataclasses import dataclass
from pathlib import Path


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
    output_dir: Path = Path("models/v2")
    """Folder for the models; each policy gets its own below it."""
    epoch_scale: float = 1.0
    """Train so many times as long as usual."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:1; auto takes CUDA where there is one."""
    seed: int = 0
    """Of weights, data order, dropout and augmentation."""
    quick: bool = False
    """The guide's settings for quick iteration, to see that everything works."""
    resume: bool = False
    """Go on where an interrupted training stopped."""
    threads: int = 1
    """Threads of torch on the CPU."""
    log_dir: Path = Path("logs/training")
    """Folder for the curves: tensorboard --logdir=logs/training"""


@dataclass(frozen=True, kw_only=True)
class TrainStrategist:
    """Train the Strategist (mode and goal, 1 Hz) from recordings."""

    data_dir: Path | None = None
    """A folder of recordings or one recording; by default data/recordings and recordings/v2_training."""
    output_dir: Path = Path("models/v2/strategist")
    """Folder for best_model.pt, last_model.pt and checkpoint_epoch_N.pt."""
    epochs: int = GUIDE_PLANS["strategist"].epochs
    """Passes over the recordings."""
    batch_size: int = GUIDE_PLANS["strategist"].batch_size
    """Samples a step."""
    lr: float = GUIDE_PLANS["strategist"].lr
    """Highest learning rate."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:1; auto takes CUDA where there is one."""
    seed: int = 0
    """Of weights, data order, dropout and augmentation."""
    resume: bool = False
    """Go on from last_model.pt in the output folder."""
    threads: int = 1
    """Threads of torch on the CPU."""
    log_dir: Path = Path("logs/training")
    """Folder for the curves: tensorboard --logdir=logs/training"""


@dataclass(frozen=True, kw_only=True)
class TrainTactician(TrainStrategist):
    """Train the Tactician (target and approach, 5 Hz) from recordings and the Strategist beside it."""

    output_dir: Path = Path("models/v2/tactician")
    """Folder for the checkpoints; the Strategist is looked for in the folder `strategist` beside it."""
    epochs: int = GUIDE_PLANS["tactician"].epochs
    """Passes over the recordings."""
    batch_size: int = GUIDE_PLANS["tactician"].batch_size
    """Samples a step."""
    lr: float = GUIDE_PLANS["tactician"].lr
    """Highest learning rate."""


@dataclass(frozen=True, kw_only=True)
class TrainExecutor(TrainStrategist):
    """Train the Executor (gestures and keys, 20 Hz) from recordings and the two policies beside it."""

    output_dir: Path = Path("models/v2/executor")
    """Folder for the checkpoints; the other two are looked for in `strategist` and `tactician` beside it."""
    epochs: int = GUIDE_PLANS["executor"].epochs
    """Passes over the recordings."""
    batch_size: int = GUIDE_PLANS["executor"].batch_size
    """Samples a step."""
    lr: float = GUIDE_PLANS["executor"].lr
    """Highest learning rate."""


def run(command: Train | TrainStrategist) -> int:
    """Trains what the command asks for; 130 where Ctrl-C ended it early."""
    from understudy.cli.train_run import train

    return train(command)
