"""The training guide's claims about the Strategist, measured: pre-LN, fused attention, label smoothing.

    python benchmarks/claims.py time                                    # about a minute
    python benchmarks/claims.py accuracy RECORDINGS --seed 0            # about two minutes; once for each training seed

The guide says: training is 40 % faster with pre-LN, inference 30 % faster with fused attention, accuracy 3 % higher
with label smoothing. Times are CPU seconds on one thread, of variants that take turns, so that a busy machine slows all
alike. Only the variant differs; what is not the product's lives here alone.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from smallest import runs
from torch import Tensor, nn
from torch.nn import functional

from understudy.contract.intent import NUM_MODES
from understudy.learning.data.dataset import load_dataset
from understudy.learning.supervised import strategist_task
from understudy.learning.supervised.strategist_task import StrategistTask
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig
from understudy.policies.checkpoint import CheckpointMeta
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.encoder import ENCODING
from understudy.policies.strategist import Block, Strategist, StrategistConfig

BATCH = 32


def mix(block: Block, x_BTD: Tensor, *, fused: bool) -> Tensor:
    """Causal attention over what has been normed or not, by one kernel or written out."""
    batch, ticks, width = x_BTD.shape
    heads = block.query_key_value(x_BTD).view(batch, ticks, 3, block.heads, width // block.heads)
    query, key, value = heads.permute(2, 0, 3, 1, 4)
    if fused:
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=block._bias(ticks))
    else:
        scores = query @ key.transpose(-1, -2) / (width // block.heads) ** 0.5 + block._bias(ticks)
        mixed = torch.softmax(scores, dim=-1) @ value
    return block.dropout(block.project(mixed.transpose(1, 2).reshape(batch, ticks, width)))


class PostBlock(Block):
    """Post-LN (Vaswani and others 2017): the norm comes after the sum."""

    def __init__(self, config: StrategistConfig) -> None:
        super().__init__(config)
        self.mlp_norm, self.mlp[0] = self.mlp[0], nn.Identity()

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Mixes the seconds up to each one."""
        x_BTD = self.attention_norm(x_BTD + mix(self, x_BTD, fused=True))
        return self.mlp_norm(x_BTD + self.mlp(x_BTD))


class PlainBlock(Block):
    """Attention written out: scores, softmax, weighted sum."""

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Mixes the seconds up to each one."""
        x_BTD = x_BTD + mix(self, self.attention_norm(x_BTD), fused=False)
        return torch.add(x_BTD, self.mlp(x_BTD))


def with_blocks(block: type[Block], config: StrategistConfig) -> Strategist:
    """A Strategist of other blocks."""
    model = Strategist(config)
    model.blocks = nn.ModuleList(block(config) for _ in range(config.layers))
    if block is PostBlock:
        model.norm = nn.Identity()  # type: ignore[assignment]
    return model


VARIANTS: dict[str, tuple[type[Block], float]] = {
    "pre-LN, fused attention, smoothing 0.1 (the product)": (Block, 0.1),
    "post-LN": (PostBlock, 0.1),
    "plain attention": (PlainBlock, 0.1),
    "no label smoothing": (Block, 0.0),
}


def training_step(model: Strategist) -> Callable[[], None]:
    """One step on a batch of BATCH windows."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    shown = torch.randn(BATCH, model.config.window_s, CONTEXT_WIDTH)
    modes = torch.randint(0, NUM_MODES, (BATCH * model.config.window_s,))

    def step() -> None:
        said = model(shown)
        loss = nn.functional.cross_entropy(said.mode_logits.flatten(0, 1), modes) + said.future.square().mean()
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def thought(model: Strategist) -> Callable[[], None]:
    """One decision of one world with a full minute to look back on."""
    shown = torch.randn(1, model.config.window_s, CONTEXT_WIDTH)
    model.eval()

    def think() -> None:
        with torch.inference_mode():
            model(shown)

    return think


def take_turns(jobs: dict[str, Callable[[], None]], repeats: int, rounds: int) -> dict[str, tuple[float, float]]:
    """CPU milliseconds of each job: median over rounds, and half the distance between the quartiles."""
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for round_ in range(rounds + 1):
        for name, job in jobs.items():
            begun = time.process_time()
            for _ in range(repeats):
                job()
            if round_:  # the first is for warming up
                spent[name].append(1000.0 * (time.process_time() - begun) / repeats)
    return {
        name: (float(np.median(times)), float(np.subtract(*np.percentile(times, [75, 25])) / 2))
        for name, times in spent.items()
    }


def measure_time(rounds: int) -> None:
    """Prints a table for training steps and one for decisions."""
    blocks = {"pre-LN, fused (the product)": Block, "post-LN, fused": PostBlock, "pre-LN, plain": PlainBlock}
    for size, config in {
        "the product's size": StrategistConfig(),
        "the guide's size": StrategistConfig(width=256, layers=4),
    }.items():
        for what, make, repeats in (
            (f"training step, batch {BATCH}", training_step, 1),
            ("decision, B = 1", thought, 5),
        ):
            models = {name: with_blocks(block, config) for name, block in blocks.items()}
            found = take_turns({name: make(model) for name, model in models.items()}, repeats, rounds)
            base = found["pre-LN, fused (the product)"][0]
            for name, (median, spread) in found.items():
                told = f"{median:.2f} +-{spread:.2f} ms CPU ({median / base - 1:+.0%})"
                print(f"{size}, {what}, {name}: {told}", flush=True)


def measure_accuracy(recordings: Path, seed: int, variants: list[str], epochs: int) -> None:
    """Trains each variant as `understudy train` does and prints what its best epoch reaches on held-out sessions."""
    dataset = load_dataset(recordings)
    for name in variants:
        block, strategist_task.LABEL_SMOOTHING = VARIANTS[name]
        torch.manual_seed(seed)
        model = with_blocks(block, StrategistConfig())
        task = StrategistTask(dataset.train, dataset.validation, model, torch.device("cpu"))
        config = FitConfig(epochs=epochs, batch_size=BATCH, lr=3e-4, seed=seed, save_every=None)
        begun = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            result = fit(task, config, Path(folder), CheckpointMeta(policy="strategist", encoding=ENCODING))
        spent = time.process_time() - begun
        figures = {key: round(result.metrics[key], 4) for key in ("accuracy", "accuracy_baseline", "future_explained")}
        print(
            f"seed {seed}, {name}: {figures}, best epoch {result.best_epoch} of {config.epochs}, {spent:.0f} CPU-s",
            flush=True,
        )


def main() -> None:
    """Times, or trains and tells the accuracy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("time", "accuracy"))
    parser.add_argument("recordings", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variants", nargs="*", default=[name for name in VARIANTS if name != "plain attention"])
    parser.add_argument("--rounds", type=int, default=15, help="of times")
    parser.add_argument("--epochs", type=int, default=30, help="of accuracy")
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for words in runs(("time", "--rounds", "1"), ("accuracy", "{recordings}", "--epochs", "1")):
        arguments = parser.parse_args(words)
        if arguments.what == "time":
            measure_time(arguments.rounds)
        else:
            measure_accuracy(arguments.recordings, arguments.seed, arguments.variants, arguments.epochs)


if __name__ == "__main__":
    main()
