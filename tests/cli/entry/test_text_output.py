"""Output never raises for a character, whatever encoding the terminal or the file has."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.cli.entry.text_output import take_any_character

SAID = "\N{MINUS SIGN}3.2 \N{HORIZONTAL ELLIPSIS} caf\N{LATIN SMALL LETTER E WITH ACUTE} 5\N{SUPERSCRIPT TWO} \u4e2d"


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("ascii", "-3.2 ... cafe 52 ?"),
        ("cp437", "-3.2 ... caf\N{LATIN SMALL LETTER E WITH ACUTE} 5\N{SUPERSCRIPT TWO} ?"),
        ("cp1252", "-3.2 \N{HORIZONTAL ELLIPSIS} caf\N{LATIN SMALL LETTER E WITH ACUTE} 5\N{SUPERSCRIPT TWO} ?"),
        ("utf-8", SAID),
    ],
)
def test_what_an_encoding_lacks_is_written_as_the_nearest_it_has(encoding: str, written: str) -> None:
    bytes_written = io.BytesIO()
    stream = io.TextIOWrapper(bytes_written, encoding=encoding, errors="strict")
    take_any_character(stream)
    stream.write(SAID)
    stream.flush()
    assert bytes_written.getvalue().decode(encoding) == written


def test_a_program_without_a_console_is_left_alone() -> None:
    take_any_character(None, io.StringIO())


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252"])
def test_a_verb_on_such_a_console_ends_as_on_any_other(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "\N{MINUS SIGN}1\N{HORIZONTAL ELLIPSIS}\u4e2d.mcap").write_bytes(b"no recording")

    def run(encoding: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "understudy.cli.main", "recordings", "verify", str(tmp_path)]
        environment = {**os.environ, "PYTHONIOENCODING": f"{encoding}:strict", "COLUMNS": "80"}
        return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)

    usual, other = run("utf-8"), run(encoding)
    assert (usual.returncode, usual.stderr) == (other.returncode, other.stderr) == (1, b"")
    assert f"{tmp_path}{os.sep}-1" in other.stdout.decode(encoding).replace("\n", "")
