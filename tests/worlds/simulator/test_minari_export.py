import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from tests.support.named_readings import unread
from understudy.contract.errors import RecordingError
from understudy.recordings.store import read_episode
from understudy.worlds.simulator import minari_export
from understudy.worlds.simulator.gym_env import DEATH_COST
from understudy.worlds.simulator.gym_spaces import actions_from, features, numbers_from
from understudy.worlds.simulator.minari_export import export_minari

pq = pytest.importorskip("pyarrow.parquet", reason="pip install 'understudy[datasets]' to test data sets")

FIXTURES = Path(__file__).resolve().parents[2] / "golden" / "data" / "fixtures" / "recordings"
EPISODE = read_episode(FIXTURES / "teacher_hunter.mcap")[:400]
PROFILE = EPISODE.info.profile


def read(folder: Path, number: int) -> tuple[dict[str, Any], Any]:
    """Returns the metadata and the table of an episode."""
    place = folder / "data" / str(number)
    return json.loads((place / "metadata.json").read_text(encoding="utf-8")), pq.read_table(place / "part-0.parquet")


def test_an_episode_holds_the_observations_actions_and_rewards_of_the_gymnasium_environment(tmp_path: Path) -> None:
    assert export_minari([EPISODE, EPISODE[:50]], tmp_path / "hunter-v0") == (2, 399 + 49)
    metadata, table = read(tmp_path / "hunter-v0", 0)
    assert (metadata["total_steps"], len(table)) == (399, 400)
    observed = table["observations"].combine_chunks()
    for name, part in features(EPISODE.observations, PROFILE).items():
        stored = np.stack(observed.field(name).to_numpy(zero_copy_only=False))
        assert np.array_equal(stored, part.reshape(400, -1)), name
    actions = np.stack(table["actions"].to_numpy())
    assert np.array_equal(actions_from(actions, PROFILE)["keys"], EPISODE.actions["keys"])
    events = EPISODE.observations["events"]
    rewards = table["rewards"].to_numpy()
    assert rewards[7] == events["value"][8] - DEATH_COST * events["deaths"][8]
    assert rewards.sum() == (events["value"] - DEATH_COST * events["deaths"])[1:].sum() > 0
    assert np.flatnonzero(table["truncations"].to_numpy()).tolist() == [398]


def test_the_metadata_names_the_data_set_its_spaces_and_the_environment(tmp_path: Path) -> None:
    export_minari([EPISODE], tmp_path / "hunter-v0")
    metadata = json.loads((tmp_path / "hunter-v0/data/metadata.json").read_text(encoding="utf-8"))
    assert metadata["dataset_id"] == "hunter-v0"
    space = gymnasium.make(gymnasium.envs.registration.EnvSpec.from_json(metadata["env_spec"])).observation_space
    stored = json.loads(metadata["observation_space"])["subspaces"]
    assert {name: tuple(part["shape"]) for name, part in stored.items()} == {
        name: part.shape for name, part in space.spaces.items()
    }
    export_minari([replace(EPISODE, info=replace(EPISODE.info, world="replay"))], tmp_path / "other-v0")
    assert "env_spec" not in json.loads((tmp_path / "other-v0/data/metadata.json").read_text(encoding="utf-8"))


def test_actions_become_numbers_and_come_back() -> None:
    numbers = numbers_from(EPISODE.actions, PROFILE)
    again = actions_from(numbers, PROFILE)
    assert np.abs(numbers).max() <= 1
    assert np.allclose(again["cursor_x"], EPISODE.actions["cursor_x"], atol=1e-6)
    assert np.array_equal(again["keys"], EPISODE.actions["keys"])
    assert np.array_equal(again["button"] == 1, EPISODE.actions["button"] == 1)


def test_a_pause_begins_another_episode_and_so_does_the_longest_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    observations = EPISODE.observations.copy()
    observations["time_s"][100:] += 60
    observations["time_s"][101:] += 60
    paused = replace(EPISODE, observations=observations)
    assert export_minari([paused], tmp_path / "paused-v0") == (2, 99 + 298)
    monkeypatch.setattr(minari_export, "MAX_STEPS", 200)
    assert export_minari([EPISODE], tmp_path / "long-v0") == (2, 399)
    assert [read(tmp_path / "long-v0", number)[0]["total_steps"] for number in range(2)] == [200, 199]


def test_what_makes_no_data_set_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    other = replace(EPISODE, info=replace(EPISODE.info, profile=replace(PROFILE, name="other")))
    blind = replace(EPISODE, info=replace(EPISODE.info, world="desktop", profile=unread(PROFILE)))
    with pytest.raises(RecordingError, match="different games"):
        export_minari([EPISODE, other], tmp_path / "a-v0")
    with pytest.raises(RecordingError, match="outcomes of darkorbit cannot be seen"):
        export_minari([blind], tmp_path / "a-v0")
    with pytest.raises(RecordingError, match="like hunter-v0"):
        export_minari([EPISODE], tmp_path / "hunter")
    with pytest.raises(RecordingError, match="no step"):
        export_minari([EPISODE[:1]], tmp_path / "a-v0")
    assert list(tmp_path.iterdir()) == []
