"""The progress of a new game: kept between two commands, and forgotten from a step on that is done again."""

from pathlib import Path

import pytest

from understudy.cli.new_game.game_folder import GameFolder
from understudy.contract.errors import FlagError


def test_steps_that_are_done_stay_done_in_the_next_command(tmp_path: Path) -> None:
    folder = GameFolder(tmp_path / "pond", "pond")
    assert folder.next_step == "window"
    folder.finish("window", "The pond.", "Pond - a game")
    folder.finish("play", "Two minutes.")
    again = GameFolder(tmp_path / "pond", "pond")
    assert (again.next_step, again.progress.window_title) == ("discover", "Pond - a game")


def test_what_builds_on_a_step_that_is_done_again_is_not_done_any_more(tmp_path: Path) -> None:
    folder = GameFolder(tmp_path, "pond")
    for step in ("window", "play", "discover", "kinds"):
        folder.finish(step, "Done.")  # type: ignore[arg-type]
    folder.finish("play", "More play.")
    assert folder.next_step == "discover"
    folder.redo_from("window")
    assert folder.next_step == "window" and not folder.progress.done


@pytest.mark.parametrize(
    "content",
    ["", "{", '{"format": 2, "name": "pond"}', '{"format": 1, "name": "pond", "done": {"dance": ""}}', '{"name": 3}'],
)
def test_progress_that_cannot_be_read_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "progress.json").write_text(content)
    with pytest.raises(FlagError, match=r"progress\.json cannot be read"):
        GameFolder(tmp_path, "pond")


def test_a_folder_of_another_game_is_refused(tmp_path: Path) -> None:
    GameFolder(tmp_path, "pond").finish("window", "The pond.")
    with pytest.raises(FlagError, match="holds the game 'pond', not 'lake'"):
        GameFolder(tmp_path, "lake")
