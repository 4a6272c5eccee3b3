"""Each thing has one spelling in every verb; others are aliases. The guide's are tried in tests/guide."""

import dataclasses
import re
from collections import defaultdict
from typing import get_args

import pytest
import tyro

from tests.support.command_types import CommandType, command_types
from understudy.cli.corrections import Show
from understudy.cli.detector import Look
from understudy.cli.entry.help_groups import field_texts
from understudy.cli.feedback import Collect, Evaluate
from understudy.cli.finetune import Finetune, strategist_of
from understudy.cli.flags.number_ranges import annotated_fields, flag_of
from understudy.cli.live.recorder import RecorderV2
from understudy.cli.record import Record
from understudy.cli.studio.verb import Studio
from understudy.cli.train import Train
from understudy.worlds.simulator.teacher.demonstration_noise import HARDSHIPS

OTHER_SPELLINGS = {
    "--out": ("--output-dir", "--output", "--out-dir", "--output-folder", "--page"),
    "--log-dir": ("--logs", "--logdir", "--log-folder"),
    "--data-dir": ("--recordings", "--recordings-dir", "--data"),
    "--models": ("--model-path", "--model-dir", "--policies", "--weights"),
    "--detector": ("--model", "--detector-weights", "--detector-model"),
    "--critic-model": ("--vlm-model", "--reviewer-model", "--model-name"),
    "--critic-every": ("--every", "--review-every", "--interval"),
    "--endpoint": ("--critic-endpoint", "--base-url", "--url"),
    "--max-calls": ("--critic-calls", "--calls"),
    "--max-pairs": ("--pairs",),
    "--corrections-dir": ("--corrections", "--corrections-folder"),
    "--save-recordings": ("--record", "--record-play"),
    "--shadow-train": ("--shadow",),
    "--map": ("--start-map", "--map-name"),
    "--profile": ("--game",),
    "--kl-coef": ("--leash", "--kl-coefficient", "--beta"),
    "--lr": ("--learning-rate",),
    "--epochs": ("--num-epochs",),
    "--batch-size": ("--batch",),
    "--seed": ("--random-seed",),
    "--worlds": ("--num-worlds", "--games", "--num-envs"),
    "--processes": ("--workers", "--jobs"),
    "--threads": ("--num-threads",),
    "--handback-delay-s": ("--hand-back-s",),
}
"""Flag -> spellings that no flag may have; as aliases of that flag they are accepted."""


def flags_of(command: CommandType) -> dict[str, tuple[str, ...]]:
    """The flags of a verb with their aliases, without positional arguments."""
    found = {}
    for field, marks in annotated_fields(command.type):
        flag = flag_of(field, marks)
        if flag.startswith("--"):
            aliases = [alias for mark in marks for alias in getattr(mark, "aliases", None) or ()]
            found[flag] = tuple(alias.replace("_", "-") for alias in aliases)
    return found


@pytest.mark.parametrize("command", command_types(), ids=str)
def test_no_flag_of_a_verb_is_a_second_spelling(command: CommandType) -> None:
    spellings = {other: flag for flag, others in OTHER_SPELLINGS.items() for other in others}
    for flag in flags_of(command):
        assert flag not in spellings, f"{command} calls it {flag}, the other verbs {spellings[flag]}"


def test_an_alias_is_an_alias_of_the_same_flag_in_every_verb() -> None:
    flags = defaultdict(set)
    for command in command_types():
        for flag, aliases in flags_of(command).items():
            for alias in aliases:
                flags[alias].add(flag)
    several = {alias: names for alias, names in flags.items() if len(names) > 1}
    assert several == {
        "--model": {"--detector", "--critic-model"},  # the guide's recorder, and earlier versions' critic
        "--output-dir": {"--out", "--checkpoint-dir"},  # detector train writes both
    }


def test_flags_that_are_explained_alike_are_called_alike() -> None:
    flags = defaultdict(set)
    for command in command_types():
        texts = {name: text for each in command.type.__mro__ if dataclasses.is_dataclass(each) for name, text in
                 field_texts(each).items()}  # fmt: skip
        for field, marks in annotated_fields(command.type):
            text = " ".join(texts.get(field.name, "").split()).rstrip(".")
            if text:
                flags[text].add(flag_of(field, marks))
    alike = {text: names for text, names in flags.items() if len([name for name in names if name.startswith("--")]) > 1}
    assert not alike


def test_earlier_spellings_are_accepted() -> None:
    assert tyro.cli(Train, args=["--output_dir", "a"]).output_dir.name == "a"
    assert tyro.cli(Studio, args=["--recordings", "a", "--logs", "b"]).logs.name == "b"
    assert tyro.cli(Look, args=["shot.png", "--model", "a.onnx"]) == tyro.cli(
        Look, args=["shot.png", "--detector", "a.onnx"]
    )
    assert (
        tyro.cli(RecorderV2, args=["--model", "best.pt"]).model
        == tyro.cli(RecorderV2, args=["--detector", "best.pt"]).model
    )
    assert tyro.cli(Collect, args=["--model", "m", "--every", "2"]).every == 2
    assert tyro.cli(Evaluate, args=["--labels", "a", "--picture", "b.png"]).picture.name == "b.png"
    assert tyro.cli(Show, args=["--page", "a.html"]).page.name == "a.html"
    assert tyro.cli(Finetune, args=["--pairs", "64", "--model_path", "m/strategist/best_model.pt"]).pairs == 64


def test_fine_tuning_takes_a_folder_of_policies_or_the_guides_checkpoint() -> None:
    folder = tyro.cli(Finetune, args=["--models", "m"]).model_path
    checkpoint = tyro.cli(Finetune, args=["--model-path", "m/strategist/best_model.pt"]).model_path
    assert strategist_of(folder) == strategist_of(checkpoint) == checkpoint


@pytest.mark.parametrize("command", command_types(), ids=str)
def test_a_flag_that_says_no_has_no_opposite_that_says_no_twice(command: CommandType) -> None:
    for field, marks in annotated_fields(command.type):
        if field.name.startswith("no_"):
            assert set(get_args(tyro.conf.FlagCreatePairsOff[bool])[1:]) & set(marks), field.name


def test_the_help_of_record_names_every_hardship() -> None:
    named = re.findall(r"\w+_\w+|\w+(?=,|\.$)", field_texts(Record)["hardship"].split("any of ")[1])
    assert named == list(HARDSHIPS)
