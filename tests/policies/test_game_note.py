"""Weights of one game are refused on another, by name."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.small_policies import write_brain
from understudy.contract.errors import CheckpointError
from understudy.contract.observation import Role
from understudy.contract.profile import GameNote, Kind
from understudy.policies.checkpoint import load_checkpoint, save_checkpoint
from understudy.policies.encoder import ENCODING
from understudy.policies.policy_bundle import load_policies, require_game
from understudy.worlds.catalog import load_profile

PROFILE = load_profile()


def test_weights_of_another_game_are_refused_with_both_names() -> None:
    pond = GameNote(name="pond", keys=("space",), kinds=("duck", "bread"))
    with pytest.raises(CheckpointError, match=r"strategist was trained for the game 'pond'.*profile 'darkorbit'"):
        require_game({"strategist": pond}, PROFILE)
    other_kinds = replace(PROFILE.note, kinds=("duck",))
    with pytest.raises(CheckpointError, match="kinds duck"):
        require_game({"executor": other_kinds}, PROFILE)


def test_the_same_game_under_another_name_or_with_more_at_the_end_is_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    note = PROFILE.note
    require_game({"executor": replace(note, name="copy")}, PROFILE)
    more = replace(PROFILE, kinds=(*PROFILE.kinds, Kind(name="other_ship", role=Role.PLAYER)))
    require_game({"executor": note}, more)
    assert not caplog.records


def test_weights_without_a_note_are_accepted_with_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    require_game({"strategist": GameNote(), "executor": GameNote()}, PROFILE)
    assert len(caplog.records) == 1 and "strategist, executor" in caplog.text


def test_the_note_is_kept_on_disk_and_judged_when_the_policies_are_loaded(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models", seed=1)
    path = models / "executor" / "best_model.pt"
    executor = load_checkpoint(path, "executor", ENCODING)
    assert executor.meta.game == GameNote()
    save_checkpoint(path, replace(executor, meta=replace(executor.meta, game=PROFILE.note)))
    assert load_checkpoint(path, "executor", ENCODING).meta.game == PROFILE.note
    load_policies(models, profile=PROFILE)
    with pytest.raises(CheckpointError, match="executor was trained for the game 'darkorbit'"):
        load_policies(models, profile=replace(PROFILE, name="pond", keys=("space",)))
