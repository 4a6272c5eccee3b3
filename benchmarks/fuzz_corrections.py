"""Mutations of a corrections file: one line of it is changed, and those around it must be read whatever it becomes."""

import base64
import contextlib
import dataclasses
import io
import json
import math
import random
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_changes import Mutant, Opened, WrongAcceptance, expect_plain_text
from fuzz_json import mutate_bytes, mutate_line, places

from understudy.cli import corrections
from understudy.contract.intent import Mode
from understudy.contract.observation import OBSERVATION, Role
from understudy.contract.serialization import to_plain
from understudy.evaluation.offline.feedback_eval import evaluate_provider, questions_of_entries
from understudy.feedback.correction import Correction, from_line, to_line
from understudy.feedback.correction_log import replace_line
from understudy.feedback.correction_reader import read_corrections
from understudy.feedback.rule_provider import RuleCritic
from understudy.feedback.state_snapshot import describe, pack_window
from understudy.learning.corrections.aggregation import aggregate_corrections
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.encoder import ENCODING
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import HP, SHIELD

TIMES = (100.0, 200.0, 300.0)
"""Of the three lines; the second is mutated, and those around it must be read whatever it becomes."""
GOOD_NAME = "good_corrections"
"""What was not mutated, beside the cases."""


def good_corrections(folder: Path) -> list[bytes]:
    """Three lines of a corrections file with observation, look back and picture; the second is to be mutated."""

    (folder / "corrections_1").mkdir(parents=True, exist_ok=True)
    (folder / "corrections_1" / "000001.jpg").write_bytes(b"\xff\xd8 a picture")
    record = np.zeros(1, OBSERVATION)
    record["player"]["gauges"][..., HP], record["player"]["gauges"][..., SHIELD], record["player"]["alive"] = (
        0.25,
        0.5,
        1,
    )
    tracks = record["tracks"][0]
    for slot in range(3):
        tracks[slot]["id"], tracks[slot]["kind"], tracks[slot]["role"] = 11 + slot, slot, int(Role.ENEMY)
        tracks[slot]["x"], tracks[slot]["y"], tracks[slot]["gauges"][..., HP], tracks[slot]["attacking"] = (
            0.6,
            0.5,
            0.8,
            1,
        )
        tracks[slot]["width"], tracks[slot]["height"] = 0.04, 0.06
    lines = []
    for time_s in TIMES:
        record["time_s"] = time_s
        window = np.random.default_rng(0).normal(size=(5, CONTEXT_WIDTH)).astype(np.float32)
        state = dataclasses.replace(
            describe(record[0], load_profile("darkorbit")), window=pack_window(window, ENCODING)
        )
        correction = Correction(
            state=state,
            bot_action=Mode.FIGHT,
            vlm_correction=Mode.FLEE,
            reason="low hull",
            confidence=0.9,
            bot_target=11,
            target=0,
            model="m",
            time_s=time_s,
            when="2026-11-22T12:00:00.000+00:00",
            frame="corrections_1/000001.jpg" if time_s == TIMES[0] else None,
        )
        lines.append(to_line(correction).encode())
    content = b"\n".join(lines) + b"\n"
    (folder / GOOD_NAME).write_bytes(content)
    return [content]


def mutate_corrections(good: bytes, chooser: random.Random, trace: Path) -> Mutant:
    """The second line mutated, sometimes inside what is packed; now and then the bytes of the whole file."""
    first, second, third, _ = good.split(b"\n")
    if chooser.random() < 0.15:
        second = _mutate_packed(second, chooser)
    elif chooser.random() < 0.97:
        second = mutate_line(second, chooser)
    else:
        return Mutant(first + b"\n" + mutate_bytes(second + b"\n" + third, chooser), True, "bytes")
    return Mutant(b"\n".join((first, second, third)) + chooser.choice((b"\n", b"", b"\n\n")), True, "line")


def _mutate_packed(line: bytes, chooser: random.Random) -> bytes:
    """Numbers of an observation or a look back that are whole in their packing, and odd."""
    plain = json.loads(line)
    packed = plain["state"][chooser.choice(("observation", "window"))]
    content = bytearray(zlib.decompress(base64.b64decode(packed["data"])))
    for _ in range(chooser.choice((1, 4, 40))):
        at = 4 * chooser.randrange(len(content) // 4)
        value = chooser.choice((np.nan, np.inf, 1e30, -1.0, 0.0, 1e6))
        content[at : at + 4] = chooser.choice((np.float32(value).tobytes(), chooser.randbytes(4), b"\xff\xff\xff\x7f"))
    if chooser.random() < 0.1:
        content = bytearray(chooser.choice((b"", bytes(10), bytes(10_000_000))))
    packed["data"] = base64.b64encode(zlib.compress(bytes(content))).decode()
    return json.dumps(plain).encode()


def open_corrections(path: Path) -> Opened:
    """Reads, lists, shows and learns from a corrections file, and edits its second line.

    Returns:
        The problems that were reported; the content is empty, or says what no reader may do: a good line hidden, a
        value that is not the file's.
    """
    try:
        return Opened(b"", tuple(_use_corrections(path)))
    except WrongAcceptance as wrong:
        return Opened(str(wrong).encode(), ())


def _use_corrections(path: Path) -> Sequence[str]:
    read = read_corrections(path)
    taken = [entry.line for entry in read.entries]
    raw, good = path.read_bytes().split(b"\n"), (path.parent / GOOD_NAME).read_bytes().split(b"\n")
    hidden = [number for number, line in enumerate(raw, 1) if line and line in good and number not in taken]
    if hidden:
        raise WrongAcceptance(f"good lines are hidden: {read.problems}")
    for entry in read.entries:
        _expect_possible(entry.correction, raw[entry.line - 1])
    aggregate_corrections(read.entries)
    out, page = io.StringIO(), path.with_suffix(".html")
    with contextlib.redirect_stdout(out):
        corrections.run(corrections.List(corrections_dir=path, all=True))
        odd = tuple(number for number, entry in enumerate(read.entries, 1) if raw[entry.line - 1] not in good)
        corrections.run(corrections.Show(corrections_dir=path, numbers=odd or (1, 2), page=page))
    expect_plain_text(out.getvalue())
    _ask_rules(read.entries)
    second = [entry for entry in read.entries if entry.line == 2]
    if second:
        replace_line(path, 2, dataclasses.replace(second[0].correction, reason="edited"), second[0].correction)
    return read.problems


def _expect_possible(correction: Any, line: bytes) -> None:
    """Independent of the product's own checks: the values of the file, all of them, and none that cannot be."""
    plain = to_plain(correction)
    given = json.loads(line.decode("utf-8", errors="replace"))
    for seen in (given["state"], *given["state"].get("objects", ())):
        if "gauges" not in seen:  # as versions before profiles declared gauges wrote them
            seen["gauges"] = {name: seen.pop(name) for name in ("hp", "shield") if name in seen}
    if not _contains(plain, given):
        raise WrongAcceptance("what was read is not what the line says")
    if from_line(to_line(correction)) != correction:
        raise WrongAcceptance("what was read cannot be written and read again")
    state = correction.state
    bars = [*state.gauges.values(), *(value for seen in state.objects for value in seen.gauges.values())]
    if not all(bar is None or 0 <= bar <= 1 for bar in bars) or not 0 <= correction.confidence <= 1:
        raise WrongAcceptance("a bar or a confidence outside 0..1")
    for _, value in _leaves(plain):
        if isinstance(value, float) and not math.isfinite(value):
            raise WrongAcceptance("a number that is not finite")
        if isinstance(value, int) and abs(value) > 2**64:
            raise WrongAcceptance("an integer that nothing can hold")
        if isinstance(value, str) and any(0xD800 <= ord(letter) < 0xE000 for letter in value):
            raise WrongAcceptance("half a character")
    if correction.frame is not None and (".." in correction.frame or correction.frame.startswith(("/", "\\"))):
        raise WrongAcceptance("a picture outside the folder")


def _contains(whole: Any, part: Any) -> bool:
    """Whether everything that a line says was read as it says; defaults may come on top."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and _contains(whole[key], part[key]) for key in part)
    if isinstance(part, list):
        same = isinstance(whole, list) and len(whole) == len(part)
        return same and all(_contains(one, other) for one, other in zip(whole, part, strict=True))
    return bool(whole == part) and isinstance(whole, bool) == isinstance(part, bool)


def _leaves(value: Any) -> Any:
    for holder, key in places(value):
        if not isinstance(holder[key], (dict, list)):
            yield key, holder[key]


def _ask_rules(entries: Any) -> None:
    """The rules judge every moment, as `critic evaluate --labels` does."""
    profile = load_profile("darkorbit")
    for known in (None, profile):
        evaluate_provider(RuleCritic(), questions_of_entries(entries, profile=known), profile)
