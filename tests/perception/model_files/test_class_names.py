"""Names of classes as different programs write them, and what are none."""

import json
from pathlib import Path

import pytest

from understudy.contract.errors import CheckpointError
from understudy.perception.model_files.class_names import class_names

READ = {
    "as ultralytics writes them": "{0: 'alien', 1: 'box'}",
    "as a list": "['alien', 'box']",
    "as a tuple": "('alien', 'box')",
    "as JSON": json.dumps({"0": "alien", "1": "box"}),
    "as a JSON list": json.dumps(["alien", "box"]),
    "counted from 1": "{1: 'alien', 2: 'box'}",
    "counted from 1 in JSON": json.dumps({"1": "alien", "2": "box"}),
    "in another order": "{1: 'box', 0: 'alien'}",
}
REFUSED = {
    "nothing": None,
    "an empty text": "",
    "no names": "{}",
    "an empty list": "[]",
    "gibberish": "gibberish(",
    "a call": "__import__('os').mkdir('x')",
    "a number": "3",
    "a text": "'alien'",
    "a gap": "{0: 'alien', 2: 'box'}",
    "from 2 on": "{2: 'alien', 3: 'box'}",
    "a name twice": "{0: 'alien', '0': 'box'}",
    "names that are numbers": "{0: 1, 1: 2}",
    "a name without a letter": "['alien', '']",
    "a name that colours the terminal": "['alien', '\\x1b[31mbox']",
    "a name without an end": json.dumps(["x" * 101]),
    "keys of another kind": "{(0,): 'alien'}",
    "a huge number": "{'9' * 5000: 'alien'}",
    "deep": "[" * 50_000,
    "deep sums": "-" * 50_000 + "1",
    "too long": json.dumps(["x"] * 60_000),
    "too many": json.dumps(["x"] * 10_001),
    "set": "{'alien', 'box'}",
}


@pytest.mark.parametrize("text", READ.values(), ids=READ.keys())
def test_names_are_read_in_the_order_of_their_classes(text: str) -> None:
    assert class_names(text, Path("best.onnx")) == ("alien", "box")


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_are_no_names_is_refused_with_what_is_expected(text: str | None, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"does not say what its classes are called: .* such as \{0: 'alien'"):
        class_names(text, Path("best.onnx"))


def test_ten_thousand_names_are_not_too_many() -> None:
    names = [str(number) for number in range(10_000)]
    assert class_names(json.dumps(names), Path("best.onnx")) == tuple(names)
