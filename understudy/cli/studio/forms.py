"""Makes the forms of the verbs that the studio's page starts from the verbs' own dataclasses."""

import ast
import dataclasses
import inspect
import itertools
import typing
from pathlib import Path
from typing import Any

from understudy.cli.finetune import Finetune
from understudy.cli.flags.number_ranges import annotated_fields, flag_of
from understudy.cli.gate import Gate
from understudy.cli.practise import Practise
from understudy.cli.train import Train
from understudy.studio.command_forms import CommandForm, FormField, Kind


def forms_of(*, models: Path, recordings: Path | None, corrections: Path, logs: Path) -> dict[str, CommandForm]:
    """Returns the verbs that the page can start, with the folders of the studio."""
    data = {} if recordings is None else {"data_dir": recordings}
    curves = logs / "training"
    folders: dict[type, dict[str, Path]] = {
        Train: {"output_dir": models, "log_dir": curves, **data},
        Finetune: {
            "corrections_dir": corrections,
            "model_path": models,
            "output_dir": models / "strategist_vlm_ft",
            "log_dir": curves,
            **data,
        },
        Practise: {"models": models, "out": logs / "practise"},
        Gate: {"models": models},
    }
    return {verb.__name__.lower(): _form_of(verb, places) for verb, places in folders.items()}


def _form_of(verb: type, places: dict[str, Path]) -> CommandForm:
    defaults = {field.name: field.default for field in dataclasses.fields(verb)}
    flags = {field.name: flag_of(field, marks) for field, marks in annotated_fields(verb)}
    fixed = [word for name, path in places.items() if path != defaults[name] for word in (flags[name], str(path))]
    helps = _explanations(verb)
    fields = (_field_of(flags[name], hint, defaults[name], helps.get(name, "")) for name, hint in _hints(verb).items())
    return CommandForm(
        verb=verb.__name__.lower(),
        summary=(verb.__doc__ or "").strip().partition("\n")[0],
        fields=tuple(field for field in fields if field is not None),
        fixed=tuple(fixed),
    )


def _hints(verb: type) -> dict[str, Any]:
    return typing.get_type_hints(verb, include_extras=True)


def _explanations(verb: type) -> dict[str, str]:
    """Returns the docstring under each field, its help."""
    (tree,) = ast.parse(inspect.cleandoc(inspect.getsource(verb))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        field.target.id: below.value.value
        for field, below in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


def _field_of(flag: str, hint: Any, default: Any, explanation: str) -> FormField | None:
    """Returns a flag as a field of a form; None for paths, which follow from the studio's folders."""
    while hasattr(hint, "__metadata__"):
        hint = hint.__origin__
    kinds: dict[type, Kind] = {bool: "switch", int: "whole", float: "number", str: "text"}
    if hint not in kinds:
        return None
    shown = ("yes" if default else "") if hint is bool else f"{default:g}" if hint is float else str(default)
    return FormField(
        name=flag[2:].replace("-", "_"), kind=kinds[hint], default=shown, explanation=" ".join(explanation.split())
    )
