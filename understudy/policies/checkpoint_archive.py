"""Validates a torch zip archive before torch reads it: size, referenced names and nesting; rejects all else.

`torch.load(weights_only=True)` runs no code, but builds any tensors and containers that a file describes: 300 kB can
expand to gigabytes (deflated entries, a view that repeats one number, sparse and nested tensors) or take for ever to
hash (a key of two references to a key, nested 30 deep). So this module executes the pickle's opcodes with placeholders
for tensors, and accepts only what our checkpoints contain: plain values and dense views of the archive's own bytes.
"""

import io
import pickletools
import stat
from collections import OrderedDict
from pathlib import Path
from typing import Any

from understudy.contract.errors import CheckpointError
from understudy.contract.terminal_text import printable
from understudy.contract.torch_archive import PICKLE, ZIP_MAGIC, OddArchiveError, archive_records, packed_archive

MAX_BYTES = 512 * 2**20
"""Limit of a file's size; our largest has six million bytes."""
MAX_INSTRUCTIONS = 1_000_000
MAX_VALUES = 1_000_000
"""Limit of plain values in an archive, each counted as often as it is referenced."""
MAX_DEPTH = 32
MAX_DIMENSIONS = 8
MAX_SHARING = 8
"""Limit of tensor bytes as a multiple of the archive's: raw and averaged weights may share a storage."""
ITEM_BYTES = {
    "torch DoubleStorage": 8,
    "torch LongStorage": 8,
    "torch FloatStorage": 4,
    "torch IntStorage": 4,
    "torch HalfStorage": 2,
    "torch BFloat16Storage": 2,
    "torch ShortStorage": 2,
    "torch CharStorage": 1,
    "torch ByteStorage": 1,
    "torch BoolStorage": 1,
}
"""Allowed storage classes -> bytes per item."""
TENSOR, ORDERED = "torch._utils _rebuild_tensor_v2", "collections OrderedDict"


def judged_archive(path: Path) -> io.BytesIO:
    """Returns a checkpoint's archive, repacked from its validated entries.

    Raises:
        CheckpointError: if it is missing, torn or a decompression bomb, contains anything but plain values and dense
            tensors, or is no archive of torch.
    """
    raw = _read_file(path)
    if not raw.startswith(ZIP_MAGIC):  # else torch would use its older reader of bare pickles
        raise no_checkpoint(path)
    try:
        records = archive_records(raw)
        if PICKLE not in records:
            raise no_checkpoint(path)
        _Reader(records, len(raw)).follow()
    except CheckpointError:
        raise
    except OddArchiveError as refusal:
        raise CheckpointError(
            f"{path} {refusal}, which no checkpoint of understudy does: nothing of it was run; delete it."
        ) from None
    except Exception as problem:  # arbitrary bytes raise nearly anything, from BadZipFile to UnicodeDecodeError
        raise CheckpointError(f"{path} is torn ({first_line(problem)}): take another copy or train again.") from problem
    return io.BytesIO(packed_archive(records))


def no_checkpoint(path: Path) -> CheckpointError:
    """Returns the error for a file that is no checkpoint."""
    return CheckpointError(
        f"{path} is not a checkpoint of understudy: give a best_model.pt that  understudy train  wrote."
    )


def first_line(problem: Exception) -> str:
    """Returns an exception's first line, short enough for a sentence."""
    return printable((str(problem).strip().splitlines() or [type(problem).__name__])[0], most=120)


def _read_file(path: Path) -> bytes:
    """Reads a file that is no larger than a checkpoint can be."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise CheckpointError(f"The checkpoint {path} cannot be read (it is no file): check the path.")
        if found.st_size > MAX_BYTES:
            raise CheckpointError(
                f"{path} has {found.st_size / 1e6:.0f} MB, more than any checkpoint of understudy "
                f"({MAX_BYTES / 1e6:.0f} MB at most): give a best_model.pt that  understudy train  wrote."
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"There is no checkpoint {path}: train one with  understudy train .") from None
    except (OSError, ValueError) as problem:  # ValueError: a path with a zero byte in it
        raise CheckpointError(
            f"The checkpoint {path} cannot be read ({getattr(problem, 'strerror', None) or problem}): check the path "
            "and its permissions."
        ) from problem


class _Name(str):
    """A class or function that the pickle references."""


class _Storage:
    """The numbers of an entry `data/KEY`."""

    def __init__(self, num_items: int, item_bytes: int) -> None:
        self.num_items, self.item_bytes = num_items, item_bytes


class _Tensor:
    """Placeholder for a view of a storage."""


class _Reader:
    """Executes the opcodes as torch.load would, with placeholders for all but plain values."""

    def __init__(self, records: dict[str, bytes], num_bytes: int) -> None:
        self._records, self._budget = records, MAX_SHARING * num_bytes
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def follow(self) -> None:
        """Executes the whole pickle.

        Raises:
            OddArchiveError: naming the first opcode or value that no checkpoint contains.
            Exception: of any type if the pickle is incomplete.
        """
        for count, (instruction, argument, _) in enumerate(pickletools.genops(self._records[PICKLE])):
            if count > MAX_INSTRUCTIONS:
                raise OddArchiveError("has no end")
            if instruction.name == "STOP":
                return _require_plain(self._stack.pop())
            self._step(instruction.name, argument)
        raise EOFError("no end")

    def _step(self, name: str, argument: Any) -> None:
        match name:
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT" | "BINUNICODE":
                self._stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                self._stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
            case "EMPTY_DICT" | "EMPTY_LIST" | "EMPTY_TUPLE":
                self._stack.append({"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}[name]())
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = self._stack[-1]
            case "BINGET" | "LONG_BINGET":
                self._stack.append(self._memo[argument])
            case "MARK":
                self._outer.append(self._stack)
                self._stack = []
            case "TUPLE":
                items = tuple(self._from_mark())
                self._stack.append(items)
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                self._stack.append(tuple(self._take(int(name[-1]))))
            case "APPEND" | "APPENDS":
                self._extend(self._from_mark() if name == "APPENDS" else self._take(1))
            case "SETITEM" | "SETITEMS":
                self._set(self._from_mark() if name == "SETITEMS" else self._take(2))
            case "GLOBAL":
                self._stack.append(_known_name(argument))
            case "BINPERSID":
                self._stack.append(self._storage(self._stack.pop()))
            case "REDUCE":
                function, arguments = self._take(2)
                self._stack.append(self._call(function, arguments))
            case "BUILD":
                target, state = self._take(2)
                if not isinstance(target, OrderedDict) or not isinstance(state, dict) or set(state) != {"_metadata"}:
                    raise OddArchiveError("fills in something that is no state dict")
                _require_plain(state)
                self._stack.append(target)
            case "PROTO" if argument == 2:
                pass
            case _:
                raise OddArchiveError(f"holds the instruction {name}")

    def _take(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise IndexError("an instruction without its values")
        items = self._stack[-count:]
        del self._stack[-count:]
        return items

    def _from_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._outer.pop()
        return items

    def _extend(self, items: list[Any]) -> None:
        if type(self._stack[-1]) is not list:
            raise OddArchiveError("appends to something that is no list")
        self._stack[-1].extend(items)

    def _set(self, items: list[Any]) -> None:
        if not isinstance(self._stack[-1], dict) or len(items) % 2:
            raise OddArchiveError("sets items of something that is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, int):  # hashing a nested tuple can take for ever, or overflow the stack
                raise OddArchiveError("has a key that is neither a name nor a number")
            self._stack[-1][key] = value

    def _storage(self, key: Any) -> _Storage:
        """Returns the storage of `("storage", class, key, device, number of items)`."""
        word, kind, name, _, num_items = key
        if word != "storage" or type(kind) is not _Name or type(name) is not str or type(num_items) is not int:
            raise OddArchiveError("describes its numbers in another way")
        item_bytes = ITEM_BYTES[kind]
        if len(self._records[f"data/{name}"]) != num_items * item_bytes:
            raise OddArchiveError("says that there are more numbers than there are")
        return _Storage(num_items, item_bytes)

    def _call(self, function: Any, arguments: Any) -> Any:
        if type(function) is _Name and function == ORDERED and arguments == ():
            return OrderedDict()
        if type(function) is not _Name or function != TENSOR or type(arguments) is not tuple:
            raise OddArchiveError("asks to run code on loading (a call of something that is no tensor)")
        storage, offset, sizes, strides, requires_grad, hooks = arguments
        if type(storage) is not _Storage or type(requires_grad) is not bool or type(hooks) is not OrderedDict:
            raise OddArchiveError("describes a tensor in another way")
        self._spend(storage, offset, sizes, strides)
        return _Tensor()

    def _spend(self, storage: _Storage, offset: Any, sizes: Any, strides: Any) -> None:
        """Rejects a view of more numbers than its storage holds, and too many views of the same."""
        if type(sizes) is not tuple or type(strides) is not tuple or not len(sizes) == len(strides) <= MAX_DIMENSIONS:
            raise OddArchiveError("describes a tensor in another way")
        numbers = (offset, *sizes, *strides)
        if any(type(one) is not int or one < 0 for one in numbers):
            raise OddArchiveError("describes a tensor in another way")
        count, reach = 1, offset
        for size, stride in zip(sizes, strides, strict=True):
            count, reach = count * size, reach + max(size - 1, 0) * stride
        if max(numbers) > 2**40 or count > storage.num_items or (count and reach >= storage.num_items):
            raise OddArchiveError("has a tensor that is larger than its numbers")
        self._budget -= count * storage.item_bytes
        if self._budget < 0:
            raise OddArchiveError("unfolds to more than its own size")


def _known_name(argument: str) -> _Name:
    if argument not in ITEM_BYTES and argument not in (TENSOR, ORDERED):
        raise OddArchiveError(f"asks to run code on loading ({argument.replace(' ', '.')[:80]!r})")
    return _Name(argument)


def _require_plain(value: Any) -> None:
    """Rejects too deep or too many values; counts a shared value as often as it is referenced."""
    waiting, count = [(value, 1)], 0
    while waiting:
        item, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_VALUES:
            raise OddArchiveError("is nested too deeply" if depth > MAX_DEPTH else "has no end")
        if isinstance(item, dict):
            waiting += [(one, depth + 1) for one in item.values()]
        elif isinstance(item, (list, tuple)):
            waiting += [(one, depth + 1) for one in item]
        elif not (item is None or type(item) in (bool, int, float, str, _Tensor)):
            raise OddArchiveError("holds something that is neither a plain value nor a tensor")
