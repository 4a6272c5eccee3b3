"""Hot weight swap: loads and checks new checkpoints off the control thread and installs them between two ticks.

All three policies are replaced together or none. Their checkpoints are separate files, so a folder may briefly hold
the Strategist of one training run and the Executor of another: a set is loaded only if the Executor's lineage names
these two checkpoints or their ancestors. Weights that contain NaN or infinity are refused.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from understudy.contract.errors import CheckpointError
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry
from understudy.policies.checkpoint import BEST, load_checkpoint
from understudy.policies.inference_backend import InferenceBackend, Library, make_backend
from understudy.policies.policy_bundle import PolicyBundle, load_policies
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.runtime.latest_value import Latest

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
POLICIES = ("strategist", "tactician", "executor")
Stamp = tuple[tuple[int, int], ...]
"""Size and time of change of each checkpoint; (0, 0) for one that is not there."""


def identities(folder: Path) -> dict[str, str]:
    """Maps each policy that the Executor in the folder depends on to the identity of its weights.

    Raises:
        CheckpointError: if one is missing, incomplete, or not the one that the Executor was trained on.
    """
    executor = load_checkpoint(folder / "executor" / BEST, "executor")
    found = {"executor": executor.identity}
    for parent in executor.meta.lineage:
        if parent.what in POLICIES:
            level = load_checkpoint(folder / parent.what / BEST, parent.what)
            if not level.continues(parent.identity):
                raise CheckpointError(
                    f"{folder} holds the {parent.what} {level.identity}, but its executor was made from "
                    f"{parent.what} {parent.identity}: train the executor again."
                )
            found[parent.what] = level.identity
    return found


def require_finite_outputs(policies: PolicyBundle, name: str) -> None:
    """Refuses weights that are not finite.

    Raises:
        CheckpointError: if a weight is NaN or infinite.
    """
    for part in (policies.strategist, policies.tactician, policies.executor):
        if part is not None and not all(bool(torch.isfinite(weight).all()) for weight in part.state_dict().values()):
            raise CheckpointError(f"{name} holds weights that are not numbers: train again.")


@dataclass(frozen=True, kw_only=True)
class LoadedPolicies:
    """Policies that are loaded and checked, ready to be swapped in."""

    policies: PolicyBundle
    networks: InferenceBackend
    """Inference backend of these policies, compiled and ready to run."""
    identities: dict[str, str]


class CheckpointWatcher:
    """Polls a folder of checkpoints on its own thread and puts new policies into a mailbox."""

    def __init__(
        self,
        folder: Path,
        every_s: float = LOOK_EVERY_S,
        library: Library = "torch",
        profile: Profile | None = None,
    ) -> None:
        """Starts the thread; the checkpoints in the folder at this time count as known.

        Args:
            folder: with strategist, tactician and executor.
            every_s: seconds between two polls.
            library: inference library of the new policies; the backend is built on this thread.
            profile: of the game that is played; weights of another game are refused.
        """
        self.arrived: Latest[LoadedPolicies] = Latest()
        self._folder, self._every_s, self._library, self._profile = folder, every_s, library, profile
        self._known = _stamp(folder)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="checkpoint watcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops the thread and joins it."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            stamp = _stamp(self._folder)
            if stamp != self._known:
                self._known = stamp
                self._fetch()

    def _fetch(self) -> None:
        try:
            found = identities(self._folder)
            policies = load_policies(self._folder, profile=self._profile)
            require_finite_outputs(policies, str(self._folder))
            networks = make_backend(policies, self._library)
        except CheckpointError as problem:
            _log.info("new weights are not taken: %s", problem)
            return
        if _stamp(self._folder) == self._known:  # else they changed while they were read; the next poll loads them
            self.arrived.put(LoadedPolicies(policies=policies, networks=networks, identities=found))


def _stamp(folder: Path) -> Stamp:
    stamps = []
    for policy in POLICIES:
        try:
            status = (folder / policy / BEST).stat()
        except OSError:
            stamps.append((0, 0))
        else:
            stamps.append((status.st_size, status.st_mtime_ns))
    return tuple(stamps)


class WeightSwapper:
    """Installs loaded policies into a HierarchicalPolicy between two ticks; called by the thread that plays."""

    def __init__(
        self,
        hierarchy: HierarchicalPolicy,
        arrived: Latest[LoadedPolicies],
        on_swap: Callable[[dict[str, str]], None] = lambda identities: None,
    ) -> None:
        """Args:
        hierarchy: receives the new policies.
        arrived: mailbox of the loaded policies.
        on_swap: called with the identities of the new weights; must not block.
        """
        self._hierarchy, self._arrived, self._on_swap = hierarchy, arrived, on_swap
        self.num_swaps = 0

    def __call__(self, carry: Carry) -> bool:
        """Swaps in new policies, if there are any; returns whether it did."""
        new = self._arrived.take()
        if new is None:
            return False
        self._hierarchy.swap(new.policies, carry, new.networks)
        self.num_swaps += 1
        self._on_swap(new.identities)
        return True
