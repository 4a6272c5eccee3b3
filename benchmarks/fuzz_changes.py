"""What all kinds of files have in common in `fuzz`: changes of bytes and of JSON, and what a case consists of."""

import random
from dataclasses import dataclass

NASTY_NUMBERS = (0, 1, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
NASTY_TEXTS = (
    b"\xff", b"\x00", b"\x1b[2J", b"[" * 3000, b'"', b"-1", b"1e999", b"NaN", b"null", b"9" * 5000, b"{}", b"true",
    b'"<f8"', b'"O"', b'"f4,f4"', b'"(9,9)f8"', b"\\ud800", b"1" * 20, b"0", b"[/red]",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One changed file."""

    data: bytes
    is_detectable: bool
    """Whether a change of its content must be noticed; not so where checksums were made to fit again."""
    how: str


@dataclass(frozen=True)
class Opened:
    """What a file that could be opened holds."""

    content: bytes
    """Everything in it that matters, to compare with the good file."""
    statements: tuple[str, ...]
    """What was said to be wrong with it."""


def mutate_bytes(data: bytes, draw: random.Random) -> tuple[bytes, str]:
    """Changes that know nothing of what they change."""
    changed = bytearray(data)
    how = draw.choice(("flip", "flip", "cut", "delete", "repeat", "insert", "zero", "number", "swap"))
    place = draw.randrange(len(data))
    length = min(draw.choice((1, 4, 16, 200, 4000)), len(data) - place)
    if how == "flip":
        for _ in range(draw.choice((1, 1, 2, 8))):
            changed[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    elif how == "cut":
        del changed[place:]
    elif how == "delete":
        del changed[place : place + length]
    elif how == "repeat":
        changed[place:place] = changed[place : place + length] * draw.choice((1, 3))
    elif how == "insert":
        changed[place:place] = draw.choice((draw.randbytes(length), draw.choice(NASTY_TEXTS)))
    elif how == "zero":
        changed[place : place + length] = bytes(length)
    elif how == "number":
        size = draw.choice((1, 2, 4, 8))
        changed[place : place + size] = (draw.choice(NASTY_NUMBERS) % 256**size).to_bytes(size, "little")
    else:
        other = draw.randrange(len(data))
        changed[place : place + length], changed[other : other + length] = (
            changed[other : other + length],
            changed[place : place + length],
        )
    return bytes(changed), how


def mutate_text(text: bytes, draw: random.Random) -> bytes:
    """Changes of JSON: a value becomes a nasty one, or bytes change."""
    if draw.random() < 0.3:
        return mutate_bytes(text, draw)[0]
    places = [place for place, byte in enumerate(text) if byte in b":[,"]
    if not places:
        return text
    place = draw.choice(places) + 1
    end = place
    while end < len(text) and text[end] not in b",]}":
        end += 1
    return text[:place] + draw.choice(NASTY_TEXTS) + text[end:]


class WrongAcceptance(Exception):
    """A file that breaks a promise was read without a word."""


def expect_plain_text(text: str) -> None:
    """What is printed of a file holds nothing that a terminal obeys.

    Raises:
        WrongAcceptance: if it does.
    """
    odd = {letter for letter in text if not letter.isprintable() and letter != "\n"}
    if odd:
        raise WrongAcceptance(f"printed what a terminal obeys: {sorted(odd)!r}")
