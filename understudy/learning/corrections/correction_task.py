"""The training task of the Strategist on corrections, with rehearsal of the base recordings against forgetting.

A corrected sample is an input window with one label at its end; a rehearsed one is a minute of the base recordings with
a label at every second, exactly as in training. Both are in every epoch. Rehearsal: Robins 1995.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from understudy.learning.corrections.aggregation import LabelledMoments
from understudy.learning.data.labelled_episode import NUM_MIRRORS, LabelledEpisode, mirror_sign_tables
from understudy.learning.supervised.strategist_task import LABEL_SMOOTHING, StrategistTask
from understudy.policies.strategist import Strategist, StrategistConfig

CORRECTION_WEIGHT = 2.0
"""Weight of a correction relative to an agreement: corrections are rarer and more informative."""


class CorrectionTask:
    """Samples are the reviewed moments, followed by windows of the base recordings."""

    def __init__(
        self,
        reviewed: LabelledMoments,
        validation: LabelledMoments,
        base: Sequence[LabelledEpisode],
        held_out: Sequence[LabelledEpisode],
        model: Strategist,
        device: torch.device,
    ) -> None:
        """Args:
        reviewed: reviewed moments to train on.
        validation: reviewed moments to validate on.
        base: base recordings to rehearse.
        held_out: base recordings that no policy was trained on.
        model: the Strategist to fine-tune.
        device: of model and samples.
        """
        self.model = model
        self._rehearsal = StrategistTask(base, held_out, model, device, most_ticks=None)
        self._reviewed = _MomentTensors(reviewed, model.config, device)
        self._kept_back = _MomentTensors(validation, model.config, device)
        self._signs = torch.from_numpy(mirror_sign_tables(model.config.layout.width)[0]).to(device)

    @property
    def num_samples(self) -> int:
        """Number of reviewed moments and rehearsed windows."""
        return len(self._reviewed) + self._rehearsal.num_samples

    def loss(self, model: Strategist, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns smoothed cross-entropy at the end of reviewed moments, weighted, plus the base task's loss."""
        is_judged = indices < len(self._reviewed)
        total = torch.zeros((), device=indices.device)
        parts: dict[str, Tensor] = {}
        if bool(is_judged.any()):
            loss = self._judged_loss(model, indices[is_judged], generator)
            total = total + loss * is_judged.float().mean()
            parts["correction_loss"] = loss.detach()
        if not bool(is_judged.all()):
            loss, extras = self._rehearsal.loss(model, indices[~is_judged] - len(self._reviewed), generator)
            total = total + loss * (~is_judged).float().mean()
            parts |= extras
        return total, parts

    def _judged_loss(self, model: Strategist, rows_B: Tensor, generator: torch.Generator) -> Tensor:
        moments = self._reviewed
        mirror_B = torch.randint(0, NUM_MIRRORS, rows_B.shape, generator=generator, device=rows_B.device)
        said = model(moments.windows[rows_B] * self._signs[mirror_B][:, None])
        logits_BM = said.mode_logits[torch.arange(len(rows_B), device=rows_B.device), moments.ends[rows_B]]
        losses = functional.cross_entropy(
            logits_BM, moments.modes[rows_B], label_smoothing=LABEL_SMOOTHING, reduction="none"
        )
        return (losses * moments.weights[rows_B]).mean()

    def validate(self, model: Strategist) -> dict[str, float]:
        """Returns agreement with the reviewer on the validation moments, and the base task's metrics.

        `choice` is the mean of the two accuracies: a Strategist that has learnt the corrections and forgotten the rest
        is no better than one that has learnt nothing.
        """
        metrics = self._rehearsal.validate(model)
        corrected, agreed = self._kept_back.agreement(model)
        metrics["corrections_followed"] = corrected
        metrics["agreements_kept"] = agreed
        metrics["choice"] = (corrected + agreed + metrics["accuracy"]) / 3.0
        return metrics


class _MomentTensors:
    """Reviewed moments on a device; padding follows the end of shorter windows, which a causal model does not see."""

    def __init__(self, reviewed: LabelledMoments, config: StrategistConfig, device: torch.device) -> None:
        windows = np.zeros((len(reviewed), config.window_s, config.layout.width), np.float32)
        ends = np.zeros(len(reviewed), np.int64)
        for row, window in enumerate(reviewed.windows):
            latest = window[-config.window_s :]
            windows[row, : len(latest)] = latest
            ends[row] = len(latest) - 1
        weights = reviewed.weights * np.where(reviewed.is_correction, CORRECTION_WEIGHT, 1.0)
        self.windows = torch.from_numpy(windows).to(device)
        self.ends = torch.from_numpy(ends).to(device)
        self.modes = torch.from_numpy(reviewed.modes).to(device)
        self.differs = torch.from_numpy(reviewed.is_correction).to(device)
        self.weights = torch.from_numpy((weights / max(float(weights.mean()), 1e-9)).astype(np.float32)).to(device)

    def __len__(self) -> int:
        return len(self.modes)

    @torch.no_grad()
    def agreement(self, model: Strategist) -> tuple[float, float]:
        """Returns the accuracy on corrections and on agreements; 0 where there are none."""
        right = [
            model(self.windows[rows]).mode_logits[torch.arange(len(rows)), self.ends[rows]].argmax(-1)
            == self.modes[rows]
            for rows in torch.split(torch.arange(len(self), device=self.modes.device), 64)
        ]
        same = torch.cat(right) if right else torch.zeros(0, dtype=torch.bool, device=self.modes.device)
        return _share(same[self.differs]), _share(same[~self.differs])


def _share(right: Tensor) -> float:
    return float(right.float().mean()) if len(right) else 0.0
