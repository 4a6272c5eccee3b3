"""Every numeric flag of every verb has a range, and a number outside it is one sentence before anything is run."""

import dataclasses
import math
import typing
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from tests.support.command_types import CommandType, command_types
from understudy.cli.flags.number_ranges import Range, annotated_fields, check_ranges, flag_of
from understudy.cli.main import run_command
from understudy.contract.errors import FlagError


def numeric_fields() -> list[tuple[CommandType, Any]]:
    return [
        (command, field)
        for command in command_types()
        for field in dataclasses.fields(command.type)
        if {int, float} & set(_parts(typing.get_type_hints(command.type)[field.name]))
    ]


def _parts(hint: Any) -> list[Any]:
    arguments = typing.get_args(hint)
    return [part for argument in arguments for part in _parts(argument)] if arguments else [hint]


every_number = pytest.mark.parametrize(
    ("command", "field"), [pytest.param(*each, id=f"{each[0]}.{each[1].name}") for each in numeric_fields()]
)


def range_of(command: CommandType, field: Any) -> Range:
    ranges = [mark for mark in dict(_named(command))[field.name] if isinstance(mark, Range)]
    assert len(ranges) == 1, f"{command}.{field.name} has no range"
    return ranges[0]


def _named(command: CommandType) -> list[tuple[str, tuple[Any, ...]]]:
    return [(field.name, marks) for field, marks in annotated_fields(command.type)]


@every_number
def test_every_number_has_a_finite_range_that_holds_its_default(command: CommandType, field: Any) -> None:
    allowed = range_of(command, field)
    assert math.isfinite(allowed.minimum) and math.isfinite(allowed.maximum)
    if field.default not in (dataclasses.MISSING, None):
        numbers = field.default if isinstance(field.default, tuple) else (field.default,)
        assert all(number in allowed for number in numbers)


@every_number
@pytest.mark.parametrize("wrong", ["below", "above", "nan", "inf", "-inf", "1e20"])
def test_a_number_outside_its_range_is_refused_by_the_name_of_its_flag(
    command: CommandType, field: Any, wrong: str, capsys: pytest.CaptureFixture[str], working_folder: object
) -> None:
    allowed = range_of(command, field)
    hint = typing.get_type_hints(command.type)[field.name]
    is_whole = int in _parts(hint)
    if is_whole:
        given = {"below": str(int(allowed.minimum) - 1), "above": str(int(allowed.maximum) + 1), "1e20": f"{10**20}"}
    else:
        given = {
            "below": repr(allowed.minimum if allowed.above_minimum else allowed.minimum - 1e-3),
            "above": repr(allowed.maximum * 1.001 + 1e-3),
            "1e20": "1e20",
        }
    number = given.get(wrong, wrong)
    numbers = [number] * (2 if typing.get_args(hint)[:2] == (int, int) else 1)
    flag = flag_of(field, dict(_named(command))[field.name])
    rest = [word for other in dataclasses.fields(command.type) for word in _required(command, other, field)]
    positional = flag.isupper()
    typed = ["--", *numbers] if positional else [f"{flag}={numbers[0]}", *numbers[1:]]
    if len(numbers) == 2:
        typed = [flag, *numbers]

    code = run_command(command.module, command.choice, [*command.words, *rest, *typed], program="understudy")

    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    if is_whole and wrong in ("nan", "inf", "-inf"):
        return  # refused by the parser: no whole number
    if positional and number.startswith("-"):
        return  # taken for a flag
    assert said.err.startswith(f"{flag} ") and "was given: expected " in said.err, said.err
    assert said.err.count("\n") == 1


def _required(command: CommandType, other: Any, besides: Any) -> list[str]:
    """What has to be typed because it has no default."""
    if other.default is not dataclasses.MISSING or other.name == besides.name:
        return []
    flag = flag_of(other, dict(_named(command))[other.name])
    return ["1"] if flag.isupper() else [flag, "1"]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    whole: Annotated[int, Range(1, 8)] = 1
    part: Annotated[float | None, Range(0.0, 1.0, above_minimum=True)] = None
    several: Annotated[tuple[int, ...], Range(1, 3)] = ()
    free: float = 0.0


@pytest.mark.parametrize(
    "command", [Numbers(), Numbers(whole=8, part=1.0), Numbers(part=1e-9, several=(1, 2, 3)), Numbers(free=-1e300)]
)
def test_numbers_within_their_ranges_pass(command: Numbers) -> None:
    check_ranges(command)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (Numbers(whole=0), "--whole 0 was given: expected 1 to 8."),
        (Numbers(whole=10**20), "--whole 100000000000000000000 was given: expected 1 to 8."),
        (Numbers(part=0.0), "--part 0 was given: expected a number above 0, at most 1."),
        (Numbers(part=math.nan), "--part nan was given: expected a number above 0, at most 1."),
        (Numbers(part=-math.inf), "--part -inf was given: expected a number above 0, at most 1."),
        (Numbers(several=(1, 4)), "--several 4 was given: expected 1 to 3."),
    ],
)
def test_a_number_outside_is_one_sentence_with_flag_number_and_range(command: Numbers, sentence: str) -> None:
    with pytest.raises(FlagError) as refused:
        check_ranges(command)
    assert str(refused.value) == sentence
