"""Kinds of a discovery in the studio: names, roles, merges, and what a terminal changes meanwhile."""

import os
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.found_objects import made_up_discovery, write_made_up
from tests.support.studio_client import studio_client
from understudy.contract.observation import Role
from understudy.perception.discovery.discovery_files import read_discovery, write_description
from understudy.perception.discovery.edits import name_kind
from understudy.studio.kinds.discovery_store import DiscoveryStore


class Page:
    """The page's requests, with the key and the version that it shows."""

    def __init__(self, client: TestClient, folder: Path) -> None:
        self._client = client
        (row,) = DiscoveryStore(lambda: (folder,)).rows()
        self.key = row.key
        self.state = self.read()

    def read(self) -> dict[str, Any]:
        """What the page shows now."""
        found: dict[str, Any] = self._client.get(f"/kinds/list?key={self.key}").json()
        return found

    def send(self, what: str, **values: Any) -> str:
        """Sends a change; returns the sentence of a refusal."""
        answer = self._client.post(
            f"/kinds/{what}", json={"key": self.key, "version": self.state["version"], **values}
        ).json()
        if "error" in answer:
            return str(answer["error"])
        self.state = answer
        return ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A discovery of three kinds and two bars."""
    write_made_up(tmp_path / "discovery")
    return tmp_path / "discovery"


def test_a_kind_gets_name_role_and_points_and_each_change_is_taken_back(folder: Path) -> None:
    with studio_client(folder.parent) as client:
        page = Page(client, folder)
        assert [kind["count"] for kind in page.state["kinds"]] == [40, 40, 40]
        assert [kind["role"] for kind in page.state["kinds"]] == ["ENEMY", "LOOT", "LOOT"]
        assert page.send("name", id=0, name=" wasp ", role="PLAYER", value=2.5) == ""
        assert page.send("throw", id=2, thrown_away=True) == ""
        assert page.send("bar", number=1, gauge="hp") == ""
        now = read_discovery(folder)
        assert (now.kind(0).name, now.kind(0).role, now.kind(0).value) == ("wasp", Role.PLAYER, 2.5)
        assert now.kind(2).thrown_away
        assert [bar.chosen_gauge for bar in now.bars] == [None, "hp"]
        for _ in range(3):
            assert page.send("undo") == ""
        assert read_discovery(folder) == made_up_discovery()
        assert "nothing to take back" in page.send("undo")


def test_a_bar_gets_any_name_and_role_and_an_empty_name_takes_them_away(folder: Path) -> None:
    with studio_client(folder.parent) as client:
        page = Page(client, folder)
        assert page.send("bar", number=1, gauge="fuel", role="STORE") == ""
        assert [(bar["gauge"], bar["role"]) for bar in page.state["bars"]] == [("hp", "VITAL"), ("fuel", "STORE")]
        assert page.send("bar", number=1, gauge="fuel_2") == ""
        assert page.state["bars"][1]["role"] == "PLAIN"
        assert page.send("bar", number=1, gauge=" ") == ""
        assert page.state["bars"][1]["gauge"] == "none"


def test_merged_kinds_are_counted_together_and_separated(folder: Path) -> None:
    with studio_client(folder.parent) as client:
        page = Page(client, folder)
        assert page.send("merge", id=1, into=2) == ""
        assert page.send("merge", id=2, into=0) == ""
        (kind,) = page.state["kinds"]
        assert kind["count"] == 120
        assert sorted(part["id"] for part in kind["parts"]) == [1, 2]
        assert "cannot be merged into itself" in page.send("merge", id=0, into=1)
        assert page.send("merge", id=2, into=None) == ""
        assert [(kind["id"], len(kind["parts"])) for kind in page.state["kinds"]] == [(0, 0), (2, 1)]


def test_an_answer_in_a_terminal_meanwhile_is_not_lost(folder: Path) -> None:
    with studio_client(folder.parent) as client:
        page = Page(client, folder)
        write_description(folder, name_kind(read_discovery(folder), 0, "wasp"))
        assert "changed meanwhile" in page.send("name", id=1, name="coin", role="LOOT", value=1)
        assert [kind.name for kind in read_discovery(folder).kinds] == ["wasp", None, None]
        page.state = page.read()
        assert page.send("name", id=1, name="wasp", role="LOOT", value=1).startswith("Another kind is called")
        assert page.send("name", id=1, name="coin", role="LOOT", value=1) == ""


def test_what_a_terminal_answered_after_a_change_is_not_taken_back_with_it(folder: Path) -> None:
    with studio_client(folder.parent) as client:
        page = Page(client, folder)
        assert page.send("name", id=1, name="coin", role="LOOT", value=1) == ""
        assert page.state["can_take_back"]
        write_description(folder, name_kind(read_discovery(folder), 0, "wasp"))
        page.state = page.read()
        assert not page.state["can_take_back"]
        assert "nothing to take back" in page.send("undo")
        assert [kind.name for kind in read_discovery(folder).kinds] == ["wasp", "coin", None]


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("name", {"id": 0, "name": "x", "role": "DANCER", "value": 1}),
        ("name", {"id": 0, "name": "x\n", "role": "LOOT", "value": "1"}),
        ("name", {"id": 9, "name": "x", "role": "LOOT", "value": 1}),
        ("name", {"id": 0, "name": "x", "role": "LOOT", "value": 1e300}),
        ("throw", {"id": 0, "thrown_away": 1}),
        ("merge", {"id": 0, "into": 0}),
        ("merge", {"id": 0, "into": "1"}),
        ("bar", {"number": 7, "gauge": "hp"}),
        ("bar", {"number": 0, "gauge": "am mo"}),
        ("bar", {"number": 0, "gauge": "ammo", "role": "LOOT"}),
    ],
)
def test_what_is_no_change_is_refused_in_one_sentence_and_nothing_is_written(
    folder: Path, what: str, values: dict[str, Any]
) -> None:
    with studio_client(folder.parent) as client:
        assert Page(client, folder).send(what, **values).endswith(".")
    assert read_discovery(folder) == made_up_discovery()


def test_tiles_are_pictures_of_the_folder_alone(folder: Path) -> None:
    with studio_client(folder.parent) as client:
        page = Page(client, folder)
        answer = client.get(f"/kinds/tile?key={page.key}&id=1")
        assert answer.headers["content-type"] == "image/png" and answer.content[:4] == b"\x89PNG"
        assert client.get(f"/kinds/tile?key={page.key}&id=7").status_code == 404
        (folder.parent / "secret.png").write_bytes((folder / "tiles" / "0.png").read_bytes())
        (folder / "tiles" / "1.png").unlink()
        os.symlink(folder.parent / "secret.png", folder / "tiles" / "1.png")
        assert client.get(f"/kinds/tile?key={page.key}&id=1").status_code == 404
        assert client.get("/kinds/list?key=0").status_code == 404


def test_names_are_escaped_and_an_empty_folder_says_how_to_get_one(folder: Path, tmp_path: Path) -> None:
    write_description(folder, name_kind(read_discovery(folder), 0, "<b>wasp"))
    with studio_client(tmp_path) as client:
        assert "<b>wasp" not in client.get("/kinds").text
        (folder / "discovery.json").write_text("{", encoding="utf-8")
        assert client.get("/kinds", headers={"accept": "text/html"}).status_code == 404
        (folder / "discovery.json").unlink()
        assert "understudy new-game NAME" in client.get("/kinds").text
