"""Mutations of a line of JSON: of its values, and of its bytes."""

import contextlib
import json
import random
from typing import Any

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 0.5, -0.0, 1e-300, 1e300, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400),
    *(
        "",
        "x",
        "../../x",
        "/etc/passwd",
        "C:\\x",
        "x" * 5000,
        "\x1b]0;title\x07",
        "two\nlines",
        "\ud800",
        "\u202e",
        "nan",
    ),
    *(
        "FIGHT",
        "FLEE",
        "fight",
        ["FIGHT"],
        {"FIGHT": 1},
        [],
        {},
        [[]],
        [0],
        [10**9, 10**9],
        [[[[[[1]]]]]],
        {"a": {"b": {}}},
    ),
)
SCRAPS = (
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b",",
        b":",
        b"\\",
        b"\n",
        b"\r",
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\\u0000",
        b"\\ud800",
    ),
    *(b"1e999", b"-1e999", b"NaN", b"Infinity", b"null", b"true", b"0x1f", b"1_000", b"9" * 400, b"9" * 5000),
    *(b"[" * 5000, b'{"a":' * 5000, b"x" * 100_000, b"'", b"//", b"\x1b[31m"),
)


def mutate_bytes(line: bytes, chooser: random.Random) -> bytes:
    """Some bytes flipped, cut out, doubled, or a scrap put in."""
    content = bytearray(line)
    for _ in range(chooser.choice((1, 1, 1, 2, 5, 20))):
        at = chooser.randrange(len(content) + 1)
        match chooser.randrange(5):
            case 0 if content:
                content[at % len(content)] = chooser.randrange(256)
            case 1:
                del content[at : at + chooser.choice((1, 3, 50, 5000))]
            case 2:
                content[at:at] = content[at : at + chooser.choice((1, 10, 1000))]
            case 3:
                content[at:at] = chooser.choice(SCRAPS)
            case _ if content:
                content[at % len(content)] ^= 1 << chooser.randrange(8)
    return bytes(content)


def mutate_value(line: bytes, chooser: random.Random) -> bytes:
    """A value replaced, left out, moved or added somewhere in the JSON of a line."""
    plain = json.loads(line)
    for _ in range(chooser.choice((1, 1, 1, 2, 3))):
        found = list(places(plain))
        if not found:
            break
        holder, key = chooser.choice(found)
        match chooser.randrange(6):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[chooser.choice(("extra", "", key + " ", key.upper(), "\x1b[2J", "x" * 2000))] = holder[key]
            case 2:
                other, name = chooser.choice(found)
                with contextlib.suppress(LookupError):
                    holder[key] = json.loads(json.dumps(other[name]))
            case _:
                holder[key] = json.loads(json.dumps(chooser.choice(ODD_VALUES)))
    return json.dumps(plain, ensure_ascii=chooser.random() < 0.7).encode("utf-8", "surrogatepass")


def places(value: Any) -> Any:
    """Every place in nested dicts and lists: (holder, key)."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        yield from places(item)


def mutate_line(line: bytes, chooser: random.Random) -> bytes:
    """Values or bytes of a line that holds JSON, now and then both."""
    mutated = mutate_value(line, chooser) if chooser.random() < 0.6 else mutate_bytes(line, chooser)
    return mutated if chooser.random() < 0.95 else mutate_bytes(mutated, chooser)
