"""The honest baseline: an Executor that says the cursor of every tick, in chunks, instead of gestures.

    python benchmarks/per_tick.py hunter RECORDINGS MODELS --seeds 0 1 2 --out out/per_tick

Same recordings, same encoding, same advice of the same Strategist and Tactician (from MODELS), same loop of training.
Each tick it sees what the gesture policy sees and says the next HORIZON ticks at once: where the cursor goes relative
to where it is, whether the button is down, which keys (action chunking, Zhao and others 2023, arXiv 2304.13705). As one
mean would average two ways into none, a chunk is drawn from a mixture of NUM_MODES whole chunks. Trained until the
held-out likelihood no longer improves; plays with every way of executing chunks in EXECUTIONS.
"""

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt64
from smallest import flags
from torch import Tensor, nn
from torch.nn import functional

from understudy.contract.action import ACTION, Action
from understudy.contract.observation import Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Decision
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout
from understudy.learning.data.dataset import load_dataset
from understudy.learning.data.labelled_episode import NUM_MIRRORS, LabelledEpisode, mirror_sign_tables
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig
from understudy.policies.checkpoint import BEST, CheckpointMeta, load_checkpoint
from understudy.policies.click_semantics import MAX_KEYS, MAX_KINDS
from understudy.policies.conditioning import CONDITIONING_WIDTH
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import ExecutorConfig
from understudy.policies.object_features import PLACE_AT, THERE_AT, TRACK_WIDTH
from understudy.policies.policy_bundle import PolicyBundle, load_policies
from understudy.runtime.hierarchical_policy import HierarchicalPolicy, HierarchicalState
from understudy.worlds.catalog import load_profile

HORIZON = 10
"""Ticks of a chunk: half a second."""
NUM_MODES = 8
NUM_SAID = 4 + MAX_KEYS
"""Numbers a tick and mode: offset x and y, log scale, button, keys."""
OFFSET_SCALE = 5.0
"""Offsets are learnt in fifths of the window."""
LOG_SCALES = (-3.0, 1.0)
"""Bounds: no likelihood is gained by knowing a resting cursor to better than 1 % of the window."""
FIRST_SAID = (0.0, 0.0, -2.0, -3.0, *[-5.0] * MAX_KEYS)
"""What an untrained chunk says: near to rest, nothing pressed; else the first gradients dwarf all later ones."""
SHOWN = ("context", "tracks", "kinds", "landmarks")
EXECUTIONS = {"whole chunks": (10, 1.0), "half chunks": (5, 1.0), "one tick": (1, 1.0), "likeliest chunk": (5, 0.0)}
"""Ticks that are carried out before the next chunk is drawn, and the temperature of the drawing."""


class PerTick(nn.Module):
    """A mixture of chunks from the Executor's own inputs; as wide as the Executor."""

    def __init__(self, width: int = 64, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.config = ExecutorConfig()  # a bundle asks it for the layout of the features
        self.width, self.heads = width, heads
        self.kind = nn.Embedding(MAX_KINDS + 1, 8)
        self.context = nn.Sequential(
            nn.Dropout(0.5 * dropout), nn.Linear(CONTEXT_WIDTH + CONDITIONING_WIDTH, 2 * width), nn.GELU()
        )
        self.object = nn.Linear(TRACK_WIDTH + 1 + 8, width)
        self.landmark = nn.Linear(PLACE_AT, width)
        self.candidate_context = nn.Linear(2 * width, width)
        self.candidate_mlp = nn.Sequential(nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout))
        self.pool_query = nn.Linear(2 * width, heads * width)
        self.trunk = nn.Sequential(
            nn.Linear((2 + heads) * width, 4 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, 4 * width),
            nn.GELU(),
        )
        self.chunks = nn.Linear(4 * width, NUM_MODES * (1 + HORIZON * NUM_SAID))
        with torch.no_grad():
            self.chunks.bias.copy_(torch.tensor([0.0, *FIRST_SAID * HORIZON] * NUM_MODES))

    def forward(self, context, advice, tracks, kinds, weights, landmarks):  # type: ignore[no-untyped-def]
        """(mode logits (B, X), chunks (B, X, HORIZON, NUM_SAID))."""
        context_BC = self.context(torch.cat([context, advice], dim=-1))
        objects = self.object(torch.cat([tracks, weights[..., None], self.kind(kinds)], dim=-1))
        candidates = torch.cat([objects, self.landmark(landmarks[..., :PLACE_AT])], dim=1)
        candidates_BND = self.candidate_mlp(candidates + self.candidate_context(context_BC)[:, None])
        absent_BN = torch.cat([kinds == 0, landmarks[..., THERE_AT] == 0], dim=1)
        query_BHD = self.pool_query(context_BC).view(len(context), self.heads, self.width)
        scores_BHN = (query_BHD @ candidates_BND.transpose(1, 2) / self.width**0.5).masked_fill(
            absent_BN[:, None], -1e4
        )
        pooled = (torch.softmax(scores_BHN, dim=-1) * (~absent_BN[:, None])) @ candidates_BND
        hidden = self.trunk(torch.cat([context_BC, pooled.flatten(1)], dim=-1))
        said = self.chunks(hidden).view(len(context), NUM_MODES, 1 + HORIZON * NUM_SAID)
        return said[..., 0], said[..., 1:].view(len(context), NUM_MODES, HORIZON, NUM_SAID)


@dataclass(frozen=True)
class Chunks:
    """T ticks with the chunk that follows each."""

    shown: tuple[Tensor, ...]
    """Context, tracks, kinds, landmarks (T, ...)."""
    advice: Tensor
    """(4, T, A), by mirror, and so the weights."""
    weights: Tensor
    offsets: Tensor
    """(T, HORIZON, 2), in fifths of the window."""
    button: Tensor
    """(T, HORIZON)"""
    keys: Tensor
    """(T, HORIZON, K)"""
    usable: Tensor
    """Ticks with a whole chunk ahead, and a living ship."""


def chunks_of(labelled_episodes: list[LabelledEpisode], upstream: UpstreamPolicies) -> Chunks:
    """All lessons, one after the other."""

    def join(parts: list[np.ndarray], axis: int = 0) -> Tensor:
        return torch.from_numpy(np.concatenate(parts, axis=axis))

    advised = [upstream.conditioning(labelled) for labelled in labelled_episodes]
    offsets, buttons, keys, usable = [], [], [], []
    for labelled in labelled_episodes:
        cursor = np.stack([labelled.actions["cursor_x"], labelled.actions["cursor_y"]], axis=1)
        here = np.stack([labelled.observation.records["cursor_x"], labelled.observation.records["cursor_y"]], axis=1)
        ahead = np.minimum(np.arange(len(labelled))[:, None] + np.arange(HORIZON), len(labelled) - 1)
        offsets.append((OFFSET_SCALE * (cursor[ahead] - here[:, None])).astype(np.float32))
        buttons.append((labelled.actions["button"][ahead] != 0).astype(np.float32))
        down = (labelled.actions["keys"][ahead][..., None] >> np.arange(MAX_KEYS, dtype=np.uint32)) & 1
        keys.append(down.astype(np.float32))
        alive = labelled.observation.records["player"]["alive"] != 0
        usable.append(alive & (np.arange(len(labelled)) <= len(labelled) - HORIZON))
    encoded = [labelled.encoded for labelled in labelled_episodes]
    return Chunks(
        shown=tuple(
            join([getattr(one, name) for one in encoded]) for name in ("context", "tracks", "kinds", "landmarks")
        ),
        advice=join([advice for advice, _ in advised], axis=1),
        weights=join([weights for _, weights in advised], axis=1),
        offsets=join(offsets),
        button=join(buttons),
        keys=join(keys),
        usable=torch.nonzero(join(usable))[:, 0],
    )


class PerTickTask:
    """Every tick with the half second that follows it, in every mirror."""

    def __init__(self, train: Chunks, held_out: Chunks, model: PerTick) -> None:
        self.model, self._train, self._held_out = model, train, held_out
        self._signs = [torch.from_numpy(table) for table in mirror_sign_tables(CONTEXT_WIDTH)]

    @property
    def num_samples(self) -> int:
        """Ticks."""
        return len(self._train.usable)

    def loss(self, model: PerTick, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Negative log likelihood of a chunk, nats a tick."""
        mirror = torch.randint(0, NUM_MIRRORS, indices.shape, generator=generator)
        nats = self._nats(model, self._train, self._train.usable[indices], mirror).mean()
        return nats / HORIZON, {"nats": nats.detach()}

    def validate(self, model: PerTick) -> dict[str, float]:
        """The same on every fifth held-out tick; `accuracy` is what the curves call it."""
        found = [
            self._nats(model, self._held_out, ticks, torch.zeros_like(ticks))
            for ticks in torch.split(self._held_out.usable[::5], 2048)
        ]
        nats = float(torch.cat(found).mean()) / HORIZON
        return {"choice": -nats, "accuracy": -nats, "nats_a_tick": nats}

    def _nats(self, model: PerTick, chunks: Chunks, ticks: Tensor, mirror: Tensor) -> Tensor:
        context, tracks, kinds, landmarks = (part[ticks] for part in chunks.shown)
        signs = self._signs
        logits, said = model(
            context * signs[0][mirror],
            chunks.advice[mirror, ticks],
            tracks * signs[1][mirror][:, None],
            kinds,
            chunks.weights[mirror, ticks],
            landmarks * signs[2][mirror][:, None],
        )
        flips = torch.stack([1.0 - 2.0 * (mirror & 1), 1.0 - (mirror & 2)], dim=-1)
        offsets = (chunks.offsets[ticks] * flips[:, None])[:, None]
        log_scale = said[..., 2].clamp(*LOG_SCALES)
        off = (offsets - said[..., :2]).abs().sum(-1) / log_scale.exp()
        place = -off - 2.0 * log_scale  # Laplace, in x and y
        button = -functional.binary_cross_entropy_with_logits(
            said[..., 3], chunks.button[ticks][:, None].expand_as(said[..., 3]), reduction="none"
        )
        wanted = chunks.keys[ticks][:, None].expand_as(said[..., 4:])
        keys = -functional.binary_cross_entropy_with_logits(said[..., 4:], wanted, reduction="none").sum(-1)
        return -torch.logsumexp(torch.log_softmax(logits, dim=-1) + (place + button + keys).sum(-1), dim=-1)


@dataclass
class ChunkCarry:
    """What is being carried out."""

    levels: HierarchicalState
    random: np.random.Generator
    chunk: np.ndarray | None = None
    """(B, HORIZON, NUM_SAID), numbers and probabilities, and where the cursor was when it was drawn."""
    cursor: np.ndarray | None = None
    at: int = 0


class ChunkPilot(HierarchicalPolicy):
    """The slower levels as they are, and chunks in place of gestures."""

    def __init__(self, policies: PolicyBundle, profile: Profile, every: int, temperature: float) -> None:
        super().__init__(policies, profile)
        self._every, self._temperature = every, temperature
        self._now: ChunkCarry | None = None

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """A fresh memory for B worlds."""
        return ChunkCarry(super().start(seeds), np.random.default_rng(seeds))

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """One tick."""
        self._now = carry
        decision = super().decide(observation, carry.levels)
        return Decision(decision.action, decision.intent, carry)

    def _act(self, observation: Observation, output, carry: HierarchicalState) -> Action:  # type: ignore[no-untyped-def,override]
        now = self._now
        assert now is not None
        if now.chunk is None or now.at >= self._every:
            logits, chunks = (part.numpy() for part in output)
            chance = now.random.gumbel(size=logits.shape) * self._temperature
            now.chunk = chunks[np.arange(len(logits)), (logits + chance).argmax(axis=1)]
            now.cursor, now.at = observation.cursor.copy(), 0
        assert now.cursor is not None
        said, records = now.chunk[:, now.at], np.zeros(len(observation), ACTION)
        place = np.clip(now.cursor + said[:, :2] / OFFSET_SCALE, 0.0, 0.9999)
        records["cursor_x"], records["cursor_y"] = place[:, 0], place[:, 1]
        drawn = now.random.random((len(observation), 1 + MAX_KEYS)) < 1.0 / (1.0 + np.exp(-said[:, 3:]))
        records["button"] = drawn[:, 0]
        records["keys"] = (drawn[:, 1:] << np.arange(MAX_KEYS)).sum(axis=1)
        now.at += 1
        return Action(records)


def train(seed: int, arguments: argparse.Namespace) -> PerTick:
    """The trained chunks of one seed; what is there already is read."""
    folder: Path = arguments.out / f"{arguments.style}_{seed}"
    torch.manual_seed(seed)
    model = PerTick()
    if not (folder / BEST).exists() or not (folder / "done").exists():
        levels = load_policies(arguments.models)
        upstream, dataset = UpstreamPolicies(levels.strategist, levels.tactician), load_dataset(arguments.recordings)
        task = PerTickTask(chunks_of(dataset.train, upstream), chunks_of(dataset.validation, upstream), model)
        config = FitConfig(
            epochs=arguments.epochs,
            batch_size=512,
            lr=1e-3,
            gradient_clip=100.0,
            seed=seed,
            save_every=None,
            selection_metric="choice",
        )
        curve: dict[int, float] = {}
        result = fit(
            task,
            config,
            folder,
            CheckpointMeta(policy="per_tick", encoding=ENCODING),
            progress=lambda now: curve.update({now.epoch - 1: now.metrics.get("nats_a_tick", float("nan"))}),
        )
        told = ", ".join(f"{epoch}: {nats:.3f}" for epoch, nats in curve.items() if epoch % 5 == 0 and epoch)
        print(f"seed {seed}: best epoch {result.best_epoch} of {config.epochs}, {result.num_steps} steps")
        print(f"held-out nats a tick by epoch: {told}; best {result.metrics['nats_a_tick']:.3f}", flush=True)
        (folder / "done").touch()
    model.load_state_dict(load_checkpoint(folder / BEST, "per_tick", ENCODING).weights)
    return model.eval()


def main() -> None:
    """Trains, plays, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style")
    parser.add_argument("recordings", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--worlds", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--executions", nargs="*", default=list(EXECUTIONS))
    parser.add_argument("--out", type=Path, default=Path("out/per_tick"))
    smallest = ("hunter", "{recordings}", "{models}", "--epochs", "1", "--worlds", "4", "--seconds", "2")
    arguments = parser.parse_args(flags(*smallest, "--executions", "half chunks", "likeliest chunk"))
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    profile, levels = load_profile("darkorbit"), load_policies(arguments.models)
    seeds = seeds_for(Purpose.CHOOSE, arguments.worlds)
    for seed in arguments.seeds:
        policies = PolicyBundle(train(seed, arguments), levels.hand, levels.strategist, levels.tactician)  # type: ignore[arg-type]
        for name in arguments.executions:
            played = rollout(ChunkPilot(policies, profile, *EXECUTIONS[name]), seeds, arguments.seconds)
            half = 1.96 * played.scores.std() / len(played) ** 0.5
            rates = {event: played.per_minute(event).mean() for event in ("kills", "loot", "deaths")}
            print(
                f"{arguments.style} seed {seed}, {name}: score {played.scores.mean():.1f} +-{half:.1f}, "
                f"{rates['kills']:.1f} kills/min, {rates['loot']:.1f} boxes/min, {60 * rates['deaths']:.1f} deaths/h",
                flush=True,
            )


if __name__ == "__main__":
    main()
