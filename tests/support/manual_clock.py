"""A clock that a test moves by hand."""


class ManualClock:
    """Time moves only by `work` and by sleeping, which ends `oversleep_s` late."""

    def __init__(self, oversleep_s: float = 0.0) -> None:
        self.time_s = 100.0
        self.oversleep_s = oversleep_s

    def now_s(self) -> float:
        return self.time_s

    def sleep_until(self, time_s: float) -> None:
        if time_s > self.time_s:
            self.time_s = time_s + self.oversleep_s

    def work(self, seconds: float) -> None:
        self.time_s += seconds
