"""Raw input events of an episode: a sequence of `InputEvent` over one array of records.

An hour holds half a million events, and a file may hold far more. As a record each takes 56 bytes, as an object 350; so
the objects are made one at a time, and what looks at many events uses `records`.
"""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from jaxtyping import Bool

from understudy.contract.protocols import InputEvent
from understudy.recordings.mcap_channels import INPUT, inputs_to_records, record_to_input

_BLOCK = 1024
"""Records that iteration converts at a time."""


class InputEvents(Sequence[InputEvent]):
    """An immutable sequence of raw events; equal to any sequence with the same events."""

    def __init__(self, records: np.ndarray) -> None:
        """Args:
        records: of dtype INPUT, shape (number of events,).
        """
        assert records.dtype == INPUT and records.ndim == 1
        self.records = records

    @classmethod
    def of(cls, events: Sequence[InputEvent]) -> "InputEvents":
        """Returns the events as records; the same object if they are."""
        return events if isinstance(events, cls) else cls(inputs_to_records(events))

    def where(self, chosen: Bool[np.ndarray, " E"]) -> "InputEvents":
        """Returns the events that a mask chooses."""
        return InputEvents(self.records[chosen])

    @overload
    def __getitem__(self, index: int) -> InputEvent: ...

    @overload
    def __getitem__(self, index: slice) -> "InputEvents": ...

    def __getitem__(self, index: int | slice) -> "InputEvent | InputEvents":
        if isinstance(index, slice):
            return InputEvents(self.records[index])
        return record_to_input(self.records[index].item())

    def __iter__(self) -> Iterator[InputEvent]:
        for start in range(0, len(self.records), _BLOCK):
            yield from map(record_to_input, self.records[start : start + _BLOCK].tolist())

    def __len__(self) -> int:
        return len(self.records)

    def __add__(self, other: Sequence[InputEvent]) -> "InputEvents":
        return InputEvents(np.concatenate([self.records, InputEvents.of(other).records]))

    def __radd__(self, other: Sequence[InputEvent]) -> "InputEvents":
        return InputEvents.of(other) + self

    def __eq__(self, other: object) -> bool:
        if isinstance(other, InputEvents):
            return self.records.tobytes() == other.records.tobytes()
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as of a list: the records could be changed

    def __repr__(self) -> str:
        return f"InputEvents({list(self)})"
