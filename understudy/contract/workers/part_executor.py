"""Chooses what carries the parts of a command out."""

import contextlib
from collections.abc import Iterator

from understudy.contract.workers.ray_cluster import RayCluster
from understudy.contract.workers.worker_pool import InProcess, LocalProcesses, PartExecutor


@contextlib.contextmanager
def part_executor(processes: int, cluster: str | None = None) -> Iterator[PartExecutor]:
    """Yields an executor for so many parts at the same time; whatever ends the block early ends its processes at once.

    Args:
        processes: 1 carries the parts out in this process.
        cluster: address of a Ray cluster (see ray_cluster.py), which has processes of its own; None for none.

    Raises:
        FlagError: if there is no such cluster.
        MissingExtraError: for a cluster without Ray.
    """
    executor: PartExecutor
    if cluster is not None:
        executor = RayCluster(cluster)
    else:
        executor = InProcess() if processes <= 1 else LocalProcesses(processes)
    try:
        yield executor
    except BaseException:
        executor.kill()
        raise
    executor.shutdown()
