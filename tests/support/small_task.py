"""A real, small task for the tests of the loop: a GRU that tells rising from falling noisy sequences."""

import torch
from torch import Tensor, nn

from understudy.policies.checkpoint import CheckpointMeta

META = CheckpointMeta(policy="tactician", encoding="small-1", config={"width": 8}, data_hash="d1")


class SmallModel(nn.Module):
    """Recurrent, with dropout, so that random state and carried optimiser state both matter."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(1, 8, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(8, 2)

    def forward(self, sequences_BT1: Tensor) -> Tensor:
        return self.head(self.dropout(self.gru(sequences_BT1)[0][:, -1]))


class SmallTask:
    """Sequences on the device; augmentation (noise) comes from the generator that `fit` hands in."""

    def __init__(self, num_samples: int = 256, device: str = "cpu") -> None:
        self.device = torch.device(device)
        generator = torch.Generator().manual_seed(1)
        slope = torch.rand(num_samples + 128, generator=generator) * 2 - 1
        time = torch.linspace(0, 1, 12)
        noise = 0.3 * torch.randn(len(slope), 12, generator=generator)
        self.sequences = (slope[:, None] * time + noise)[..., None].to(self.device)
        self.labels = (slope > 0).long().to(self.device)
        self.num_samples = num_samples
        torch.manual_seed(2)
        self.model = SmallModel().to(self.device)

    def loss(self, model: nn.Module, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        assert model.training and indices.dtype == torch.int64
        sequences = self.sequences[indices]
        noise = torch.randn(sequences.shape, generator=generator, device=self.device)
        logits = model(sequences + 0.1 * noise)
        accuracy = (logits.argmax(-1) == self.labels[indices]).float().mean()
        return nn.functional.cross_entropy(logits, self.labels[indices]), {"accuracy": accuracy}

    def validate(self, model: nn.Module) -> dict[str, float]:
        assert not model.training and not torch.is_grad_enabled()
        logits = model(self.sequences[self.num_samples :])
        labels = self.labels[self.num_samples :]
        share = float(labels.float().mean())
        return {
            "accuracy": float((logits.argmax(-1) == labels).float().mean()),
            "accuracy_baseline": max(share, 1 - share),
            "loss": float(nn.functional.cross_entropy(logits.float(), labels)),
        }
