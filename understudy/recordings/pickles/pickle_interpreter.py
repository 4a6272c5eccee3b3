"""Sandboxed pickle interpreter: executes a pickle's opcodes on plain values, without access to any Python object.

A pickle is a program. Python's unpickler runs it on real objects: it can set attributes, hash keys without end and nest
tuples until the process crashes. This interpreter implements only the opcodes of plain builtins and numpy arrays; each
is cheap, so a limit on their number bounds the time. A numpy array stays a `Parts` until `restricted_pickle` builds it.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from understudy.contract.errors import HostileRecordingError
from understudy.contract.terminal_text import printable

MAX_INSTRUCTIONS = 50_000
"""Limit of opcodes; an hour of recording has two thousand, about a hundred of them large byte strings."""
MAX_INTEGER_BITS = 1024
MAX_ODD_KEYS = 1000
"""Limit of keys that are not text: hashes of numbers can be made to collide, those of text cannot."""
MAX_KEY_VALUES = 16
"""Limit of values in a tuple that is a key, nested tuples included."""


def hostile(name: str, what: str) -> HostileRecordingError:
    """Returns the error for a rejected file."""
    return HostileRecordingError(
        f"{name} was refused and nothing of it was run: it asks for {what}, and a recording holds only plain numbers, "
        "text and arrays"
    )


@dataclass(eq=False, slots=True)
class Parts:
    """The unchecked constructor arguments of a numpy array, scalar or dtype."""

    kind: str
    """`array`, `scalar` or `dtype`."""
    arguments: tuple[Any, ...] = ()
    state: Any = None


@dataclass(eq=False, slots=True)
class _Name:
    """An allowed numpy function on the stack, until it is called."""

    make: Callable[..., Parts]


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> Parts:
    """Array constructor of protocol 5."""
    return Parts("array", state=(1, shape, dtype, order == "F", data))


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
_NAMES: dict[tuple[str, str], Callable[..., Parts]] = {
    **{(module, "_reconstruct"): lambda *_: Parts("array") for module in _MULTIARRAY},
    **{(module, "scalar"): lambda dtype, data: Parts("scalar", (dtype, data)) for module in _MULTIARRAY},
    **{(module, "_frombuffer"): _from_buffer for module in _NUMERIC},
    ("numpy", "ndarray"): lambda *_: Parts("array"),
    ("numpy", "dtype"): lambda code, *_: Parts("dtype", (code,)),
}
"""The five allowed names, and the result of calling each."""


class Interpreter:
    """Executes the opcodes of one file on a stack of plain values."""

    def __init__(self, name: str) -> None:
        """Args:
        name: of the file, for error messages.
        """
        self.name = name
        self.stack: list[Any] = []
        self.marks: list[int] = []
        """Stack heights of the MARKs."""
        self.memo: dict[int, Any] = {}
        self.num_odd_keys = 0

    def run(self, data: bytes) -> Any:
        """Executes the pickle; returns its value, made of builtins and Parts.

        Raises:
            HostileRecordingError: if the file contains more than plain values.
            Exception: of any type if the pickle is incomplete.
        """
        for count, (instruction, argument, _) in enumerate(pickletools.genops(data)):
            if count >= MAX_INSTRUCTIONS:
                raise hostile(self.name, f"more than {MAX_INSTRUCTIONS} instructions")
            if instruction.name in _MEMO_WRITES and argument is not None and argument > count:
                raise hostile(self.name, f"memory slot {argument}")
            self._execute(instruction.name, argument)
        if len(self.stack) != 1 or self.marks:
            raise ValueError("it ends with a stack that is not one value")
        return self.stack.pop()

    def _execute(self, instruction: str, argument: Any) -> None:
        if instruction in _PUSHES:
            self._push(argument)
        elif instruction in _CONSTANTS:
            self.stack.append(_CONSTANTS[instruction]())
        elif instruction in _MEMO_WRITES:
            self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]
        elif instruction in _MEMO_READS:
            self.stack.append(self.memo[argument])
        elif instruction in _ACTIONS:
            _ACTIONS[instruction](self, argument)
        else:
            raise hostile(self.name, f"the instruction {instruction}")

    def _push(self, value: Any) -> None:
        if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
            raise hostile(self.name, f"a number of {value.bit_length()} bits")
        self.stack.append(value)

    def _pop(self) -> Any:
        """Pops the top value; values below a MARK are inaccessible until it is popped."""
        if self.marks and len(self.stack) <= self.marks[-1]:
            raise ValueError("it takes a value from below a mark")
        return self.stack.pop()

    def _pop_to_mark(self) -> list[Any]:
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    def mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def pop(self, _: Any) -> None:
        if self.marks and len(self.stack) == self.marks[-1]:
            self.marks.pop()
        else:
            self.stack.pop()

    def pop_mark(self, _: Any) -> None:
        self._pop_to_mark()

    def append(self, _: Any) -> None:
        self._extend([self._pop()])

    def appends(self, _: Any) -> None:
        self._extend(self._pop_to_mark())

    def _extend(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise ValueError("it appends to what is no list")
        self.stack[-1].extend(items)

    def make_list(self, _: Any) -> None:
        self.stack.append(self._pop_to_mark())

    def make_tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._pop_to_mark()))

    def make_tuple_of(self, count: int) -> None:
        self.stack.append(tuple(reversed([self._pop() for _ in range(count)])))

    def make_dict(self, _: Any) -> None:
        items = self._pop_to_mark()
        self.stack.append({})
        self._set_items(items)

    def set_item(self, _: Any) -> None:
        value, key = self._pop(), self._pop()
        self._set_items([key, value])

    def set_items(self, _: Any) -> None:
        self._set_items(self._pop_to_mark())

    def _set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise ValueError("it sets items of what is no table")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, (str, bytes)):
                self._expect_plain_key(key)
            target[key] = value

    def _expect_plain_key(self, key: Any) -> None:
        """Bounds the cost of hashing a key: a tuple of two references to a tuple, nested 40 deep, has 2**40 values."""
        self.num_odd_keys += 1
        if self.num_odd_keys > MAX_ODD_KEYS:
            raise hostile(self.name, f"more than {MAX_ODD_KEYS} keys that are no text")
        waiting, num_values = [key], 0
        while waiting:
            value = waiting.pop()
            num_values += 1
            if num_values > MAX_KEY_VALUES:
                raise hostile(self.name, f"a key of more than {MAX_KEY_VALUES} values")
            if isinstance(value, tuple):
                waiting += value[: MAX_KEY_VALUES + 1]
            elif value is not None and not isinstance(value, (str, bytes, int, float)):
                raise hostile(self.name, f"a key that is a {type(value).__name__.strip('_')}")

    def find_global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._find(module, name)

    def find_stack_global(self, _: Any) -> None:
        name, module = self._pop(), self._pop()
        self._find(module, name)

    def _find(self, module: Any, name: Any) -> None:
        make = _NAMES.get((module, name)) if isinstance(module, str) and isinstance(name, str) else None
        if make is None:
            raise hostile(self.name, printable(f"{module}.{name}", 100))
        self.stack.append(_Name(make))

    def call(self, _: Any) -> None:
        arguments, function = self._pop(), self._pop()
        if not isinstance(function, _Name) or not isinstance(arguments, tuple):
            raise ValueError("it calls what is no function")
        self.stack.append(function.make(*arguments))

    def set_state(self, _: Any) -> None:
        state, target = self._pop(), self._pop()
        if not isinstance(target, Parts):
            raise ValueError("it sets the state of what has none")
        target.state = state
        self.stack.append(target)

    def nothing(self, _: Any) -> None:
        """PROTO, FRAME and STOP carry no content."""


_PUSHED = """
    INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE
    SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8
"""
_PUSHES = frozenset(_PUSHED.split())
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
}
_MEMO_WRITES = frozenset({"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"})
_MEMO_READS = frozenset({"GET", "BINGET", "LONG_BINGET"})
_ACTIONS: dict[str, Callable[[Interpreter, Any], None]] = {
    "PROTO": Interpreter.nothing,
    "FRAME": Interpreter.nothing,
    "STOP": Interpreter.nothing,
    "MARK": Interpreter.mark,
    "POP": Interpreter.pop,
    "POP_MARK": Interpreter.pop_mark,
    "APPEND": Interpreter.append,
    "APPENDS": Interpreter.appends,
    "LIST": Interpreter.make_list,
    "TUPLE": Interpreter.make_tuple,
    "TUPLE1": lambda self, _: self.make_tuple_of(1),
    "TUPLE2": lambda self, _: self.make_tuple_of(2),
    "TUPLE3": lambda self, _: self.make_tuple_of(3),
    "DICT": Interpreter.make_dict,
    "SETITEM": Interpreter.set_item,
    "SETITEMS": Interpreter.set_items,
    "GLOBAL": Interpreter.find_global,
    "STACK_GLOBAL": Interpreter.find_stack_global,
    "REDUCE": Interpreter.call,
    "BUILD": Interpreter.set_state,
}
"""All other opcodes are rejected (EXT, INST, OBJ, NEWOBJ, PERSID): only REDUCE calls, and only the names above."""
