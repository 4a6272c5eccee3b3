"""What the documents name exists: files, symbols, metrics."""

import re
from pathlib import Path

import pytest

from understudy.cli.entry.verbs import ALIASES, VERBS
from understudy.learning.online.messages import OnlineUpdateStats, SegmentStats
from understudy.learning.rl.ppo import PPOStats

ROOT = Path(__file__).resolve().parents[1]
HISTORY = ("docs/log.md", "CHANGELOG.md")
"""Documents that keep the names of their day."""
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for place in (ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md"), (ROOT / "benchmarks").glob("*.md"))
    for path in place
)
FILE = re.compile(r"(?<![\w/.{}*-])(?:[a-z_0-9]+/)+[A-Za-z_0-9-]+\.(?:py|toml|md|png|onnx)\b")
OF_THE_USER = re.compile(r"^(models|logs|recordings|data|discovery|games|V2_TRAINING)")
"""Where runs write to, not a part of the project."""


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name not in HISTORY])
def test_every_file_that_a_document_names_exists(name: str) -> None:
    places = (ROOT, ROOT / "understudy", (ROOT / name).parent)
    named = {found for found in FILE.findall(text_of(name)) if not OF_THE_USER.match(found)}
    assert sorted(one for one in named if not any((place / one).exists() for place in places)) == []


def test_the_readme_lists_every_verb_and_no_other_and_each_has_a_page() -> None:
    table = text_of("README.md").split("## Verbs")[1].split("\n\n")[0]
    cells = "·".join(line.split("|")[2] for line in table.splitlines() if line.startswith("| "))
    listed = {found for cell in cells.split("·") for found in re.findall(r"`([\w-]+)`", cell)}
    assert listed - set(ALIASES) == set(VERBS)
    manual = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "manual").glob("*.md"))
    assert [verb for verb in VERBS if f"understudy {verb}" not in manual and f"start.py {verb}" not in manual] == []


def test_contributing_lists_at_least_twenty_places_and_each_defines_what_it_is_listed_for() -> None:
    table = text_of("CONTRIBUTING.md").split("## Where is ...")[1]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "understudy/" in line]
    assert len(rows) >= 20
    for row in rows:
        for path, symbol in re.findall(r"`(understudy/[\w/]+\.py)`(?:, `([A-Za-z_.]+)`)?", row):
            source = text_of(path)
            owner, _, field = symbol.partition(".")
            assert not owner or re.search(rf"^(?:class|def) {owner}\b", source, re.MULTILINE), row
            assert not field or re.search(rf"^    {field}:", source, re.MULTILINE), row


def test_the_metrics_page_names_every_logged_metric() -> None:
    page = text_of("docs/metrics.md")
    logged = {*PPOStats.__dataclass_fields__, *SegmentStats.__dataclass_fields__}
    logged |= {f"update/{name}" for name in OnlineUpdateStats.__dataclass_fields__}
    logging_code = {
        "learning/supervised": r'^ {8,12}"(\w+)": |metrics\["(\w+)"\] =',
        "learning/corrections": r'metrics\["(\w+)"\] =|parts\["(\w+)"\] =',
        "learning/training/trainer.py": r'numbers = \{"(train_loss)", "(\w+)"',
        "learning/shadow/process.py": r'^ {12,16}"([\w/]+)": ',
        "learning/shadow/acceptance.py": r'^ {8}"(\w+)": ',
        "practice/run.py": r'^ {12}"(\w+)": ',
    }
    for place, pattern in logging_code.items():
        where = ROOT / "understudy" / place
        for path in [where] if where.is_file() else sorted(where.glob("*.py")):
            for found in re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE):
                logged |= {found} if isinstance(found, str) else {one for one in found if one}
    assert len(logged) > 50, "the patterns find what is logged"
    described = set(re.findall(r"[\w/]+", page))
    described |= {name.split("/", 1)[1] for name in described if name.startswith(("train/", "judged/"))}
    assert sorted({name.removesuffix("_baseline") for name in logged} - described) == []
