"""Completion scripts: what they offer, tried in the shells that are installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from understudy.cli.entry.completion import powershell_script
from understudy.cli.entry.verbs import ALIASES, VERBS
from understudy.cli.main import main

TRY = """
source {script}
COMP_WORDS=(understudy {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE="${{COMP_WORDS[*]}}"
COMP_POINT=${{#COMP_LINE}}
$(complete -p understudy | sed -E 's/.*-F ([^ ]+).*/\\1/') understudy "${{COMP_WORDS[$COMP_CWORD]}}"
echo "${{COMPREPLY[@]}}"
"""


def script_of(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("tra", "train"),
        ("train --dat", "--data-dir"),
        ("weights ro", "rollback"),
        ("weights rollback --po", "--policy"),
        ("evaluate --purpose ch", "choose"),
    ],
)
def test_bash_completes_verbs_subcommands_flags_and_choices(
    words: str, offered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(script_of("bash", capsys), encoding="utf-8")
    finished = subprocess.run(
        ["bash", "-c", TRY.format(script=script, words=words)], capture_output=True, text=True, check=True, timeout=60
    )
    assert finished.stdout.strip() == offered, finished.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_every_shell_gets_a_script_that_knows_every_verb(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = script_of(shell, capsys)
    assert [verb for verb in VERBS if f"'{verb}'" not in said] == []
    for program in (one for one in (shell,) if shutil.which(one)):
        subprocess.run([program, "-n"], input=said, text=True, check=True, timeout=60)


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_after_the_script_was_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "script").write_text(script_of("zsh", capsys), encoding="utf-8")
    program = 'autoload -Uz compinit; compinit -u -D; eval "$(<script)"; print -r -- $_comps[understudy]'
    finished = subprocess.run(
        ["zsh", "-fc", program], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert (finished.stdout.strip(), finished.stderr) == ("_tyro_understudy", "")


def test_powershell_is_offered_flags_of_verbs_and_subcommands_also_by_earlier_spellings() -> None:
    rows = dict(line.strip().split(" = ", 1) for line in powershell_script().splitlines() if " = @('" in line)
    assert "'--data-dir'" in rows["'train'"]
    assert "'rollback'" in rows["'weights'"]
    assert rows["'weights rollback'"] == rows["'rollback'"]
    assert all(f"'{word}'" in rows["''"] for word in (*VERBS, *ALIASES))
