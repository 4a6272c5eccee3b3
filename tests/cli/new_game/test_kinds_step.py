"""Naming what was found: answers, suggestions, and the profile that comes of them."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.found_objects import made_up_discovery, write_made_up
from tests.support.synthetic_episodes import made_up
from understudy.cli.main import main
from understudy.cli.new_game.game_folder import GameFolder
from understudy.cli.new_game.kinds_step import answered, suggestion_for
from understudy.contract.errors import FlagError
from understudy.contract.observation import Role
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent
from understudy.contract.serialization import read_toml
from understudy.contract.toml_writer import to_toml
from understudy.perception.discovery.discovery_files import read_discovery
from understudy.recordings.key_selection import COMMON_KEYS
from understudy.recordings.store import write_episode
from understudy.worlds.catalog import load_profile


@pytest.fixture
def folder(tmp_path: Path) -> GameFolder:
    """A game that was played and searched, with nothing named yet."""
    folder = GameFolder(tmp_path / "pond", "pond")
    profile = replace(load_profile("darkorbit"), name="pond", keys=COMMON_KEYS, click_keys=(), kinds=(), eye=None)
    for step in ("window", "play", "discover"):
        folder.finish(step, "Done.")  # type: ignore[arg-type]
    folder.profile.write_text(to_toml(profile))
    presses = tuple(InputEvent(1.0 + 0.1 * number, "press", "space", 0.5, 0.5) for number in range(5))
    episode = made_up(30)
    write_episode(
        replace(episode, info=replace(episode.info, profile=profile), inputs=presses), folder.play / "one.mcap"
    )
    write_made_up(folder.discovery)
    return folder


def name_all(folder: GameFolder, *more: str) -> int:
    return main(["new-game", "pond", "--folder", str(folder.folder), "--until", "kinds", *more])


def test_nobody_answers_and_what_is_suggested_is_taken(folder: GameFolder) -> None:
    assert name_all(folder, "--unattended") == 0
    profile = read_toml(Profile, folder.profile)
    assert [(kind.role, kind.value) for kind in profile.kinds] == [
        (Role.ENEMY, 1.0),
        (Role.LOOT, 1.0),
        (Role.LOOT, 1.0),
    ]
    assert profile.keys == ("space",), "those that were pressed"
    assert GameFolder(folder.folder, "pond").next_step == "detector"


def test_a_person_names_merges_and_throws_away_and_wrong_answers_are_asked_again(
    folder: GameFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ["wasp:MONSTER", "wasp:ENEMY:many", "wasp:enemy:5", "=9", "=0", "-", "", "-"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n" * 5))
    assert name_all(folder) == 0
    printed = capsys.readouterr().out
    assert "ROLE one of ENEMY" in printed and "'many' was given" in printed and "There is no kind 9" in printed
    profile = read_toml(Profile, folder.profile)
    assert [(kind.name, kind.role, kind.value) for kind in profile.kinds] == [("wasp", Role.ENEMY, 5.0)]


def test_who_leaves_in_the_middle_keeps_the_answers(folder: GameFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("wasp:ENEMY:5\n"))
    assert name_all(folder) == 2
    assert read_discovery(folder.discovery).kind(0).name == "wasp"
    assert suggestion_for(read_discovery(folder.discovery).kind(0)) == "wasp:ENEMY:5"


def test_without_a_kind_there_is_no_profile(folder: GameFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = folder.profile.read_bytes()
    monkeypatch.setattr("sys.stdin", io.StringIO("-\n" * 9))
    assert name_all(folder) == 2
    assert folder.profile.read_bytes() == before


@pytest.mark.parametrize(
    "text", ["", "wasp", "wasp:", ":ENEMY", "wasp:ENEMY:nan", "wasp:NONE", "=", "=x", "a\nb:ENEMY"]
)
def test_an_answer_that_says_nothing_is_refused(text: str) -> None:
    discovery = made_up_discovery()
    with pytest.raises(FlagError):
        answered(discovery, discovery.kinds[0], text)


def test_what_gets_a_good_part_of_all_clicks_is_taken_for_loot() -> None:
    kind = replace(made_up_discovery().kinds[2], suggested_role=None, clicked_share=0.6)
    assert suggestion_for(kind) == "kind_2:LOOT:1"
    assert suggestion_for(replace(kind, clicked_share=0.01)) == "kind_2:OTHER:0"
    assert suggestion_for(replace(kind, role=Role.OTHER)) == "kind_2:OTHER:0", "a person has said so"
