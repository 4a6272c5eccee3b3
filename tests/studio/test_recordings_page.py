"""The studio's recordings: list, timeline, cut, tags and the bin."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.support.recorded_pictures import needs_pyav, rendered_recording
from tests.support.studio_client import studio_client, taught_session
from tests.support.synthetic_episodes import made_up
from understudy.contract.intent import INTENT
from understudy.recordings.store import find_recordings, read_episode, write_episode
from understudy.studio.session_view import TICK, SessionView


def key_of(client: TestClient) -> str:
    """Key of the only recording."""
    (key,) = re.findall(r'data-key="(\w+)"', client.get("/recordings").text)
    return str(key)


def test_the_list_shows_length_actors_and_health(tmp_path: Path) -> None:
    taught_session(tmp_path / "recordings" / "one.mcap")
    with studio_client(tmp_path) as client:
        key = key_of(client)
        found = client.get(f"/recordings/summary?key={key}").json()
        assert found["seconds"] == pytest.approx(60.0, abs=0.1)
        assert "1:00" in found["cells"] and "teacher 100 %" in found["cells"] and "badge" in found["cells"]
        assert "teacher 100 %" in client.get("/recordings").text, "what was read once stands in the list"


def test_a_damaged_recording_hides_no_other_and_is_named(tmp_path: Path) -> None:
    taught_session(tmp_path / "recordings" / "one.mcap")
    (tmp_path / "recordings" / "two.mcap").write_bytes(b"nothing")
    with studio_client(tmp_path) as client:
        keys = re.findall(r'data-key="(\w+)"', client.get("/recordings").text)
        cells = [client.get(f"/recordings/summary?key={key}").json()["cells"] for key in keys]
        assert sum("unreadable" in one for one in cells) == 1
        broken = keys[["unreadable" in one for one in cells].index(True)]
        assert client.get(f"/recordings/session?key={broken}").status_code == 404


def test_the_timeline_holds_the_episode(tmp_path: Path) -> None:
    path = taught_session(tmp_path / "recordings" / "one.mcap")
    episode = read_episode(path)
    with studio_client(tmp_path) as client:
        key = key_of(client)
        page = client.get(f"/recordings/session?key={key}").text
        settings = json.loads(re.search(r'id="settings">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
        assert settings["num_ticks"] == 1200
        assert [200, "mark", "marked (F2)"] in settings["events"]
        kills = [event for event in settings["events"] if event[1] == "kills"]
        assert len(kills) == np.count_nonzero(episode.observations["events"]["kills"])
        lanes = client.get(f"/recordings/lanes?key={key}&first=0&last=1200&bins=300").json()
        assert len(lanes["actor"]) == len(lanes["did"]) == 300 and "modes" not in lanes
        reach = np.frombuffer(client.get(f"/recordings/ticks?key={key}&first=0&last=1200&bins=300").content, TICK)
        assert np.allclose(reach["seconds"], [tick / 20 for tick in lanes["at"]]), "what a pointer can reach"
        rows = np.frombuffer(client.get(f"/recordings/ticks?key={key}&first=1150&count=128").content, TICK)
        assert len(rows) == 50, "the end of the session"
        seen = episode.observations[1150:]
        assert np.allclose(rows["cursor_x"], seen["cursor_x"]) and (rows["actor"] == 3).all()
        assert (rows["tracks"]["id"] == seen["tracks"]["id"]).all()
        occupied = seen["tracks"]["id"] > 0
        x = rows["tracks"]["x"] / 65534 * 2 - 0.5
        inside = occupied & (np.abs(seen["tracks"]["x"] - 0.5) < 1)
        assert np.allclose(x[inside], seen["tracks"]["x"][inside], atol=1e-4)
        assert client.get(f"/recordings/ticks?key={key}&first=99999999&count=128").content == b""
        for wrong in ("first=-1", "first=x", "first=1e9"):
            assert client.get(f"/recordings/ticks?key={key}&{wrong}").status_code == 404


def test_any_numbers_can_be_shown(tmp_path: Path) -> None:
    write_episode(made_up(300, with_intents=True), tmp_path / "recordings" / "odd.mcap")
    with studio_client(tmp_path) as client:
        key = key_of(client)
        assert client.get(f"/recordings/session?key={key}").status_code == 200
        assert client.get(f"/recordings/lanes?key={key}").status_code == 200
        assert len(client.get(f"/recordings/ticks?key={key}&first=0&count=128").content) == 128 * TICK.itemsize


def test_a_click_on_another_object_than_the_policy_meant_is_a_disagreement(tmp_path: Path) -> None:
    episode = read_episode(taught_session(tmp_path / "one.mcap"))
    view = SessionView(episode)
    gestures = view.labels.gestures[view.labels.gestures["track_id"] > 0]
    assert len(view.disagreements) == 0, "without intents nothing is meant"
    intents = np.zeros(len(episode), INTENT)
    for gesture in gestures[1:]:
        intents["target_id"][gesture["onset"]] = gesture["track_id"]
    assert SessionView(episode, intents).disagreements.tolist() == [gestures[0]["onset"]]


def test_a_cut_keeps_the_part_and_the_old_file(tmp_path: Path) -> None:
    path = taught_session(tmp_path / "recordings" / "one.mcap")
    whole = read_episode(path)
    with studio_client(tmp_path) as client:
        key = key_of(client)
        for first, last in ((0, 1200), (5, 5), (-1, 4), (0, 1201)):
            refused = client.post("/recordings/cut", json={"key": key, "what": "keep", "first": first, "last": last})
            assert refused.status_code == 400 and refused.json()["error"]
        done = client.post("/recordings/cut", json={"key": key, "what": "remove", "first": 100, "last": 300})
        assert done.json()["said"].endswith("one.mcap.before.")
        assert len(read_episode(path)) == 1000
        done = client.post("/recordings/cut", json={"key": key, "what": "keep", "first": 100, "last": 600})
        assert done.status_code == 200
        kept = read_episode(path)
        assert len(kept) == 500 and not kept.losses
        assert kept.observations.tobytes() == whole.observations[300:800].tobytes()
        assert len(find_recordings(path.parent)) == 1
        old = path.with_name("one.mcap.before").rename(tmp_path / "old.mcap")
        assert len(read_episode(old)) == 1200


def test_tags_stand_beside_the_recording_and_in_the_list(tmp_path: Path) -> None:
    path = taught_session(tmp_path / "recordings" / "one.mcap")
    with studio_client(tmp_path) as client:
        key = key_of(client)
        done = client.post("/recordings/tags", json={"key": key, "tags": "good, <b>boss</b>, good"})
        assert done.json() == {"tags": ["good", "<b>boss</b>"]}
        page = client.get("/recordings").text
        assert "&lt;b&gt;boss" in page and "<b>boss" not in page
        for wrong in ("x" * 41, ",".join(map(str, range(21))), "a\nb"):
            assert client.post("/recordings/tags", json={"key": key, "tags": wrong}).status_code == 400
        client.post("/recordings/tags", json={"key": key, "tags": ""})
        assert not path.with_name("one.tags.json").exists()


def test_what_is_deleted_is_found_by_no_verb_and_comes_back_whole(tmp_path: Path) -> None:
    path = taught_session(tmp_path / "recordings" / "one.mcap")
    content = path.read_bytes()
    with studio_client(tmp_path) as client:
        key = key_of(client)
        client.post("/recordings/tags", json={"key": key, "tags": "good"})
        assert client.post("/recordings/delete", json={"key": key}).status_code == 200
        assert not path.exists() and not list((tmp_path / "recordings").rglob("*.mcap"))
        page = client.get("/recordings").text
        assert "Put back" in page and key not in page
        assert client.post("/recordings/restore", json={"number": 0, "name": "other.mcap"}).status_code == 400
        assert client.post("/recordings/restore", json={"number": 0, "name": "one.mcap"}).status_code == 200
        assert path.read_bytes() == content and path.with_name("one.tags.json").exists()
        assert client.post("/recordings/delete", json={"key": "0" * 16}).status_code == 400


def test_the_bin_is_no_link(tmp_path: Path) -> None:
    path = taught_session(tmp_path / "recordings" / "one.mcap")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "recordings" / ".bin").symlink_to(tmp_path / "elsewhere")
    with studio_client(tmp_path) as client:
        assert client.post("/recordings/delete", json={"key": key_of(client)}).status_code == 400
        assert path.exists() and not list((tmp_path / "elsewhere").iterdir())


@needs_pyav
def test_recorded_pictures_are_shown_by_their_tick(tmp_path: Path) -> None:
    rendered_recording(tmp_path / "recordings" / "one.mcap", 60)
    with studio_client(tmp_path) as client:
        key = key_of(client)
        exact = client.get(f"/recordings/picture?key={key}&tick=50")
        assert exact.headers["content-type"] == "image/jpeg" and exact.headers["x-tick"] == "50"
        near = client.get(f"/recordings/picture?key={key}&tick=50&exact=0")
        assert int(near.headers["x-tick"]) in (0, 40), "the keyframe before it"
        assert client.get(f"/recordings/picture?key={key}&tick=60").status_code == 204
