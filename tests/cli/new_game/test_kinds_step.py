"""Naming what was found: answers, suggestions, and the profile that comes of them."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.found_objects import found_kind, made_up_discovery, write_made_up
from tests.support.named_readings import unread
from tests.support.synthetic_episodes import made_up
from understudy.cli.main import main
from understudy.cli.new_game.game_folder import GameFolder
from understudy.cli.new_game.kinds_step import answered, suggestion_for
from understudy.contract.errors import FlagError
from understudy.contract.game.readings import GaugeRole
from understudy.contract.observation import Role
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent
from understudy.contract.screen_layout import Bar
from understudy.contract.serialization import read_toml
from understudy.contract.toml_writer import to_toml
from understudy.perception.discovery.discovery_files import read_discovery, write_description
from understudy.policies.click_semantics import MAX_KINDS
from understudy.policies.declared.feature_layout import layout_of
from understudy.recordings.key_selection import COMMON_KEYS
from understudy.recordings.store import write_episode
from understudy.worlds.catalog import load_profile


@pytest.fixture
def folder(tmp_path: Path) -> GameFolder:
    """A game that was played and searched, with nothing named yet."""
    folder = GameFolder(tmp_path / "pond", "pond")
    profile = replace(unread(load_profile("darkorbit")), name="pond", keys=COMMON_KEYS, click_keys=(), kinds=())
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
    assert (
        "Those that look the same you merge: --again kinds" in GameFolder(folder.folder, "pond").progress.done["kinds"]
    )
    profile = load_profile(str(folder.profile))
    assert profile == read_toml(Profile, folder.profile), "the steps after this one read it in the same process"
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
    answers = ["wasp:MONSTER", "wasp:ENEMY:many", "wasp:enemy:5", "=9", "=0", "-", "", "fuel:LOOT", "fuel:store"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n" * 5))
    assert name_all(folder) == 0
    printed = capsys.readouterr().out
    assert "ROLE one of ENEMY" in printed and "'many' was given" in printed and "There is no kind 9" in printed
    profile = read_toml(Profile, folder.profile)
    assert [(kind.name, kind.role, kind.value) for kind in profile.kinds] == [("wasp", Role.ENEMY, 5.0)]
    assert "'fuel:LOOT' was given where NAME:ROLE was expected" in printed
    assert [(gauge.name, gauge.role) for gauge in profile.gauges if isinstance(gauge.reading, Bar)] == [
        ("hp", GaugeRole.VITAL),
        ("fuel", GaugeRole.STORE),
    ]


def test_who_leaves_in_the_middle_keeps_the_answers(folder: GameFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("wasp:ENEMY:5\n"))
    assert name_all(folder) == 2
    assert read_discovery(folder.discovery).kind(0).name == "wasp"
    assert suggestion_for(read_discovery(folder.discovery).kind(0)) == "wasp:ENEMY:5"


def test_more_kinds_than_the_policies_have_places_for_lose_the_least_clicked(
    folder: GameFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    many = tuple(found_kind(number, num_clicks=5 + number % 40) for number in range(MAX_KINDS + 8))
    write_description(folder.discovery, replace(read_discovery(folder.discovery), kinds=many, bars=()))
    assert name_all(folder, "--unattended") == 0
    profile = load_profile(str(folder.profile))
    assert len(profile.kinds) == MAX_KINDS and layout_of(profile), "training takes it"
    assert "kind_0" not in {kind.name for kind in profile.kinds} and profile.kinds[-1].name == "kind_39"
    assert "kind_0, kind_1, kind_2, kind_3, kind_4, kind_5, kind_6, kind_7. To keep" in capsys.readouterr().out


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
