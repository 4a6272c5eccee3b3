"""`understudy completion`: prints the completion script of a shell.

tyro writes those of bash, zsh and fish. PowerShell's is written here, by the
documentation of Register-ArgumentCompleter.
"""

import contextlib
import importlib
import io
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_type_hints

import tyro
from tyro.conf import Positional

from understudy.cli.entry.verbs import ALIASES, VERBS
from understudy.cli.flags.spellings import NO_NONE

Shell = Literal["bash", "zsh", "fish", "powershell"]


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Print the completion script of your shell: verbs, subcommands, flags and choices."""

    shell: Positional[Shell]
    """Your shell. Bash and zsh load the script by eval, fish by source, PowerShell by Invoke-Expression."""


def run(command: Completion) -> int:
    """Prints the script."""
    if command.shell == "powershell":
        print(powershell_script())
        return 0
    types = {verb: getattr(importlib.import_module(module), name) for verb, (module, name) in VERBS.items()}
    choices = tuple(Annotated[kind, tyro.conf.subcommand(verb)] for verb, kind in types.items())
    script = io.StringIO()
    try:
        with contextlib.redirect_stdout(script):
            arguments = ["--tyro-write-completion", command.shell, "-"]
            tyro.cli(Union[choices], prog="understudy", args=arguments, config=NO_NONE)  # type: ignore[call-overload] # noqa: UP007
    except SystemExit as ended:  # tyro leaves when it has printed the script
        if ended.code:
            raise
    print(_loaded_by_eval(script.getvalue()) if command.shell == "zsh" else script.getvalue())
    return 0


def _loaded_by_eval(script: str) -> str:
    """Returns zsh's script so that it can be evaluated too: tyro's calls its function at once, as an autoloaded file.

    An autoloaded file runs inside of a completion, where `funcstack` names the function that it became; elsewhere the
    function has to be registered.
    """
    before, call, _ = script.rpartition('_tyro_understudy "$@"')
    return f"""{before}if [[ "${{funcstack[1]}}" == _understudy ]]; then
  {call}
else
  compdef _tyro_understudy understudy
fi"""


def powershell_script() -> str:
    """Returns a script that completes verbs, subcommands and flags in PowerShell 5 and later."""
    rows = [f"  '{words}' = @({', '.join(map(_quoted, offered))})" for words, offered in _offered().items()]
    return POWERSHELL.replace("TABLE", "\n".join(rows))


def _offered() -> dict[str, list[str]]:
    """Returns, for each beginning of a command line, what may follow: `` -> verbs, `train` -> its flags, and so on."""
    table: dict[str, list[str]] = {"": [*VERBS, *ALIASES]}
    for verb, (module, name) in VERBS.items():
        parts = list(_dataclasses(getattr(importlib.import_module(module), name)))
        if len(parts) == 1:
            table[verb] = _flags(parts[0])
            continue
        table[verb] = [part.__name__.lower() for part in parts]
        table |= {f"{verb} {part.__name__.lower()}": _flags(part) for part in parts}
    return table | {old: table[" ".join(new)] for old, new in ALIASES.items()}


def _flags(command_type: type) -> list[str]:
    names = [field.name for field in fields(command_type)]
    hints = get_type_hints(command_type, include_extras=True)
    mark = set(get_args(Positional[int])[1:])
    flags = [
        f"--{name.replace('_', '-')}" for name in names if not mark & set(getattr(hints[name], "__metadata__", ()))
    ]
    return [*flags, "--help"]


def _dataclasses(kind: Any) -> list[type]:
    if isinstance(kind, type) and is_dataclass(kind):
        return [kind]
    return [part for inner in get_args(kind) for part in _dataclasses(inner)]


def _quoted(word: str) -> str:
    return f"'{word}'"


POWERSHELL = """Register-ArgumentCompleter -Native -CommandName understudy -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $table = @{
TABLE
  }
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($wordToComplete -and $words.Count) { $words = @($words | Select-Object -SkipLast 1) }
  $key = ''
  foreach ($word in $words) {
    $next = ("$key $word").Trim()
    if ($table.ContainsKey($next)) { $key = $next } else { break }
  }
  $table[$key] | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}"""
