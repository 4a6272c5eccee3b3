"""Every verb that prints a result prints it as its schema says with --json, and nothing else on the standard output."""

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.support.command_types import command_types
from tests.support.json_results import json_of
from tests.support.perturbed_candidates import put_up, write_brain
from tests.support.review_moments import PROFILE
from tests.support.review_moments import record as moment
from understudy.cli.main import main
from understudy.cli.record import record_teacher
from understudy.cli.results.json_output import RESULTS, JsonFlag, to_json_line
from understudy.cli.show.images import write_picture
from understudy.contract.intent import Mode
from understudy.feedback.correction import Correction
from understudy.feedback.correction_log import CorrectionLog
from understudy.feedback.state_snapshot import describe
from understudy.learning.detector.synthetic_scenes import random_scenes
from understudy.worlds.catalog import load_profile


@pytest.fixture
def recorded(working_folder: Path) -> list[Path]:
    return record_teacher("hunter", 1.0, 0, Path("data/recordings"), sessions=2)


def test_every_verb_that_prints_a_result_has_a_schema_and_no_other() -> None:
    with_json = {str(command) for command in command_types() if issubclass(command.type, JsonFlag)}
    assert len(with_json) == len(RESULTS) - 1, "the doctor has two"


def test_recordings_are_listed_described_checked_exported_and_repaired(
    recorded: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    recorded[1].write_bytes(recorded[1].read_bytes()[: recorded[1].stat().st_size // 2])
    Path("data/recordings/none.mcap").write_bytes(b"nonsense")
    listed = json_of(capsys, "recordings list", code=1)
    assert [Path(one["path"]).name for one in listed["recordings"]] == [path.name for path in recorded]
    assert [one["state"] for one in listed["recordings"]] == ["whole", "torn"]
    assert listed["recordings"][0]["minutes"] == pytest.approx(0.5)
    (unusable,) = listed["unusable"]
    assert unusable["path"].endswith("none.mcap") and unusable["problem"]
    info = json_of(capsys, "recordings info", code=1)["recordings"]
    assert (info[0]["num_ticks"], info[0]["rate_hz"], info[0]["actor_shares"]) == (
        600,
        pytest.approx(20),
        {"teacher": 1},
    )
    assert info[0]["problems"] == [] and "not closed" in info[1]["problems"][0]
    verified = json_of(capsys, "recordings verify", code=1)
    assert [bool(one["problems"]) for one in verified["recordings"]] == [False, True]
    repaired = json_of(capsys, "recordings repair", str(recorded[0]), str(recorded[1]))
    assert [one["repaired"] for one in repaired["recordings"]] == [False, True]
    exported = json_of(capsys, "recordings export", str(recorded[0]), "--form", "csv")
    assert Path(exported["recordings"][0]["out"]).is_file()
    again = json_of(capsys, "recordings export", str(recorded[0]), "--form", "csv", code=1)
    assert again["recordings"] == [] and "is there already" in again["unusable"][0]["problem"]


def test_a_data_set_is_exported_and_imported(recorded: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    exported = json_of(capsys, "recordings export", "--form", "lerobot", "--out", "set")
    assert [(one["path"], one["out"]) for one in exported["recordings"]] == [(str(path), "set") for path in recorded]
    assert len(json_of(capsys, "recordings import", "set", "--out", "again")["recordings"]) == 2
    assert len(json_of(capsys, "recordings import", "set", "--out", "again", code=1)["existing"]) == 2


def test_the_doctor_prints_its_findings(recorded: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    found = json_of(capsys, "doctor")
    assert found["num_recordings"] == 2
    assert {"length", "actors"} <= {sign["name"] for sign in found["signs"]}


def test_corrections_are_listed_shown_and_edited(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = CorrectionLog(Path("logs/vlm_corrections/corrections_1.jsonl"))
    for right, hp in ((Mode.FLEE, 0.2), (Mode.FIGHT, 0.9)):
        state = describe(moment(hp=hp, attackers=2)[0], PROFILE)
        log.append(Correction(state=state, bot_action=Mode.FIGHT, vlm_correction=right, confidence=0.9, target=0))
    log.close()
    listed = json_of(capsys, "corrections list")
    assert [(one["number"], one["bot_mode"], one["mode"]) for one in listed["corrections"]] == [(1, "FIGHT", "FLEE")]
    assert (listed["num_corrections"], listed["num_agreements"]) == (1, 1)
    assert json_of(capsys, "corrections show")["numbers"] == [1]
    assert json_of(capsys, "corrections edit", "1", "--mode", "LOOT")["mode"] == "LOOT"
    assert json_of(capsys, "corrections edit", "1", "--drop")["deleted"] is True


def test_weights_are_promoted_judged_restored_and_listed(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = write_brain(working_folder / "models")
    path, identity = put_up(models, "1", 0.01, "tactician")
    place = ("--models", str(models))
    promoted = json_of(capsys, "weights promote", str(path), *place)
    assert (promoted["policy"], promoted["identity"]) == ("tactician", identity)
    restored = json_of(capsys, "weights rollback", *place)
    assert restored["policy"] == "tactician" and restored["identity"] != identity
    history = json_of(capsys, "weights history", *place)
    assert [one["action"] for one in history["decisions"]] == ["promote", "rollback"]
    assert {one["policy"]: one["identity"] for one in history["policies"]}["tactician"] == restored["identity"]
    short = ("--seconds", "2", "--max-pairs", "64")
    judged = json_of(capsys, "gate", str(path), *place, *short)
    assert judged["verdict"]["looks"][0]["num_pairs"] == 64


def test_recording_and_training_name_what_they_wrote(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = json_of(capsys, "record", "--minutes", "4", "--sessions", "4")
    assert len(made["recordings"]) == 4 and all(Path(path).is_file() for path in made["recordings"])
    trained = json_of(capsys, "train", "--epochs", "1")
    assert [one["policy"] for one in trained["policies"]] == ["strategist", "tactician", "executor"]
    assert all(one["finished"] and Path(one["checkpoint"]).is_file() for one in trained["policies"])


def test_policies_are_compared_exported_and_imported(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = str(write_brain(working_folder / "models"))
    flags = ("--models", models, "--worlds", "4", "--seconds", "5", "--processes", "1", "--out", "evaluated")
    found = json_of(capsys, "evaluate", *flags)
    assert found["comparison"]["rows"][0]["name"] == "understudy" and Path(found["report"]).is_file()
    exported = json_of(capsys, "export", "--models", models, "--out", "exported")
    imported = json_of(capsys, "import", "exported", "--models", "imported")
    assert exported["identities"] == imported["identities"]


def test_a_screenshot_is_read_by_profile_and_detector(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = next(random_scenes(load_profile(), 1, 11, 720))
    write_picture(working_folder / "shot.png", scene.picture)
    seen = json_of(capsys, "detector look", "shot.png")
    assert seen["objects"] and 0 < seen["objects"][0]["confidence"] <= 1
    read = json_of(capsys, "profile check", "shot.png", code=main(["profile", "check", "shot.png"]))
    assert read["game"] == "darkorbit" and read["has_detector"]
    frame = np.full((300, 400, 3), (20, 60, 30), np.uint8)
    frame[10:20, 40:140] = (15, 15, 15)
    frame[10:20, 40:80] = (220, 40, 40)
    write_picture(working_folder / "pond.png", frame)
    flags = ("--name", "pond", "--title", "Pond", "--keys", "space", "--maps", "pond", "--kinds", "duck:ENEMY:2")
    places = ("--panels", "0 0 200 40", "--hp", "40 10 140 20 40", "--shield", "-", "--minimap", "-")
    made = json_of(capsys, "profile new", "--screenshot", "pond.png", *flags, *places)
    assert made["profile"] == "pond.toml" and made["hp"] == pytest.approx(0.4, abs=0.02)
    assert made["shield"] is None and not made["has_detector"]


def test_a_critic_is_evaluated(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json_of(capsys, "critic evaluate", "--moments", "8")
    assert found["num_questions"] == found["num_answered"] == 8
    assert sum(sum(row.values()) for row in found["confusion"].values()) == 8


def test_a_mistake_leaves_the_standard_output_empty(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recordings", "list", "nowhere", "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1


@dataclass(frozen=True, kw_only=True)
class Numbers:
    value: float
    several: tuple[float, ...]


def test_a_number_that_is_not_finite_becomes_null_and_text_is_ascii() -> None:
    line = to_json_line("x", Numbers(value=math.nan, several=(1.0, math.inf)))
    assert json.loads(line) == {"schema": "x/1", "value": None, "several": [1.0, None]}
    assert to_json_line("ä", Numbers(value=1.0, several=())).isascii()


def test_a_path_in_a_piped_table_is_whole(working_folder: Path) -> None:
    folder = Path("recordings_of_a_long_evening_with_the_lights_off", "and_another_folder_of_a_rather_long_name")
    (path,) = record_teacher("hunter", 0.5, 0, folder, sessions=1)
    longer = path.rename(path.with_name(f"{'a_name_of_many_letters_' * 6}.mcap"))
    command = [sys.executable, "-m", "understudy.cli.main", "recordings", "list", str(folder)]
    unset = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=unset).stdout
    assert longer.name in printed
