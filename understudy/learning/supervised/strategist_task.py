"""Behaviour-cloning task of the Strategist: mode and summary of the next ten seconds, at each second of a window."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Int64
from torch import Tensor
from torch.nn import functional

from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.observation import TICK_RATE_HZ
from understudy.learning.data.episodes import EpisodeSummary, episodes_of
from understudy.learning.data.labelled_episode import NUM_MIRRORS, LabelledEpisode, mirror_sign_tables
from understudy.learning.data.parts import PART_TICKS, PartLoader, split_into_parts
from understudy.policies.conditioning import FUTURE_WAY, NUM_FUTURE
from understudy.policies.strategist import Strategist

STRIDE_S = 10
"""Stride of the windows, seconds; each draw is shifted by a random fraction of it."""
LABEL_SMOOTHING = 0.1
FUTURE_WEIGHT = 0.5
UNTAUGHT = -100
"""Mode label of seconds that are context only (ignored by the loss)."""


class StrategistTask:
    """Windows of contexts at 1 Hz with a mode and a future at each second."""

    def __init__(
        self,
        labelled_episodes: Sequence[LabelledEpisode],
        held_out: Sequence[LabelledEpisode],
        model: Strategist,
        device: torch.device,
        most_ticks: int | None = PART_TICKS,
    ) -> None:
        """Args: most_ticks: ticks of play that are in memory at once; None for all."""
        self.model = model
        self._device = device
        self._window_ticks = model.config.window_s * TICK_RATE_HZ
        self._episodes = episodes_of(labelled_episodes)
        summaries = self._episodes.summaries
        usable = [number for number, each in enumerate(summaries) if each.num_ticks >= self._window_ticks]
        parts = split_into_parts([summaries[number].num_ticks for number in usable], most_ticks)
        self._parts = [[usable[number] for number in part] for part in parts]
        self.part_sizes = [len(self._starts_of(part)) for part in self._parts]
        self._loader = PartLoader(lambda number: _Track((self._episodes[each] for each in self._parts[number]), device))
        self._held_out = [_Track([labelled], device) for labelled in held_out]
        self._signs = torch.from_numpy(mirror_sign_tables(model.config.layout.width)[0]).to(device)
        self.enter_part(0, None)
        self._future_mean, self._future_std, self._most_common = self._label_statistics(summaries)

    @property
    def num_samples(self) -> int:
        """Number of windows."""
        return sum(self.part_sizes)

    def enter_part(self, part: int, upcoming: int | None) -> None:
        """Makes `part` the one that `loss` draws from; `upcoming` comes after it."""
        self._train = self._loader.get(part, upcoming)
        self._starts = torch.from_numpy(self._starts_of(self._parts[part])).to(self._device)

    def _starts_of(self, part: list[int]) -> Int64[np.ndarray, " W"]:
        """Returns the first ticks of a part's windows: those that hold a training target, each within one episode."""
        summaries, starts, offset = self._episodes.summaries, [np.zeros(0, np.int64)], 0
        for number in part:
            length, mask = summaries[number].num_ticks, self._episodes.train_mask(number)
            found = np.arange(0, length - self._window_ticks + 1, STRIDE_S * TICK_RATE_HZ)
            starts.append(offset + found[_some_taught(found, length, mask, self._window_ticks)])
            offset += length
        return np.concatenate(starts)

    def _label_statistics(self, summaries: Sequence[EpisodeSummary]) -> tuple[Tensor, Tensor, int]:
        """Returns mean and standard deviation of the future, and the most common mode, over all training targets."""
        if len(self._parts) == 1:
            futures = self._train.futures[self._train.taught]
            modes = torch.bincount(self._train.modes[self._train.taught], minlength=NUM_MODES)
            return futures.mean(0), futures.std(0).clamp(min=1e-3), int(modes.argmax())
        chosen = [summaries[number] for part in self._parts for number in part]
        count = sum(each.num_taught for each in chosen)
        total, squares = (
            np.sum([getattr(each, name) for each in chosen], axis=0) for name in ("future_sum", "future_square_sum")
        )
        mean = total / count
        spread = np.sqrt(np.maximum(squares / count - mean**2, 0.0) * count / max(count - 1, 1))
        counts = np.sum([each.mode_counts for each in chosen], axis=0)
        as_tensors = [torch.from_numpy(values.astype(np.float32)).to(self._device) for values in (mean, spread)]
        return as_tensors[0], as_tensors[1].clamp(min=1e-3), int(counts.argmax())

    def loss(self, model: Strategist, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy of modes (smoothed) and smooth L1 (Huber) error of the future, at every second."""
        start_B = self._starts[indices]
        shift_B = torch.randint(-TICK_RATE_HZ * STRIDE_S // 2, TICK_RATE_HZ * STRIDE_S // 2, start_B.shape,
                                generator=generator, device=start_B.device)  # fmt: skip
        start_B = self._train.clamp(start_B, start_B + shift_B, self._window_ticks)
        seconds = torch.arange(0, self._window_ticks, TICK_RATE_HZ, device=start_B.device)
        ticks_BT = start_B[:, None] + seconds
        mirror_B = torch.randint(0, NUM_MIRRORS, start_B.shape, generator=generator, device=start_B.device)
        said = model(self._train.context[ticks_BT] * self._signs[mirror_B][:, None])
        taught_BT = self._train.taught[ticks_BT]
        modes_BT = torch.where(taught_BT, self._train.modes[ticks_BT], UNTAUGHT)
        mode_loss = functional.cross_entropy(
            said.mode_logits.flatten(0, 1), modes_BT.flatten(), label_smoothing=LABEL_SMOOTHING, ignore_index=UNTAUGHT
        )
        wanted = (self._train.futures[ticks_BT] - self._future_mean) / self._future_std
        wanted = wanted * _mirror_future(mirror_B)[:, None]
        future_loss = functional.smooth_l1_loss(said.future[taught_BT], wanted[taught_BT])
        total = mode_loss + FUTURE_WEIGHT * future_loss
        return total, {"mode_loss": mode_loss.detach(), "future_loss": future_loss.detach()}

    def validate(self, model: Strategist) -> dict[str, float]:
        """Computes mode accuracy, recall per mode and explained variance of the future, with trivial baselines."""
        predicted, true, future_error, future_spread = [], [], 0.0, 0.0
        for track in self._held_out:
            logits, future = _predict_windows(model, track.context[::TICK_RATE_HZ])
            wanted = (track.futures[::TICK_RATE_HZ] - self._future_mean) / self._future_std
            predicted.append(logits.argmax(-1))
            true.append(track.modes[::TICK_RATE_HZ])
            future_error += float(((future - wanted) ** 2).sum())
            future_spread += float((wanted**2).sum())
        guess, truth = torch.cat(predicted), torch.cat(true)
        metrics = {
            "accuracy": float((guess == truth).float().mean()),
            "accuracy_baseline": float((truth == self._most_common).float().mean()),
            "future_explained": 1.0 - future_error / max(future_spread, 1e-9),
        }
        metrics["mode_accuracy"] = metrics["accuracy"]
        metrics["mode_accuracy_baseline"] = metrics["accuracy_baseline"]
        for mode in Mode:
            of_mode = truth == mode
            if bool(of_mode.any()):
                metrics[f"recall_{mode.name}"] = float((guess[of_mode] == mode).float().mean())
        return metrics

    def confusion(self, model: Strategist) -> Int64[np.ndarray, "M M"]:
        """Returns the confusion matrix of held-out seconds: true mode (row), predicted mode (column)."""
        table = np.zeros((NUM_MODES, NUM_MODES), np.int64)
        for track in self._held_out:
            guess = _predict_windows(model, track.context[::TICK_RATE_HZ])[0].argmax(-1)
            np.add.at(table, (track.modes[::TICK_RATE_HZ].cpu().numpy(), guess.cpu().numpy()), 1)
        return table


def _mirror_future(mirror_B: Tensor) -> Tensor:
    """Returns the signs of the future summary: the ship's displacement flips with the mirror."""
    signs = torch.ones(len(mirror_B), NUM_FUTURE, device=mirror_B.device)
    signs[:, FUTURE_WAY] = 1.0 - 2.0 * (mirror_B & 1)
    signs[:, FUTURE_WAY + 1] = 1.0 - (mirror_B & 2)
    return signs


@torch.no_grad()
def _predict_windows(model: Strategist, context_SF: Tensor) -> tuple[Tensor, Tensor]:
    """Predicts mode logits and futures at each second of a session, from half a window or more."""
    window, half = model.config.window_s, model.config.window_s // 2
    logits, futures = [], []
    for begin in range(0, len(context_SF), half):
        first = max(begin + half - window, 0)
        said = model(context_SF[None, first : begin + half].float())
        logits.append(said.mode_logits[0, begin - first :])
        futures.append(said.future[0, begin - first :])
    return torch.cat(logits), torch.cat(futures)


def _some_taught(
    starts: Int64[np.ndarray, " W"], length: int, mask: Bool[np.ndarray, " T"] | None, window: int
) -> Bool[np.ndarray, " W"]:
    """Returns which windows contain a training target, for shifts of up to half a stride."""
    margin = STRIDE_S * TICK_RATE_HZ // 2 + TICK_RATE_HZ
    count = np.append(0, np.cumsum(np.ones(length, bool) if mask is None else mask))
    return np.asarray(count[np.minimum(starts + window - margin, length)] > count[np.minimum(starts + margin, length)])


def _columns(labelled: LabelledEpisode) -> tuple[np.ndarray, ...]:
    """Returns contexts, modes, futures and the mask of training targets of one episode."""
    taught = np.zeros(len(labelled), bool)
    taught[labelled.taught_ticks] = True
    return labelled.encoded.context, labelled.labels.modes, labelled.labels.future_summary, taught


class _Track:
    """Concatenated sessions on a device."""

    def __init__(self, labelled_episodes: Iterable[LabelledEpisode], device: torch.device) -> None:
        """Args: labelled_episodes: of which one at a time is in memory as a whole."""
        columns = [_columns(labelled) for labelled in labelled_episodes]
        context, modes, futures, taught = zip(*columns, strict=True)
        self.lengths = [len(each) for each in context]
        self.context = torch.from_numpy(np.concatenate(context)).to(device)
        self.modes = torch.from_numpy(np.concatenate(modes)).to(device)
        self.futures = torch.from_numpy(np.concatenate(futures)).to(device)
        self.taught = torch.from_numpy(np.concatenate(taught)).to(device)

    def clamp(self, start_B: Tensor, shifted_B: Tensor, window: int) -> Tensor:
        """Keeps shifted windows inside the session of the unshifted one."""
        offsets = torch.tensor(np.cumsum([0, *self.lengths]), device=start_B.device)
        session = torch.searchsorted(offsets, start_B, right=True) - 1
        return shifted_B.clamp(offsets[session], offsets[session + 1] - window)
