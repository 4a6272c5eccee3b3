"""What a gate decided and on what evidence; without torch, so that verbs which only print it start quickly."""

from dataclasses import dataclass

from understudy.evaluation.comparison.paired_test import InterimLook


@dataclass(frozen=True, kw_only=True)
class GateVerdict:
    """Whether the candidate is promoted, with the evidence."""

    promote: bool
    """Whether the candidate is promoted."""
    reason: str
    """One sentence with the figures."""
    first_seed: int | None = None
    """First of consecutive seeds, one for each pair; None if nothing was played."""
    seconds: float = 0.0
    """Game time in each world."""
    live: bool = False
    """Whether the policies took turns in one live world."""
    looks: tuple[InterimLook, ...] = ()
    """One for each block of pairs; the verdict rests on the last."""

    @property
    def num_pairs(self) -> int:
        """Number of worlds played by both."""
        return self.looks[-1].num_pairs if self.looks else 0

    @property
    def numbers(self) -> dict[str, float]:
        """The figures of the last look, for the audit log."""
        if not self.looks:
            return {}
        last = self.looks[-1]
        return {name: float(getattr(last, name)) for name in InterimLook.__dataclass_fields__}
