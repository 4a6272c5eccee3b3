"""docs/manual/scripts.md documents what --json prints."""

import dataclasses

import pytest

from understudy.cli.results.json_output import RESULTS, result_type
from understudy.cli.results.manual_page import PAGE, page_of, texts_of


def test_the_manual_documents_every_field_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == page_of(page), "run  python -m understudy.cli.results.manual_page"


@pytest.mark.parametrize("verb", RESULTS)
def test_every_field_has_a_text(verb: str) -> None:
    kind = result_type(verb)
    assert [field.name for field in dataclasses.fields(kind) if not texts_of(kind).get(field.name)] == []


def test_no_cell_of_the_tables_is_empty() -> None:
    assert "|  |" not in PAGE.read_text(encoding="utf-8")
