"""Every output path of every verb is tried before anything is run, and the trial leaves nothing behind."""

import dataclasses
import os
import subprocess
import sys
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.support.command_types import CommandType, command_types
from understudy.cli.flags.number_ranges import annotated_fields, flag_of
from understudy.cli.flags.output_paths import Output, OutputFile, OutputFolder, check_outputs, try_to_write
from understudy.cli.main import run_command
from understudy.contract.errors import FlagError

READ_ONLY = {
    "Studio.evaluation",
    "corrections_dir",
    "data_dir",
    "dataset",
    "images",
    "labels",
    "later",
    "logs",
    "model",
    "path",
    "paths",
    "recording",
    "screenshot",
    "game_over_shot",
    "start",
    "weights",
    "candidate",
    "Look.picture",
    "Cache.cache_dir",
    "Collect.models",
    "Discover.recordings",
    "Train.discovery",
    "Evaluate.models",
    "Export.evaluation",
    "Export.models",
    "History.models",
    "Import.folder",
    "Watch.models",
}
"""Paths that a verb reads; of all others it is said that they are written to."""
ALSO_TYPED = {
    "New.out": ["--screenshot", "1"],
    "New.picture": ["--screenshot", "1"],
    "Play.out": ["--record"],
    "Run.out": ["--save-recordings"],
}
"""Flags without which a path is not written to."""


def outputs() -> list[tuple[CommandType, Any]]:
    return [
        (command, field)
        for command in command_types()
        for field, marks in annotated_fields(command.type)
        if any(isinstance(mark, Output) for mark in marks)
    ]


def test_every_path_of_every_verb_is_known_to_be_read_or_written() -> None:
    written = {f"{command}.{field.name}" for command, field in outputs()}
    unknown = [
        f"{command}.{field.name}"
        for command in command_types()
        for field in dataclasses.fields(command.type)
        if "Path" in str(typing.get_type_hints(command.type)[field.name])
        if not {field.name, f"{command.type.__name__}.{field.name}"} & READ_ONLY
        if f"{command}.{field.name}" not in written
    ]
    assert unknown == []


@pytest.mark.parametrize(
    ("command", "field"), [pytest.param(*each, id=f"{each[0]}.{each[1].name}") for each in outputs()]
)
@pytest.mark.parametrize("where", ["below a file", "too long"])
def test_an_output_that_cannot_be_written_is_one_sentence_before_anything_is_run(
    command: CommandType, field: Any, where: str, working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (working_folder / "file").write_text("not a folder", encoding="utf-8")
    # for a path below another one: enough of them that the place that is written to lies below the file as well
    path = Path("file/a/b/c") if where == "below a file" else Path("a" * 300) / "b" / "c"
    required = [word for other in dataclasses.fields(command.type) for word in _required(command, other)]
    flag = flag_of(field, dict(_named(command))[field.name])
    typed = [*command.words, *required, *ALSO_TYPED.get(f"{command.type.__name__}.{field.name}", []), flag, str(path)]

    code = run_command(command.module, command.choice, typed, program="understudy")

    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    assert said.err.startswith(f"{flag} {path} cannot be written to (") and said.err.count("\n") == 1, said.err
    assert os.listdir(working_folder) == ["file"]


def _named(command: CommandType) -> list[tuple[str, tuple[Any, ...]]]:
    return [(field.name, marks) for field, marks in annotated_fields(command.type)]


def _required(command: CommandType, other: Any) -> list[str]:
    if other.default is not dataclasses.MISSING:
        return []
    flag = flag_of(other, dict(_named(command))[other.name])
    return ["1"] if flag.isupper() else [flag, "1"]


@dataclass(frozen=True, kw_only=True)
class Outputs:
    folder: OutputFolder = Path("made/here")
    file: OutputFile | None = None
    sometimes: Annotated[
        Path, Output(kind="folder", when=lambda command: command.file is not None, remedy="leave it out")
    ] = Path("full/x")
    inside: Annotated[Path | None, Output(kind="folder", place=lambda path: path.parent)] = None
    unnamed: Annotated[Path | None, Output(kind="file", default=Path("named.toml"))] = None


def test_what_can_be_written_passes_and_nothing_is_left_behind(working_folder: Path) -> None:
    (working_folder / "old.png").write_bytes(b"old")
    (working_folder / "full").write_bytes(b"")
    check_outputs(Outputs(inside=Path("full.d/x")))
    check_outputs(Outputs(folder=Path("."), unnamed=Path("old.png")))
    assert sorted(os.listdir(working_folder)) == ["full", "old.png"]
    assert (working_folder / "old.png").read_bytes() == b"old"


def test_a_path_that_is_not_written_this_time_is_not_tried(working_folder: Path) -> None:
    (working_folder / "full").write_bytes(b"")
    check_outputs(Outputs())
    with pytest.raises(
        FlagError, match=r"--sometimes full/x cannot be written to .* name another folder or leave it out."
    ):
        check_outputs(Outputs(file=Path("a.png")))


def test_where_a_flag_has_no_value_its_default_place_is_tried(working_folder: Path) -> None:
    (working_folder / "named.toml").mkdir()
    with pytest.raises(FlagError, match=r"--unnamed named.toml cannot be written to \(Is a directory\)"):
        check_outputs(Outputs())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_device_is_found_without_writing_to_it() -> None:
    with pytest.raises(FlagError, match="No space left on device"):
        check_outputs(Outputs(file=Path("/dev/full"), sometimes=Path(".")))
    try_to_write(Path("/dev/null"), "file")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no limit on the size of files")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_disk_that_takes_names_but_no_bytes_is_found(tmp_path: Path, kind: str) -> None:
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); from pathlib import Path; "
        "from understudy.cli.flags.output_paths import try_to_write; try_to_write(Path(sys.argv[1]), sys.argv[2])"
    )
    tried = [sys.executable, "-c", code, str(tmp_path / "new" / "x"), kind]
    finished = subprocess.run(tried, capture_output=True, text=True, check=False, timeout=120)
    assert finished.returncode == 1 and "File too large" in finished.stderr, finished.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes and links of POSIX")
def test_a_named_pipe_is_not_waited_for_and_a_link_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device or address"):
        try_to_write(tmp_path / "pipe", "file")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    try_to_write(tmp_path / "link", "file")
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]
