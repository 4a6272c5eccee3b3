"""Cache of what the slower levels say about cached episodes, computed once for given weights.

The levels run at 1 Hz and 5 Hz, so their runs are stored, in half precision and in all mirrors, and laid over the ticks
when an episode is used (policies/level_scheduler.py). A value is always read back from the file, so that a run that
computes it and a run that finds it train on the same numbers.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from understudy.contract.observation import MAX_TRACKS
from understudy.learning.data.cache.entry_file import Spec, TornEntryError, read_arrays, write_arrays
from understudy.learning.data.labelled_episode import NUM_MIRRORS, LabelledEpisode
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.policies.conditioning import CONDITIONING_WIDTH, STRATEGIST_TICKS, STRATEGY_WIDTH, TACTICIAN_TICKS
from understudy.policies.level_scheduler import follow_targets_of_session

_HALF = np.dtype(np.float16)
SPEC: Spec = {
    "strategy": (_HALF, (NUM_MIRRORS, STRATEGY_WIDTH)),  # a row for each run of the Strategist
    "conditioning": (_HALF, (NUM_MIRRORS, CONDITIONING_WIDTH)),  # a row for each run of the Tactician
    "target_probs": (_HALF, (NUM_MIRRORS, MAX_TRACKS)),
}


@dataclass(frozen=True)
class ConditioningCache(UpstreamPolicies):
    """Upstream policies whose outputs for cached episodes are kept beside their entries."""

    strategist_id: str = ""
    """Identity of the Strategist's weights; empty for none."""
    tactician_id: str = ""

    def strategist_outputs(self, labelled: LabelledEpisode) -> Float[np.ndarray, "4 T S"]:
        """Returns the mode probabilities and goal at each tick, for each mirror."""
        if labelled.entry is None:
            return super().strategist_outputs(labelled)
        path = _beside(labelled.entry, f"strategy_{self.strategist_id or 'none'}")
        found = _read(path, ["strategy"], -(-len(labelled) // STRATEGIST_TICKS))
        if found is None:
            outputs = super().strategist_outputs(labelled)
            write_arrays(path, {"strategy": _runs(outputs, STRATEGIST_TICKS)})
            found = _read(path, ["strategy"], -(-len(labelled) // STRATEGIST_TICKS))
            assert found is not None
        return _at_ticks(found["strategy"], STRATEGIST_TICKS, len(labelled))

    def conditioning(self, labelled: LabelledEpisode) -> tuple[Float[np.ndarray, "4 T A"], Float[np.ndarray, "4 T N"]]:
        """Returns the Executor's conditioning and the Tactician's target probabilities per tick and mirror."""
        if labelled.entry is None:
            return super().conditioning(labelled)
        path = _beside(labelled.entry, f"tactics_{self.strategist_id or 'none'}_{self.tactician_id or 'none'}")
        num_runs = -(-len(labelled) // TACTICIAN_TICKS)
        found = _read(path, ["conditioning", "target_probs"], num_runs)
        if found is None:
            conditioning, target_probs = super().conditioning(labelled)
            write_arrays(
                path,
                {
                    "conditioning": _runs(conditioning, TACTICIAN_TICKS),
                    "target_probs": _runs(target_probs, TACTICIAN_TICKS),
                },
            )
            found = _read(path, ["conditioning", "target_probs"], num_runs)
            assert found is not None
        return (
            _at_ticks(found["conditioning"], TACTICIAN_TICKS, len(labelled)),
            _follow(found["target_probs"], labelled.observation.records["tracks"]["id"]),
        )


def _beside(entry: str, name: str) -> Path:
    path = Path(entry)
    return path.with_name(f"{path.stem}_{name}.npz")


def _read(path: Path, names: list[str], num_runs: int) -> dict[str, np.ndarray] | None:
    try:
        found = read_arrays(path, SPEC, names)
    except TornEntryError:
        return None
    whole = found.keys() == set(names) and all(len(values) == num_runs for values in found.values())
    return found if whole else None


def _runs(values: Float[np.ndarray, "4 T W"], period: int) -> Float[np.ndarray, "D 4 W"]:
    return np.ascontiguousarray(values[:, ::period].swapaxes(0, 1)).astype(np.float16)


def _at_ticks(runs: Float[np.ndarray, "D 4 W"], period: int, num_ticks: int) -> Float[np.ndarray, "4 T W"]:
    return np.ascontiguousarray(runs.swapaxes(0, 1)[:, np.arange(num_ticks) // period])


def _follow(runs: Float[np.ndarray, "D 4 N"], track_ids: np.ndarray) -> Float[np.ndarray, "4 T N"]:
    single = runs.astype(np.float32)
    views = [follow_targets_of_session(np.ascontiguousarray(single[:, view]), track_ids) for view in range(NUM_MIRRORS)]
    return np.stack(views).astype(np.float16)
