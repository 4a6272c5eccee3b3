"""Ranges of numeric flags, annotated on the fields of a verb's dataclass and checked in one place.

    threads: Annotated[int, Range(1, 1024)] = 1

NaN and infinities lie in no range. Limits that depend on two flags stay in the dataclass's `__post_init__`.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_type_hints

from tyro.conf import Positional

from understudy.contract.errors import FlagError


@dataclass(frozen=True)
class Range:
    """Valid range of a numeric flag: `minimum` to `maximum`, both included unless `above_minimum`."""

    minimum: float | int
    maximum: float | int
    above_minimum: bool = False

    def __contains__(self, number: float | int) -> bool:
        above = self.minimum < number if self.above_minimum else self.minimum <= number
        return above and number <= self.maximum

    def __str__(self) -> str:
        if self.above_minimum:
            return f"a number above {_in_digits(self.minimum)}, at most {_in_digits(self.maximum)}"
        return f"{_in_digits(self.minimum)} to {_in_digits(self.maximum)}"


Seed = Annotated[int, Range(0, 2**32 - 1)]
RecordingSeed = Annotated[int, Range(0, 4_294_965)]
"""Seed of `understudy record`; the worlds of successive seeds lie 1000 apart in a space of 2^32."""
Count = Annotated[int, Range(1, 1_000_000)]
Worlds = Annotated[int, Range(1, 100_000)]
Parallel = Annotated[int, Range(1, 1024)]
"""Number of threads or processes."""
LearningRate = Annotated[float, Range(0.0, 1.0, above_minimum=True)]
Hours = Annotated[float, Range(0.0, 1_000_000.0, above_minimum=True)]
Minutes = Annotated[float, Range(0.0, 525_600.0, above_minimum=True)]
"""Minutes, up to a year."""
Seconds = Annotated[float, Range(1.0, 86_400.0)]
"""Seconds of play, up to a day."""
Interval = Annotated[float, Range(0.1, 3600.0)]
"""Interval or timeout in seconds."""
Probability = Annotated[float, Range(0.0, 1.0)]
PictureSize = Annotated[tuple[int, int], Range(180, 7680)]
"""Width and height in pixels."""
Monitor = Annotated[int, Range(1, 64)]


def check_ranges(command: Any) -> None:
    """Checks every number of a verb's dataclass against the range annotated on its field.

    Raises:
        FlagError: if a number lies outside; names the flag, the number and the range.
    """
    for field, marks in annotated_fields(type(command)):
        for allowed in (mark for mark in marks if isinstance(mark, Range)):
            value = getattr(command, field.name)
            for number in value if isinstance(value, tuple) else (value,):
                if number is not None and number not in allowed:
                    given = f"{number:g}" if isinstance(number, float) else str(number)
                    raise FlagError(f"{flag_of(field, marks)} {given} was given: expected {allowed}.")


def annotated_fields(command_type: type) -> Iterator[tuple[dataclasses.Field[Any], tuple[Any, ...]]]:
    """Yields each field of a dataclass with the annotations of its type, also those inside unions and tuples."""
    hints = get_type_hints(command_type, include_extras=True)
    for field in dataclasses.fields(command_type):
        yield field, tuple(_annotations(hints[field.name]))


def flag_of(field: dataclasses.Field[Any], marks: tuple[Any, ...]) -> str:
    """Returns the name of a field in the help: `--batch-size`, or `NUMBER` for a positional argument."""
    if set(get_args(Positional[int])[1:]) & set(marks):
        return field.name.upper()
    names = [mark.name for mark in marks if isinstance(getattr(mark, "name", None), str)]  # of tyro.conf.arg
    return f"--{names[0] if names else field.name.replace('_', '-')}"


def _annotations(hint: Any) -> Iterator[Any]:
    yield from getattr(hint, "__metadata__", ())
    for argument in get_args(hint):
        if isinstance(argument, type) or get_args(argument):
            yield from _annotations(argument)


def _in_digits(number: float | int) -> str:
    return f"{number:.0f}" if number == round(number) and abs(number) < 1e15 else f"{number:g}"
