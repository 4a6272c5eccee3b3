"""Behaviour-cloning task of the Strategist: mode and summary of the next ten seconds, at each second of a window."""

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor
from torch.nn import functional

from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.observation import TICK_RATE_HZ
from understudy.learning.data.labelled_episode import NUM_MIRRORS, LabelledEpisode, mirror_sign_tables
from understudy.policies.strategist import FUTURE_WAY, NUM_FUTURE, Strategist

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
        labelled_episodes: list[LabelledEpisode],
        held_out: list[LabelledEpisode],
        model: Strategist,
        device: torch.device,
    ) -> None:
        self.model = model
        self._window_ticks = model.config.window_s * TICK_RATE_HZ
        usable = [labelled for labelled in labelled_episodes if len(labelled) >= self._window_ticks]
        self._train = _Track(usable, device)
        self._held_out = [_Track([labelled], device) for labelled in held_out]
        starts = self._train.window_starts(self._window_ticks, STRIDE_S * TICK_RATE_HZ)
        self._starts = starts[self._train.some_taught(starts, self._window_ticks)]
        self._signs = torch.from_numpy(mirror_sign_tables()[0]).to(device)
        futures = self._train.futures[self._train.taught]
        self._future_mean, self._future_std = futures.mean(0), futures.std(0).clamp(min=1e-3)

    @property
    def num_samples(self) -> int:
        """Number of windows."""
        return len(self._starts)

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
        most_common = int(torch.bincount(self._train.modes[self._train.taught], minlength=NUM_MODES).argmax())
        metrics = {
            "accuracy": float((guess == truth).float().mean()),
            "accuracy_baseline": float((truth == most_common).float().mean()),
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
        said = model(context_SF[None, first : begin + half])
        logits.append(said.mode_logits[0, begin - first :])
        futures.append(said.future[0, begin - first :])
    return torch.cat(logits), torch.cat(futures)


class _Track:
    """Concatenated sessions on a device."""

    def __init__(self, labelled_episodes: list[LabelledEpisode], device: torch.device) -> None:
        self.lengths = [len(labelled) for labelled in labelled_episodes]
        self.context = torch.from_numpy(np.concatenate([x.encoded.context for x in labelled_episodes])).to(device)
        self.modes = torch.from_numpy(np.concatenate([x.labels.modes for x in labelled_episodes])).to(device)
        self.futures = torch.from_numpy(np.concatenate([x.labels.future_summary for x in labelled_episodes])).to(device)
        self.taught = torch.zeros(len(self.modes), dtype=torch.bool, device=device)
        offsets = np.cumsum([0, *self.lengths])[:-1]
        ticks = [offset + labelled.taught_ticks for offset, labelled in zip(offsets, labelled_episodes, strict=True)]
        self.taught[torch.from_numpy(np.concatenate(ticks)).to(device)] = True

    def window_starts(self, window: int, stride: int) -> Tensor:
        """Returns the first ticks of windows that lie within one session."""
        starts, offset = [], 0
        for length in self.lengths:
            starts.append(np.arange(offset, offset + length - window + 1, stride))
            offset += length
        return torch.from_numpy(np.concatenate(starts)).to(self.context.device)

    def some_taught(self, starts: Tensor, window: int) -> Tensor:
        """Returns which windows contain a training target, for shifts of up to half a stride."""
        margin = STRIDE_S * TICK_RATE_HZ // 2 + TICK_RATE_HZ
        count = torch.nn.functional.pad(self.taught.cumsum(0), (1, 0))
        low, high = starts + margin, (starts + window - margin).clamp(max=len(self.taught))
        return torch.gt(count[high], count[low])

    def clamp(self, start_B: Tensor, shifted_B: Tensor, window: int) -> Tensor:
        """Keeps shifted windows inside the session of the unshifted one."""
        offsets = torch.tensor(np.cumsum([0, *self.lengths]), device=start_B.device)
        session = torch.searchsorted(offsets, start_B, right=True) - 1
        return shifted_B.clamp(offsets[session], offsets[session + 1] - window)
