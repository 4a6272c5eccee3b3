"""`understudy train` and the guide's three scripts: settings from flags, a Ctrl-C that loses nothing, one table."""

import os
import signal
import threading
from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.cli.record import record_teacher
from understudy.cli.show.train_view import metric_rows
from understudy.cli.train import Train, TrainExecutor, TrainStrategist, TrainTactician, interrupt_flag, settings_of
from understudy.contract.errors import FlagError
from understudy.learning.registry.policy_lock import training_lock


def test_all_three_are_trained_in_the_order_in_which_they_listen() -> None:
    plans = settings_of(Train(output_dir=Path("m")))
    assert list(plans) == ["strategist", "tactician", "executor"]
    assert [plan.output_dir for plan in plans.values()] == [Path("m") / name for name in plans]


def test_quick_means_the_guides_quick_settings() -> None:
    fits = [plan.fit for plan in settings_of(Train(quick=True)).values()]
    assert [(fit.epochs, fit.batch_size, fit.lr) for fit in fits] == [(20, 32, 3e-4), (15, 64, 3e-4), (10, 128, 5e-4)]


def test_epochs_and_lr_replace_those_of_every_policy_whatever_the_amount_of_play() -> None:
    plans = settings_of(Train(epochs=7, lr=2e-4), hours=0.1)
    assert {(plan.fit.epochs, plan.fit.lr, plan.fit.last_epoch) for plan in plans.values()} == {(7, 2e-4, None)}


def test_the_pointers_rule_reaches_the_executor_and_is_that_of_before_unless_it_is_named() -> None:
    assert settings_of(Train())["executor"].pointer_places == settings_of(TrainExecutor())["executor"].pointer_places
    assert settings_of(Train())["executor"].pointer_places == "each"
    assert settings_of(Train(pointer_places="together"))["executor"].pointer_places == "together"


def test_the_epoch_scale_never_reaches_zero() -> None:
    assert all(plan.fit.epochs == 1 for plan in settings_of(Train(epoch_scale=1e-6)).values())


@pytest.mark.parametrize("command", [TrainStrategist(), TrainTactician(), TrainExecutor()])
def test_a_script_of_the_guide_trains_its_own_policy(command: TrainStrategist) -> None:
    plans = settings_of(command)
    (name,) = plans
    assert plans[name].output_dir == Path("models/v2") / name == command.output_dir
    assert plans[name].fit.lr == command.lr and plans[name].fit.epochs == command.epochs


@pytest.mark.parametrize("command", [TrainTactician(epochs=0), TrainTactician(lr=-1e-4), TrainExecutor(batch_size=-1)])
def test_numbers_that_make_no_sense_are_one_sentence(command: TrainStrategist) -> None:
    with pytest.raises(FlagError, match="must be above 0"):
        settings_of(command)


@pytest.mark.parametrize(("verb", "trained"), [("train", "executor"), ("detector", ".")])
def test_a_second_training_into_a_folder_is_refused_before_anything_is_read(
    verb: str, trained: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [verb, *(["train"] if verb == "detector" else []), "--output-dir", str(tmp_path)]
    with training_lock(tmp_path / trained):
        assert main(command) == 2
    assert f"trained into already, by process {os.getpid()}" in " ".join(capsys.readouterr().err.split())


def test_the_first_ctrl_c_sets_the_flag_and_the_second_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupt_flag() as interrupted:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted.wait(5)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_training_on_another_thread_leaves_ctrl_c_alone() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def enter() -> None:
        with interrupt_flag():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_metric_stands_beside_its_baseline() -> None:
    rows = metric_rows({"accuracy": 0.5, "mode_accuracy": 0.5, "mode_accuracy_baseline": 0.25, "start_loss": 1.5})
    assert rows == [("mode_accuracy", "50.0%", "25.0%"), ("start_loss", "1.500", "")]


def test_no_recordings_is_one_sentence_and_exit_code_two(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train"]) == 2
    error = capsys.readouterr().err
    assert "no recordings" in error and "Traceback" not in error


def test_understudy_train_trains_all_three_and_shows_a_table(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_teacher("hunter", 6.0, 4, Path("recordings/v2_training"), sessions=4)
    assert main(["train", "--epoch_scale", "0.01", "--device", "cpu"]) == 0
    told = capsys.readouterr().out
    assert "mode_accuracy" in told and "target_accuracy" in told and "trivial baseline" in told
    for name in ("strategist", "tactician", "executor"):
        assert (working_folder / "models" / "v2" / name / "best_model.pt").exists()
        assert (working_folder / "models" / "v2" / name / "last_model.pt").exists()
        assert (working_folder / "models" / "v2" / name / "held_out" / "best_model.pt").exists()
    assert "each policy learns twice" in " ".join(told.split())
    assert len(list((working_folder / "logs" / "training").glob("*/numbers.jsonl"))) == 6
