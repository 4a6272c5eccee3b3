"""Behaviour-cloning task of the Tactician: the person's target, and the ship's displacement in two seconds (route)."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from understudy.contract.observation import MAX_TRACKS
from understudy.learning.data.episodes import episodes_of
from understudy.learning.data.labelled_episode import NUM_MIRRORS, LabelledEpisode, mirror_sign_tables
from understudy.learning.data.parts import PART_TICKS, PartLoader, split_into_parts
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.policies.conditioning import TACTICIAN_TICKS
from understudy.policies.tactician import Tactician

ROUTE_WEIGHT = 2.0
_CHUNK = 2048


class TacticianTask:
    """One tick of every TACTICIAN_TICKS, at a random phase."""

    def __init__(
        self,
        labelled_episodes: Sequence[LabelledEpisode],
        held_out: Sequence[LabelledEpisode],
        model: Tactician,
        device: torch.device,
        upstream: UpstreamPolicies,
        most_ticks: int | None = PART_TICKS,
    ) -> None:
        """Args: most_ticks: ticks of play that are in memory at once; None for all."""
        self.model = model
        episodes = episodes_of(labelled_episodes)
        summaries = episodes.summaries
        parts = split_into_parts([each.num_ticks for each in summaries], most_ticks)
        self.part_sizes = [sum(summaries[number].num_taught for number in part) // TACTICIAN_TICKS for part in parts]
        self._loader = PartLoader(lambda part: _Samples((episodes[number] for number in parts[part]), device, upstream))
        self.enter_part(0, None)
        self._held_out = _Samples(held_out, device, upstream)
        context, tracks, _ = mirror_sign_tables(model.config.layout.width)
        self._context_signs = torch.from_numpy(context).to(device)
        self._track_signs = torch.from_numpy(tracks).to(device)

    @property
    def num_samples(self) -> int:
        """Number of decisions, one per TACTICIAN_TICKS ticks."""
        return sum(self.part_sizes)

    def enter_part(self, part: int, upcoming: int | None) -> None:
        """Makes `part` the one that `loss` draws from; `upcoming` comes after it."""
        self._train = self._loader.get(part, upcoming)

    def loss(self, model: Tactician, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy of the target and smooth L1 (Huber) error of the route."""
        phase = torch.randint(0, TACTICIAN_TICKS, indices.shape, generator=generator, device=indices.device)
        ticks_B = indices * TACTICIAN_TICKS + phase
        mirror_B = torch.randint(0, NUM_MIRRORS, indices.shape, generator=generator, device=indices.device)
        said = self._ask(model, self._train, ticks_B, mirror_B)
        target_loss = functional.cross_entropy(said.target_logits, self._train.targets[ticks_B])
        flips = torch.stack([1.0 - 2.0 * (mirror_B & 1), 1.0 - (mirror_B & 2)], dim=-1)
        route_loss = functional.smooth_l1_loss(said.route, self._train.routes[ticks_B] * flips, beta=0.1)
        total = target_loss + ROUTE_WEIGHT * route_loss
        return total, {"target_loss": target_loss.detach(), "route_loss": route_loss.detach()}

    def _ask(self, model: Tactician, samples: "_Samples", ticks_B: Tensor, mirror_B: Tensor):  # type: ignore[no-untyped-def]
        return model(
            samples.context[ticks_B] * self._context_signs[mirror_B],
            samples.strategies[mirror_B, ticks_B].float(),
            samples.tracks[ticks_B] * self._track_signs[mirror_B][:, None],
            samples.kinds[ticks_B].long(),
        )

    def validate(self, model: Tactician) -> dict[str, float]:
        """Computes target accuracy (baseline: nearest object or none), accuracy with a target, and route error."""
        samples, right, right_targets, targets, error, still, log_loss = self._held_out, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        ticks = torch.arange(0, len(samples.targets), TACTICIAN_TICKS, device=samples.targets.device)
        for chunk in torch.split(ticks, _CHUNK):
            said = self._ask(model, samples, chunk, torch.zeros_like(chunk))
            truth = samples.targets[chunk]
            guess = said.target_logits.argmax(-1)
            right += float((guess == truth).sum())
            right_targets += float(((guess == truth) & (truth < MAX_TRACKS)).sum())
            targets += float((truth < MAX_TRACKS).sum())
            log_loss += float(functional.cross_entropy(said.target_logits, truth, reduction="sum"))
            error += float((said.route - samples.routes[chunk]).norm(dim=-1).sum())
            still += float(samples.routes[chunk].norm(dim=-1).sum())
        accuracy = right / len(ticks)
        baseline = float((_nearest_baseline(samples)[ticks] == samples.targets[ticks]).float().mean())
        return {
            "accuracy": accuracy,
            "accuracy_baseline": baseline,
            "target_accuracy": accuracy,
            "target_accuracy_baseline": baseline,
            "target_recall": right_targets / max(targets, 1.0),
            "target_log_loss": log_loss / len(ticks),
            "route_error": error / len(ticks),
            "route_error_baseline": still / len(ticks),
            "choice": -log_loss / len(ticks),
        }


def _nearest_baseline(samples: "_Samples") -> Tensor:
    """Returns the trivial prediction: the nearest object, none where no object is visible."""
    return torch.where(samples.kinds[:, 0] > 0, 0, MAX_TRACKS)


class _Samples:
    """Concatenated training ticks of all sessions on a device."""

    def __init__(
        self, labelled_episodes: Iterable[LabelledEpisode], device: torch.device, upstream: UpstreamPolicies
    ) -> None:
        parts = [_columns(labelled, upstream) for labelled in labelled_episodes]
        gathered = [
            torch.from_numpy(np.concatenate(column, axis=int(name == "strategies"))).to(device)
            for name, column in zip(_COLUMNS, zip(*parts, strict=True), strict=True)
        ]
        self.context, self.tracks, self.kinds, self.targets, self.routes, self.strategies = gathered


_COLUMNS = ("context", "tracks", "kinds", "targets", "routes", "strategies")


def _columns(labelled: LabelledEpisode, upstream: UpstreamPolicies) -> tuple[np.ndarray, ...]:
    """Returns the training targets of one episode, in the order of _COLUMNS; the last is of shape (4, T, S)."""
    ticks, encoded = labelled.taught_ticks, labelled.encoded
    kind_type = np.int8 if encoded.context.dtype == np.float16 else np.int64
    return (
        encoded.context[ticks],
        encoded.tracks[ticks],
        encoded.kinds[ticks].astype(kind_type, copy=False),
        labelled.labels.targets[ticks],
        labelled.labels.routes[ticks],
        upstream.strategist_outputs(labelled)[:, ticks],
    )
