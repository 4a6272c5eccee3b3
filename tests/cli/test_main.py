"""The command line: fast help, mistakes as sentences, exit codes."""

import dataclasses
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tyro

from understudy.cli.entry.verbs import ALIASES, GROUPS, VERBS
from understudy.cli.live.run import Run
from understudy.cli.main import main, run_command

HEAVY = ("torch", "numpy", "numba", "pygame", "scipy", "matplotlib", "cv2")

COMMAND = '''
from dataclasses import dataclass
from understudy.contract.errors import FlagError
import logging

@dataclass(frozen=True, kw_only=True)
class Greet:
    """Says hello."""

    data_dir: str = "recordings"
    """Where to look."""
    times: int = 1
    """How often."""

def run(command):
    logging.getLogger("understudy.greet").debug("about to greet")
    if command.times < 0:
        raise FlagError(f"--times {command.times} was given; expected 0 or more, such as --times 3.")
    if command.times == 0:
        raise KeyboardInterrupt
    if command.times == 99:
        raise ZeroDivisionError("a mistake of ours")
    if command.times == 98:
        open("nowhere/a.txt", encoding="utf-8")
    if command.times == 97:
        raise OSError(28, "No space left on device")
    print(" ".join(["hello", command.data_dir] * command.times))
    return 7 if command.times == 77 else None
'''


@pytest.fixture
def greet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """A module with a small command, as a row of the table of verbs."""
    (tmp_path / "greeting_command.py").write_text(COMMAND, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "greeting_command", "Greet"
    sys.modules.pop("greeting_command", None)


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *([verb, "--help"] for verb in (*VERBS, *ALIASES))], ids=" ".join
)
def test_help_answers_without_the_heavy_libraries(arguments: list[str]) -> None:
    finished = run_python(
        f"import sys; from understudy.cli.main import main; code = main({arguments!r}); "
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]; "
        "sys.exit(f'loaded {loaded}' if loaded else code)"
    )
    assert finished.returncode == 0, finished.stderr
    assert "understudy" in finished.stdout
    assert "{None}" not in finished.stdout, "a flag is left out, not given None"


def test_recording_and_looking_at_recordings_load_no_torch(tmp_path: Path) -> None:
    for arguments in (
        ["record", "--teacher", "hunter", "--minutes", "0.1", "--out", str(tmp_path)],
        ["doctor", str(tmp_path)],
        ["recordings", "list", str(tmp_path)],
    ):
        finished = run_python(
            f"import sys; from understudy.cli.main import main; code = main({arguments!r}); "
            "sys.exit('loaded torch' if 'torch' in sys.modules else code)"
        )
        assert finished.returncode in (0, 1), f"{arguments}: {finished.stderr}"
        assert "loaded torch" not in finished.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_every_flag_of_it_is_explained(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(f"  {verb} "))
    assert len(row.split()) > 3


def test_the_list_of_verbs_imports_neither_a_verb_nor_the_parser_and_fits_in_80_columns() -> None:
    finished = run_python(
        "import sys; from understudy.cli.main import main; main(['--help']); "
        "loaded = [name for name in sys.modules if name.startswith(('tyro', 'rich', 'understudy.cli.'))]; "
        "sys.stderr.write(' '.join(loaded))"
    )
    assert all(
        part.startswith("understudy.cli.entry") or part == "understudy.cli.main" for part in finished.stderr.split()
    )
    assert max(map(len, finished.stdout.splitlines())) <= 80
    titles = [line for line in finished.stdout.splitlines() if line in GROUPS]
    assert titles == ["play", "learn", "judge", "weights", "tools"]


@pytest.mark.parametrize("word", ALIASES)
def test_an_earlier_spelling_is_the_verb_weights(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for arguments in ([word, "--help"], ["weights", word, "--help"]):
        assert main(arguments) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert f"understudy weights {word}" in shown[0]


def test_the_help_of_run_stands_in_groups_that_hold_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    said = capsys.readouterr().out
    assert [title for title in Run.HELP_GROUPS if f" {title} options " in said] == list(Run.HELP_GROUPS)
    grouped = [name for names in Run.HELP_GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(field.name for field in dataclasses.fields(Run))
    assert all(f"--{name.replace('_', '-')}" in said for name in grouped)


@pytest.mark.parametrize(
    ("verb", "flag", "earlier"),
    [
        ("record", "--map", "--start-map"),
        ("record", "--detector", "--model"),
        ("play", "--save-recordings", "--record"),
        ("run", "--endpoint", "--critic-endpoint"),
        ("run", "--max-calls", "--critic-calls"),
        ("run", "--detector", "--model"),
        ("evaluate", "--log-dir", "--logs"),
    ],
)
def test_a_flag_is_spelt_as_in_other_verbs_and_its_earlier_spelling_is_accepted(
    verb: str, flag: str, earlier: str
) -> None:
    command_type = getattr(importlib.import_module(VERBS[verb][0]), VERBS[verb][1])
    value = [] if flag == "--save-recordings" else ["3"]
    extra = ["--world", "desktop"] if (verb, flag) == ("run", "--detector") else []
    spellings = (flag, earlier, earlier.replace("-", "_").replace("__", "--"))
    parsed = [tyro.cli(command_type, args=[one, *value, *extra]) for one in spellings]
    assert parsed[0] == parsed[1] == parsed[2] != tyro.cli(command_type, args=extra)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_a_flag_that_it_does_not_have(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--no-such-flag-anywhere", "3"]) == 2
    assert capsys.readouterr().out == ""


def test_a_verb_that_does_not_exist_is_answered_with_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dance"]) == 2
    said = capsys.readouterr().err
    assert "'dance'" in said
    assert all(verb in said for verb in VERBS)


@pytest.mark.parametrize(
    ("word", "nearest"),
    [("trian", "train"), ("Evaluate", "evaluate"), ("practice", "practise"), ("recording", "record")],
)
def test_a_misspelt_verb_is_answered_with_the_nearest(
    word: str, nearest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for rest in ([], ["--version"], ["--help"], ["--minutes", "3"]):
        assert main([word, *rest]) == 2
        assert f"no verb {word!r}; did you mean {nearest}" in capsys.readouterr().err


def test_no_verb_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "usage: understudy VERB" in capsys.readouterr().out


def test_the_version_is_that_of_the_installed_package(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--version"], ["train", "--version"]):
        assert main(arguments) == 0
        assert capsys.readouterr().out.startswith("understudy 0.")


def test_the_package_can_be_run_by_its_name() -> None:
    for arguments, code in ((["--version"], 0), (["dance"], 2)):
        command = [sys.executable, "-m", "understudy", *arguments]
        finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert finished.returncode == code
        assert (finished.stdout + finished.stderr).startswith("understudy ")


def test_flags_are_taken_in_both_spellings(greet: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(*greet, ["--data_dir", "here"], program="greet") == 0
    assert run_command(*greet, ["--data-dir=here"], program="greet") == 0
    assert capsys.readouterr().out == "hello here\nhello here\n"


def test_a_mistake_is_one_sentence_and_exit_code_2(greet: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(*greet, ["--times", "-3"], program="greet") == 2
    assert capsys.readouterr().err == "--times -3 was given; expected 0 or more, such as --times 3.\n"


@pytest.mark.parametrize("wrong", [["--time", "3"], ["--times", "three"], ["stray"]])
def test_wrong_flags_end_with_exit_code_2(
    greet: tuple[str, str], wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(*greet, wrong, program="greet") == 2
    assert capsys.readouterr().out == ""


def test_ctrl_c_ends_with_130_and_no_traceback(greet: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(*greet, ["--times", "0"], program="greet") == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_a_mistake_of_ours_keeps_its_traceback(greet: tuple[str, str]) -> None:
    with pytest.raises(ZeroDivisionError):
        run_command(*greet, ["--times", "99"], program="greet")


@pytest.mark.parametrize(
    ("times", "sentence"),
    [
        ("98", "nowhere/a.txt cannot be used: No such file or directory (--debug shows where).\n"),
        ("97", "The operating system refused: No space left on device (--debug shows where).\n"),
    ],
)
def test_what_the_operating_system_refuses_is_one_sentence_and_exit_code_2(
    greet: tuple[str, str], times: str, sentence: str, capsys: pytest.CaptureFixture[str], working_folder: Path
) -> None:
    assert run_command(*greet, ["--times", times], program="greet") == 2
    assert capsys.readouterr().err == sentence
    assert run_command(*greet, ["--times", times, "--debug"], program="greet") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("times", ["1", "100000", "--help", "--version", ""])
def test_output_to_a_full_disk_is_one_sentence_and_exit_code_2(
    greet: tuple[str, str], times: str, tmp_path: Path
) -> None:
    run = f"run_command('greeting_command', 'Greet', ['--times', '{times}'], 'greet')" if times.isdigit() else ""
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from understudy.cli.main import main, run_command; "
        f"sys.exit({run or f'main({[*filter(None, [times])]})'})"
    )
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", code]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        child = subprocess.run(
            command, env=buffered, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False
        )
    assert child.returncode == 2
    assert child.stderr == "The operating system refused: No space left on device (--debug shows where).\n"


def test_a_command_may_choose_its_exit_code(greet: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(*greet, ["--times", "77"], program="greet") == 7


def test_debug_shows_the_detailed_log_wherever_it_stands(
    greet: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(*greet, ["--debug", "--times", "1"], program="greet") == 0
    assert "about to greet" in capsys.readouterr().err
    assert run_command(*greet, ["--times", "1"], program="greet") == 0
    assert "about to greet" not in capsys.readouterr().err


def test_whoever_stops_reading_gets_no_traceback(greet: tuple[str, str], tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from understudy.cli.main import run_command; "
        "sys.exit(run_command('greeting_command', 'Greet', ['--times', '100000'], 'greet'))"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stderr is not None
    child.stdout.read(5)
    child.stdout.close()
    said = child.stderr.read().decode()
    child.stderr.close()
    assert child.wait(timeout=60) == 0
    assert said == ""
