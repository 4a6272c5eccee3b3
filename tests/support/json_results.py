"""Runs a verb with --json and checks what it prints against its schema."""

import json
from typing import Any

import pytest

from tests.support.result_schema import check
from understudy.cli.main import main
from understudy.cli.results.json_output import result_type


def json_of(capsys: pytest.CaptureFixture[str], verb: str, *flags: str, code: int = 0, schema: str = "") -> Any:
    """Runs a verb with --json, and returns what its standard output holds, checked against the schema."""
    capsys.readouterr()
    assert main([*verb.split(), *flags, "--json"]) == code
    captured = capsys.readouterr()
    assert captured.out.endswith("\n") and captured.out.count("\n") == 1, captured.out
    found = json.loads(captured.out)
    assert found.pop("schema") == f"{schema or verb}/1"
    check(result_type(schema or verb), found)
    return found
