"""Which of ONNX Runtime's execution providers runs a detector, and what is said of one that is not there."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from tests.support.made_up_detectors import write_model
from understudy.contract.errors import CheckpointError, FlagError
from understudy.perception.model_files.execution_provider import PROVIDERS, open_session, providers_of, usual_threads
from understudy.perception.onnx_detector import OnnxDetector

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def test_auto_tries_the_best_that_is_installed_and_the_processor_last() -> None:
    installed = [CPU, "AzureExecutionProvider", "OpenVINOExecutionProvider", CUDA]
    assert [one.device for one in providers_of("auto", installed)] == ["cuda", "openvino", "cpu"]


@pytest.mark.parametrize(
    ("device", "extra"), [("cuda", "[gpu]"), ("directml", "[directml]"), ("openvino", "[openvino]")]
)
def test_a_device_that_is_not_installed_names_the_extra(device: str, extra: str) -> None:
    with pytest.raises(FlagError) as told:
        providers_of(device, [CPU])  # type: ignore[arg-type]
    assert f"--device {device}" in str(told.value) and extra in str(told.value) and "only cpu" in str(told.value)


def test_half_of_the_cores_run_the_detector() -> None:
    assert [usual_threads(cores) for cores in (1, 2, 4, 8, 64)] == [1, 1, 2, 4, 4]
    assert usual_threads() >= 1


def test_a_provider_that_does_not_come_up_is_an_error_and_not_a_slow_detector(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.onnx", np.zeros((1, 6, 9), np.float32))
    (cuda,) = (one for one in PROVIDERS if one.device == "cuda")
    if CUDA in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    with (
        pytest.warns(UserWarning, match="not in available"),
        pytest.raises(CheckpointError, match="cannot run on cuda"),
    ):
        open_session(model, cuda, 1)


def test_auto_falls_back_with_a_sentence_and_a_named_device_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_model(tmp_path / "m.onnx", np.zeros((1, 6, 9), np.float32))
    if CUDA in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])  # as on a machine without a driver
    with pytest.warns(UserWarning, match="not in available"):
        told = OnnxDetector(model, threads=2).runs_on
    assert told.startswith("The detector runs on cpu, 2 threads; cuda does not work (") and told.endswith(").")
    with (
        pytest.warns(UserWarning, match="not in available"),
        pytest.raises(FlagError, match="--device cuda does not work"),
    ):
        OnnxDetector(model, device="cuda")


def test_the_processor_is_said_with_its_threads(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.onnx", np.zeros((1, 6, 9), np.float32))
    assert OnnxDetector(model, threads=1, device="cpu").runs_on == "The detector runs on cpu, 1 thread."
