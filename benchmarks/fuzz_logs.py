"""Mutations of good corrections and audit logs, opened as the product opens them.

    python benchmarks/fuzz_logs.py --corrections 21000 --audits 500 --seed 0

A kind makes a good file, mutates its bytes and opens the result. A case goes wrong if it raises anything that is no
UnderstudyError, takes over 10 s or over 1 GB, or is accepted in silence though it breaks a promise (WrongAcceptance):
a good line that is hidden by a bad one, a value that is not the one in the file or that no moment can have, text that a
terminal obeys. benchmarks/fuzz.py imports the functions of each kind: `make_*`, `mutate_*`, `open_*`.
"""

import argparse
import contextlib
import dataclasses
import io
import json
import math
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_json import mutate_bytes, mutate_line, places
from smallest import flags

from understudy.contract.errors import UnderstudyError

LONGEST_S, MOST_BYTES = 10.0, 10**9
SHOWN = 20
"""Different faults of a kind that are printed."""


class WrongAcceptance(Exception):
    """A file that breaks a promise was read without a word."""


# ---- corrections

TIMES = (100.0, 200.0, 300.0)
"""Of the three lines; the second is mutated, and those around it must be read whatever it becomes."""
GOOD_NAME = "good_corrections"
"""What was not mutated, beside the cases."""


def make_corrections(folder: Path) -> bytes:
    """Three lines of a corrections file with observation, look back and picture; the second is to be mutated."""
    from understudy.contract.intent import Mode
    from understudy.contract.observation import OBSERVATION, Role
    from understudy.feedback.correction import Correction, to_line
    from understudy.feedback.state_snapshot import describe, pack_window
    from understudy.policies.context_features import CONTEXT_WIDTH
    from understudy.policies.encoder import ENCODING
    from understudy.worlds.catalog import load_profile

    (folder / "corrections_1").mkdir(parents=True, exist_ok=True)
    (folder / "corrections_1" / "000001.jpg").write_bytes(b"\xff\xd8 a picture")
    record = np.zeros(1, OBSERVATION)
    record["player"]["hp"], record["player"]["shield"], record["player"]["alive"] = 0.25, 0.5, 1
    tracks = record["tracks"][0]
    for slot in range(3):
        tracks[slot]["id"], tracks[slot]["kind"], tracks[slot]["role"] = 11 + slot, slot, int(Role.ENEMY)
        tracks[slot]["x"], tracks[slot]["y"], tracks[slot]["hp"], tracks[slot]["attacking"] = 0.6, 0.5, 0.8, 1
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
    return content


def mutate_corrections(good: bytes, chooser: random.Random) -> bytes:
    """The second line mutated, sometimes inside what is packed; now and then the bytes of the whole file."""
    first, second, third, _ = good.split(b"\n")
    if chooser.random() < 0.15:
        second = _mutate_packed(second, chooser)
    elif chooser.random() < 0.97:
        second = mutate_line(second, chooser)
    else:
        return first + b"\n" + mutate_bytes(second + b"\n" + third, chooser)
    return b"\n".join((first, second, third)) + chooser.choice((b"\n", b"", b"\n\n"))


def _mutate_packed(line: bytes, chooser: random.Random) -> bytes:
    """Numbers of an observation or a look back that are whole in their packing, and odd."""
    import base64
    import zlib

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


def open_corrections(path: Path) -> None:
    """Reads, lists, shows and learns from a corrections file, and edits its second line in a copy of it.

    Raises:
        UnderstudyError: if its second line was not taken.
        WrongAcceptance: if a good line is hidden, or an odd one was taken.
    """
    from understudy.cli import corrections
    from understudy.feedback.correction_log import replace_line
    from understudy.feedback.correction_reader import read_corrections
    from understudy.learning.corrections.aggregation import aggregate_corrections

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
        if odd:
            corrections.run(corrections.Show(corrections_dir=path, numbers=odd, page=page))
    _expect_plain_text(out.getvalue())
    _ask_rules(read.entries)
    second = [entry for entry in read.entries if entry.line == 2]
    if second:
        replace_line(path, 2, dataclasses.replace(second[0].correction, reason="edited"), second[0].correction)
    if read.problems:
        raise UnderstudyError(read.problems[0])


def _expect_possible(correction: Any, line: bytes) -> None:
    """Independent of the product's own checks: the values of the file, all of them, and none that cannot be."""
    from understudy.contract.serialization import to_plain
    from understudy.feedback.correction import from_line, to_line

    plain = to_plain(correction)
    given = json.loads(line.decode("utf-8", errors="replace"))
    if not _contains(plain, given):
        raise WrongAcceptance("what was read is not what the line says")
    if from_line(to_line(correction)) != correction:
        raise WrongAcceptance("what was read cannot be written and read again")
    state = correction.state
    bars = [state.hp, state.shield, *(seen.hp for seen in state.objects)]
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
    from understudy.evaluation.offline.feedback_eval import evaluate_provider, questions_of_entries
    from understudy.feedback.rule_provider import RuleCritic
    from understudy.worlds.catalog import load_profile

    profile = load_profile("darkorbit")
    for known in (None, profile):
        evaluate_provider(RuleCritic(), questions_of_entries(entries, profile=known), profile)


def _expect_plain_text(text: str) -> None:
    odd = {letter for letter in text if not letter.isprintable() and letter != "\n"}
    if odd:
        raise WrongAcceptance(f"printed what a terminal obeys: {sorted(odd)!r}")


# ---- audit logs


def make_audit(folder: Path) -> bytes:
    """The log of an executor that was promoted twice, refused once and rolled back once; leaves the weights there."""
    from understudy.learning.registry.promotion import PromotionRecord, promote, record_rejection, rollback

    models = folder / "models"
    _write_executor(models, 0.0, "executor/best_model.pt")
    for number, shift in enumerate((0.1, 0.2), 1):
        candidate = _write_executor(models, shift, f"executor/staged/candidate_{number}.pt")
        promote(models, candidate, PromotionRecord(why="better", reason="18.9 against 17", numbers={"gain": 1.9}))
    record_rejection(models, "executor", None, PromotionRecord(why="torn"))
    rollback(models)
    return (models / "executor" / "history" / "audit.jsonl").read_bytes()


def _write_executor(models: Path, shift: float, name: str) -> Path:
    """A small executor with made-up weights, of one family."""
    import torch

    from understudy.contract.serialization import to_plain
    from understudy.policies.checkpoint import BASE, Checkpoint, CheckpointMeta, Parent, save_checkpoint
    from understudy.policies.encoder import ENCODING
    from understudy.policies.executor import Executor, ExecutorConfig
    from understudy.policies.motor_model import MOTOR_MODEL
    from understudy.policies.policy_bundle import hand_to_plain
    from understudy.policies.strategist import Strategist, StrategistConfig
    from understudy.policies.tactician import Tactician, TacticianConfig

    torch.manual_seed(0)
    hand: Any = np.zeros(1, MOTOR_MODEL)[0]
    hand["duration"], hand["dwell"], hand["press"], hand["key_press"] = 4.0, 1.0, 2.0, 2.0
    hand["profile"] = np.linspace(0.0, 1.0, len(hand["profile"]))
    parents: list[Parent] = []
    made = (
        ("strategist", Strategist(StrategistConfig(width=16, layers=1, heads=2))),
        ("tactician", Tactician(TacticianConfig(width=16))),
        ("executor", Executor(ExecutorConfig(width=16, heads=2, components=2))),
    )
    path = models / name
    for policy, model in made:
        is_executor = policy == "executor"
        base = Checkpoint(
            meta=CheckpointMeta(
                policy=policy,
                encoding=ENCODING,
                config=to_plain(model.config),
                hand=hand_to_plain(hand) if is_executor else {},
                lineage=tuple(parents) if is_executor else (),
            ),
            weights=model.state_dict(),
        )
        if not is_executor:
            parents.append(Parent(identity=base.identity, what=policy, when="2026-01-01"))
            if not (models / policy / "best_model.pt").exists():
                save_checkpoint(models / policy / "best_model.pt", base)
            continue
        lineage = (
            *base.meta.lineage,
            *((Parent(identity=base.identity, what=BASE, when="2026-01-01"),) if shift else ()),
        )
        weights = {key: weight + shift for key, weight in base.weights.items()}
        save_checkpoint(path, Checkpoint(meta=dataclasses.replace(base.meta, lineage=lineage), weights=weights))
    return path


def mutate_audit(good: bytes, chooser: random.Random) -> bytes:
    """One line mutated, left out, doubled or moved; now and then the bytes of the whole log."""
    if chooser.random() < 0.1:
        return mutate_bytes(good, chooser)
    lines = good.rstrip(b"\n").split(b"\n")
    at = chooser.randrange(len(lines))
    match chooser.randrange(6):
        case 0:
            lines.insert(chooser.randrange(len(lines)), lines.pop(at))
        case 1:
            lines[at:at] = [lines[chooser.randrange(len(lines))]]
        case 2:
            del lines[at]
        case _:
            lines[at] = mutate_line(lines[at], chooser)
    return b"\n".join(lines) + chooser.choice((b"\n", b""))


def open_audit(path: Path) -> None:
    """Puts a log in the place of the one that `make_audit` left, and lists, settles and rolls back with it.

    Raises:
        UnderstudyError: if it was refused.
        WrongAcceptance: if a good line is hidden, or an odd one was believed.
    """
    from understudy.cli import history
    from understudy.learning.registry.audit_log import read_audit_log
    from understudy.learning.registry.promotion import active_promotions, ancestors, rollback

    models = path.parent / "models"
    best, log = models / "executor" / "best_model.pt", models / "executor" / "history" / "audit.jsonl"
    before, content = best.read_bytes(), path.read_bytes()
    log.write_bytes(content)
    try:
        read = read_audit_log(models / "executor")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            history.run(history.History(models=models))
        kept = ancestors(models, "executor")
        active_promotions(models, "executor")
        _, identity = rollback(models)
        if identity not in kept:
            raise WrongAcceptance(f"weights play that were not kept: {identity}")
        _expect_plain_text(out.getvalue())
        _expect_whole_lines(read, content)
    finally:
        best.write_bytes(before)


KNOWN_ACTIONS = ("promote", "record_rejection", "rollback", "abandon")


def _expect_whole_lines(read: list[dict[str, Any]], content: bytes) -> None:
    """Every line that is as the product writes it was read, and none that it cannot act on."""
    for raw in content.split(b"\n"):
        with contextlib.suppress(ValueError, RecursionError):
            line = json.loads(raw)
            if _is_decision(line) and line not in read:
                raise WrongAcceptance("a good line is hidden")
    for line in read:
        if line.get("action") in ("promote", "rollback", "abandon") and not _is_decision(line):
            raise WrongAcceptance(f"a {line['action']} that names no weights was believed")


def _is_decision(line: Any) -> bool:
    if not isinstance(line, dict) or line.get("action") not in KNOWN_ACTIONS or not isinstance(line.get("when"), str):
        return False
    ends = [line.get("from"), line.get("to")]
    return all(isinstance(end, str) for end in ends) or (
        line["action"] == "record_rejection" and isinstance(ends[0], str)
    )


# ---- running them


@dataclasses.dataclass
class Kind:
    """One kind of file."""

    name: str
    make: Callable[[Path], bytes]
    mutate: Callable[[bytes, random.Random], bytes]
    open: Callable[[Path], None]


KINDS = (
    Kind("corrections", make_corrections, mutate_corrections, open_corrections),
    Kind("audit", make_audit, mutate_audit, open_audit),
)


def run(kind: Kind, count: int, seed: int, folder: Path) -> Counter[str]:
    """Opens `count` mutations and prints what became of them; every case has its own seed.

    Returns:
        `accepted`, `refused`, and the faults: `traceback`, `wrong`, `slow`, `memory`.
    """
    outcomes: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    longest_s, good = 0.0, kind.make(folder)
    path = folder / "corrections_1.jsonl"
    path.write_bytes(good)
    kind.open(path)  # imports and compiles, which no case is to blame for
    for number in range(count):
        chooser = random.Random(f"{kind.name} {seed} {number}")
        path.write_bytes(kind.mutate(good, chooser))
        before, begun_s = _grown(), time.perf_counter()
        outcome, fault = "accepted", ""
        try:
            kind.open(path)
        except UnderstudyError as refusal:
            outcome = "refused"
            if len(str(refusal)) > 2000 or "\n" in str(refusal):
                outcome, fault = "traceback", f"not one sentence: {str(refusal)[:200]!r}"
        except WrongAcceptance as wrong:
            outcome, fault = "wrong", str(wrong)[:300]
        except Exception as problem:
            last = traceback.extract_tb(problem.__traceback__)[-1]
            where = f"{Path(last.filename).name}:{last.lineno}"
            outcome, fault = "traceback", f"{type(problem).__name__} in {where}: {str(problem)[:200]}"
        spent_s, grown = time.perf_counter() - begun_s, _grown() - before
        longest_s = max(longest_s, spent_s)
        outcomes[outcome] += 1
        for name, happened in (("slow", spent_s > LONGEST_S), ("memory", grown > MOST_BYTES)):
            outcomes[name] += happened
            fault = fault or (f"{name}: {spent_s:.1f} s, {grown / 1e6:.0f} MB" if happened else "")
        if fault:
            faults[fault] += 1
            if faults[fault] == 1 and len(faults) <= SHOWN:
                print(f"  {kind.name} case {number}: {fault}", flush=True)
    told = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()) if count)
    print(f"{kind.name}: {count} cases, {told}; longest {longest_s:.2f} s, {_grown() / 1e6:.0f} MB at most")
    return outcomes


def _grown() -> int:
    """The most bytes that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> int:
    """Runs the kinds; exit code 1 where a case went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corrections", type=int, default=2000, help="correction lines")
    parser.add_argument("--audits", type=int, default=100, help="audit logs")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(flags("--corrections", "20", "--audits", "4"))
    bad = 0
    for kind, count in zip(KINDS, (arguments.corrections, arguments.audits), strict=True):
        with tempfile.TemporaryDirectory() as folder:
            outcomes = run(kind, count, arguments.seed, Path(folder))
        bad += sum(outcomes[name] for name in ("traceback", "wrong", "slow", "memory"))
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
