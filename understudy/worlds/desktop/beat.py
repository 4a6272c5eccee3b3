"""The beat of a game that does not wait: ticks at absolute deadlines; what there was no time for is left out."""

from collections.abc import Callable

from understudy.contract.observation import TICK_S

LONGEST_GAP_S = 1.0
"""A longer standstill (a suspended machine) does not count as missed ticks."""


class Beat:
    """Counts the ticks of one game. Belongs to the thread that plays."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Args:
        clock: monotonic seconds.
        """
        self._clock, self._start_s = clock, clock()
        self.num_ticks, self.num_missed = 0, 0
        """All of them, and those that were left out."""

    @property
    def end_s(self) -> float:
        """When the present tick is over."""
        return self._start_s + TICK_S

    def restart(self) -> None:
        """A tick begins now; what went by is no missed one."""
        self._start_s = self._clock()

    def next(self) -> None:
        """The tick is over, perhaps a while ago."""
        late_s = self._clock() - self.end_s
        if late_s > LONGEST_GAP_S:
            self._start_s += late_s
            late_s = 0.0
        missed = max(0, int(late_s / TICK_S))
        self._start_s += TICK_S * (1 + missed)
        self.num_ticks += 1 + missed
        self.num_missed += missed
