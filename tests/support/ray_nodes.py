"""Nodes of a Ray cluster on this machine, for tests and benchmarks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

MOST_ATTEMPTS = 10
"""Ray gives a node 30 s to start, which on a busy machine may not do."""


@contextmanager
def head_node() -> Iterator[Any]:
    """Yields a `ray.cluster_utils.Cluster` of one node with one core."""
    from ray.cluster_utils import Cluster

    nodes = _patiently(
        lambda: Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    )
    try:
        yield nodes
    finally:
        nodes.shutdown()


def add_node(nodes: Any) -> Any:
    """Adds a node with one core; returns it."""
    return _patiently(lambda: nodes.add_node(num_cpus=1))


def _patiently(start: Callable[[], Any]) -> Any:
    for _ in range(MOST_ATTEMPTS - 1):
        try:
            return start()
        except Exception as refusal:  # Ray raises nothing more specific
            if "timed out during startup" not in str(refusal):
                raise
    return start()
