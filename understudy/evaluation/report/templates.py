"""Jinja2 templates of HTML files: everything that a template shows is escaped, unless it is the template's own text."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


@cache
def environment(folder: Path) -> Environment:
    """Returns the environment of a folder's templates: autoescape for every file, and an unknown name is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(folder: Path, name: str, **values: Any) -> str:
    """Returns a rendered template of a folder; `values` are what it shows."""
    return environment(folder).get_template(name).render(**values)
