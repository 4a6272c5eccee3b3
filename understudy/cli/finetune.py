"""`understudy finetune`, and the guide's finetune_with_vlm.py: policies take in corrections, and the gate decides."""

from dataclasses import dataclass
from pathlib import Path

import tyro

Flag = tyro.conf.FlagCreatePairsOff


@dataclass(frozen=True, kw_only=True)
class Finetune:
    """Fine-tune the Strategist on corrections, let the Executor follow, and play with them if they play better."""

    corrections_dir: Path = Path("logs/vlm_corrections")
    """Folder with corrections_TIMESTAMP.jsonl files, or one of them."""
    model_path: Path = Path("models/v2/strategist/best_model.pt")
    """The Strategist to go on from; Tactician and Executor are looked for in the folders beside its own."""
    output_dir: Path = Path("models/v2/strategist_vlm_ft")
    """Folder for the new Strategist; the Executor that follows it goes into the folder executor below."""
    epochs: int = 20
    """Passes over corrections and rehearsed recordings."""
    lr: float = 1e-5
    """Highest learning rate of the Strategist."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:1; auto takes CUDA where there is one."""
    data_dir: Path | None = None
    """Base recordings to rehearse; by default data/recordings and recordings/v2_training."""
    batch_size: int = 8
    """Samples a step."""
    seed: int = 0
    """Of data order, dropout and augmentation."""
    no_gate: Flag[bool] = False
    """Write the checkpoints and leave it at that: nothing new plays."""
    pairs: int = 256
    """Worlds in which the gate lets old and new play before a change that is not surely better is refused."""
    log_dir: Path = Path("logs/training")
    """Folder for the curves: tensorboard --logdir=logs/training"""


def run(command: Finetune) -> int:
    """Fine-tunes and submits; 130 where Ctrl-C ended it early."""
    from understudy.cli.finetune_run import finetune_and_submit

    return finetune_and_submit(command)
