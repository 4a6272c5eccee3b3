"""The house rules that a machine can check and that no other tool does."""

import ast
import re
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


OLD_NAMES = re.compile(
    r"\b(proximal|onlooker|Reins|Thought|Brain|BrainWatch|unlikeness|leash|Onlooker|Ears|LookBack|ProximalPolicy|PracticeGround"
    r"|PracticeStore|OutcomeWatch|WatchConfig|EYE_WATCH|StepGuard|WeightAverage|SampleBuffer|ExecutorSamples|TorchNetworks"
    r"|OnnxNetworks|HierarchyCarry|WindowSeat|DesktopSeat|LiveTrials|Scorekeeper|Whereabouts|Logbook|Happenings|PersonLike"
    r"|Hardships|FollowTask|InsistentUpstream|Journal|Keeper)\b|(?<!non-maximum )\bsuppression\b|\breins\b"
    r"|--hand-back-s|(?i:\blooks? on\b|\bmade anew\b|\bwhat came of\b|\bout of its mind\b|\bas the Executor lived it\b)"
)
"""What the field's names replaced; docs/glossary.md has those."""
MAY_SAY_OLD_NAMES = {
    "docs/log.md": "history: entries stay as they were written",
    "CHANGELOG.md": "history",
    "docs/glossary.md": "names the old spelling of a flag",
    "docs/manual/practise.md": "names the old spelling of a flag",
    "docs/manual/run.md": "names the old spelling of a flag",
    "understudy/cli/practise.py": "the alias of a flag",
    "understudy/cli/live/run.py": "the alias of a flag",
    "understudy/learning/rl/rl_checkpoint.py": "reads practice.pt files made before the renaming",
}
NO_MODULES = {"understudy.game_events", "understudy.png", "understudy.msg", "understudy.json"}
"""A channel of recordings, a file of a picture, a package of message types, a file of a data set."""
MOVED = re.compile(r"(?<![\w.])(?:understudy|darkorbit_bot)(?:\.[a-z_0-9]+)+\b")
TEXTS = sorted(
    path
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "benchmarks/*",
        "examples/*.py",
        "understudy/**/*.py",
        "darkorbit_bot/**/*.py",
    )
    for path in ROOT.glob(pattern)
    if path.suffix in (".py", ".md")
)


def test_old_names_are_gone_from_code_documents_and_help() -> None:
    found = [
        f"{name(path)}:{number}: {line.strip()}"
        for path in TEXTS
        if name(path) not in MAY_SAY_OLD_NAMES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if OLD_NAMES.search(line)
    ]
    assert found == []


def test_whoever_may_say_old_names_still_says_one() -> None:
    assert [one for one in MAY_SAY_OLD_NAMES if not OLD_NAMES.search((ROOT / one).read_text(encoding="utf-8"))] == []


def is_module_or_part_of_one(dotted: str) -> bool:
    """Whether a dotted name is a package, a module, or something that a module (not a package) may hold."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        if place.with_suffix(".py").is_file():
            return True
        if (place / "__init__.py").is_file():
            return length == len(parts)
    return False


@pytest.mark.parametrize(
    "path", [path for path in TEXTS if name(path) not in ("docs/log.md", "CHANGELOG.md")], ids=name
)
def test_modules_named_in_text_exist(path: Path) -> None:
    named = set(MOVED.findall(path.read_text(encoding="utf-8")))
    wrong = {one for one in named if not is_module_or_part_of_one(one)} - NO_MODULES
    assert wrong == set()


@every_file
def test_time_is_read_from_one_clock(path: Path) -> None:
    """time.monotonic goes in steps of 15.6 ms on Windows before Python 3.13: most of a tick's budget."""
    assert "time.monotonic()" not in path.read_text(encoding="utf-8")
