"""The house rules that a machine can check and that no other tool does."""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CODE = sorted(path for room in ("understudy", "darkorbit_bot") for path in (ROOT / room).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


every_file = pytest.mark.parametrize("path", CODE, ids=name)


@every_file
def test_a_file_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "no docstring"
    if path.name == "__init__.py":
        assert len(tree.body) == 1, "an __init__.py holds its docstring and nothing else"


@pytest.mark.parametrize("path", [path for path in CODE if "cli" not in path.parts], ids=name)
def test_only_the_command_line_prints(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"]


def test_a_folder_holds_at_most_twenty_modules() -> None:
    counts = Counter(path.parent for path in CODE if path.name != "__init__.py")
    assert {name(folder): count for folder, count in counts.items() if count > 20} == {}
