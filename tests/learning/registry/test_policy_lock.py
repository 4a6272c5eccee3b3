"""Between processes: one promotion of two, one training of two, and locks that die with whoever held them."""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.perturbed_candidates import playing, put_up, write_brain
from understudy.contract.errors import CheckpointError, TrainingError
from understudy.learning.registry import promotion
from understudy.learning.registry.audit_log import read_audit_log
from understudy.learning.registry.policy_lock import (
    PROMOTION_LOCK,
    TRAINING_LOCK,
    expect_no_training,
    promotion_lock,
    training_lock,
)
from understudy.learning.registry.promotion import (
    PromotionRecord,
    promote,
    promote_together,
    recover_interrupted_change,
    rollback,
)

ROUNDS = 10
PATIENCE_S = 60.0
PROMOTER = """
import sys
from pathlib import Path
from understudy.contract.errors import CheckpointError
from understudy.learning.registry.promotion import PromotionRecord, promote
models = Path(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    name, incumbent = line.split()
    try:
        path = models / "executor" / "staged" / f"candidate_{name}.pt"
        promote(models, path, PromotionRecord(), expected_incumbent=incumbent)
        print("promoted", flush=True)
    except CheckpointError as problem:
        print(problem, flush=True)
"""
HOLDER = """
import sys, time
from pathlib import Path
from understudy.learning.registry import policy_lock
with getattr(policy_lock, sys.argv[1])(Path(sys.argv[2])):
    print("held", flush=True)
    time.sleep(600)
"""

Program = subprocess.Popen


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return write_brain(tmp_path / "models")


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """Starts a program and waits for its first line; it is ended with the test."""
    programs: list[Program] = []

    def begin(code: str, *arguments: str, first: str) -> Program:
        command = [sys.executable, "-c", code, *arguments]
        programs.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert answer(programs[-1]) == first
        return programs[-1]

    yield begin
    for program in programs:
        program.kill()
        program.communicate(timeout=PATIENCE_S)


def answer(program: Program) -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


def ask(program: Program, line: str) -> None:
    assert program.stdin is not None
    program.stdin.write(f"{line}\n")
    program.stdin.flush()


def test_of_two_promotions_that_name_the_same_incumbent_one_succeeds(
    models: Path, start: Callable[..., Program]
) -> None:
    both = [start(PROMOTER, str(models), first="ready") for _ in range(2)]
    for number in range(ROUNDS):
        before = playing(models)
        names = [f"{number}_{one}" for one in range(2)]
        identities = [put_up(models, name, 0.01 * (1 + one))[1] for one, name in enumerate(names)]
        for program, name in zip(both, names, strict=True):
            ask(program, f"{name} {before}")
        said = [answer(program) for program in both]
        assert sorted(one == "promoted" for one in said) == [False, True], said
        assert "judge again" in next(one for one in said if one != "promoted")
        assert playing(models) == identities[said.index("promoted")]
    changes = [(line["from"], line["to"]) for line in read_audit_log(models / "executor")]
    assert len(changes) == ROUNDS
    assert all(after == before for (_, after), (before, _) in itertools.pairwise(changes)), "one chain"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
@pytest.mark.parametrize("lock", ["promotion_lock", "training_lock"])
def test_a_lock_dies_with_its_process(lock: str, tmp_path: Path, start: Callable[..., Program]) -> None:
    holder = start(HOLDER, lock, str(tmp_path), first="held")
    holder.kill()
    holder.wait(timeout=PATIENCE_S)
    with promotion_lock(tmp_path, patience_s=0.0), training_lock(tmp_path):
        pass


def test_a_second_training_into_a_folder_is_refused_and_the_first_is_named(
    tmp_path: Path, start: Callable[..., Program]
) -> None:
    holder = start(HOLDER, "training_lock", str(tmp_path), first="held")
    for refused in (lambda: training_lock(tmp_path).__enter__(), lambda: expect_no_training(tmp_path)):
        with pytest.raises(TrainingError, match=f"is being trained into already, by process {holder.pid} on .* since"):
            refused()
    with training_lock(tmp_path / "another"):
        pass


def test_what_somebody_trains_is_not_replaced_meanwhile(models: Path, start: Callable[..., Program]) -> None:
    before = playing(models)
    path, _ = put_up(models, "one", 0.1)
    holder = start(HOLDER, "training_lock", str(models / "executor"), first="held")
    with pytest.raises(CheckpointError, match=f"trained into already, by process {holder.pid}"):
        promote(models, path, PromotionRecord())
    assert playing(models) == before and read_audit_log(models / "executor") == []


def test_a_promotion_waits_for_another_and_says_who_is_in_the_way(
    tmp_path: Path, start: Callable[..., Program]
) -> None:
    holder = start(HOLDER, "promotion_lock", str(tmp_path), first="held")
    with (
        pytest.raises(CheckpointError, match=f"is being changed already, by process {holder.pid}"),
        promotion_lock(tmp_path, patience_s=0.1),
    ):
        pass
    free = threading.Timer(0.3, holder.kill)
    free.start()
    with promotion_lock(tmp_path, patience_s=PATIENCE_S):
        pass
    free.join()


def test_a_change_that_is_being_made_is_not_taken_for_one_that_a_crash_cut_short(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, identity = put_up(models, "one", 0.1)
    announced, go_on = threading.Event(), threading.Event()
    save = promotion.save_checkpoint

    def slow(path: Path, checkpoint: object) -> None:
        if path.name == "best_model.pt":
            announced.set()
            assert go_on.wait(PATIENCE_S)
        save(path, checkpoint)  # type: ignore[arg-type]

    monkeypatch.setattr(promotion, "save_checkpoint", slow)
    promoter = threading.Thread(target=promote, args=(models, path, PromotionRecord()))
    promoter.start()
    assert announced.wait(PATIENCE_S)
    observer = threading.Thread(target=recover_interrupted_change, args=(models, "executor"))
    observer.start()
    observer.join(0.3)
    go_on.set()
    promoter.join()
    observer.join()
    assert [line["action"] for line in read_audit_log(models / "executor")] == ["promote"]
    assert playing(models) == identity


def test_several_are_promoted_together_or_none_is(models: Path) -> None:
    before = {policy: playing(models, policy) for policy in ("strategist", "executor")}
    paths = {policy: put_up(models, "both", 0.1, policy)[0] for policy in before}
    with pytest.raises(CheckpointError, match="judge again"):
        promote_together(models, paths, PromotionRecord(), {**before, "executor": "0" * 16})
    assert {policy: playing(models, policy) for policy in before} == before
    assert [line["action"] for line in read_audit_log(models / "strategist")] == ["promote", "rollback"]
    promote_together(models, paths, PromotionRecord(), before)
    assert all(playing(models, policy) != identity for policy, identity in before.items())
    rollback(models, policy="executor")


def test_a_lock_file_that_leads_elsewhere_is_not_written_through(models: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path, _ = put_up(models, "one", 0.1)
    (models / PROMOTION_LOCK).symlink_to(victim)
    with pytest.raises(CheckpointError, match=r"promotion.lock cannot be written"):
        promote(models, path, PromotionRecord())
    (models / TRAINING_LOCK).symlink_to(victim)
    with pytest.raises(TrainingError, match=r"training.lock cannot be written"), training_lock(models):
        pass
    assert victim.read_text() == "precious"


def test_what_a_lock_file_says_cannot_speak_to_the_terminal(tmp_path: Path, start: Callable[..., Program]) -> None:
    start(HOLDER, "training_lock", str(tmp_path), first="held")
    (tmp_path / TRAINING_LOCK).write_bytes(b"\x1b]0;mine\x07" + b"x" * 100_000)
    with pytest.raises(TrainingError, match="already") as caught, training_lock(tmp_path):
        pass
    assert str(caught.value).isprintable() and len(str(caught.value)) < 1000


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(TrainingError, match="check the permissions"), training_lock(tmp_path):
        pass
    tmp_path.chmod(0o700)
