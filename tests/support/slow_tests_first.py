"""Order and distribution of the tests over the workers of pytest-xdist."""

import pytest
from xdist.scheduler import LoadFileScheduling

ALONE = ("tests/test_benchmarks.py",)
"""Files whose tests share nothing and take minutes: each test goes to the next free worker."""


class SlowTestsFirst(LoadFileScheduling):
    """Gives whole files to the workers, in the order of collection, but single tests of the files in ALONE."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(ALONE) else super()._split_scope(nodeid)


def put_slow_files_first(items: list[pytest.Item]) -> None:
    """Moves files that hold slow tests to the front, so that at the end no worker waits for another."""
    slow_files = {item.path for item in items if item.get_closest_marker("slow") is not None}
    items.sort(key=lambda item: (item.path not in slow_files, not item.nodeid.startswith(ALONE)))
