"""What the pickle of weights may name; how it is loaded is tested through a process in test_ultralytics_export.py."""

import io
import re
import zipfile

import pytest
import torch

from understudy.perception.model_files.pt_conversion import RefusedError, judged_names


def pickled(instructions: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("best/version", "3\n")
        archive.writestr("best/data.pkl", b"\x80\x02" + instructions + b".")
    return buffer.getvalue()


NAMES = (
    *("builtins eval", "builtins getattr", "torch.hub load", "subprocess Popen", "os mkdir", "models.common Conv"),
    *("numpy.testing._private.utils runstring", "numpy.core.multiarray fromfile", "torch.storage _load_from_bytes"),
    *("pathlib Path.unlink", "pathlib Path.Path", "torch.nn.modules.module Module.load_state_dict"),
    *("torch.nn.modules.utils os.mkdir", "torch.nn.functional linear", "ultralytics.nn.tasks attempt_load"),
    *("ultralytics.hub login", "ultralytics.utils.checks Check", "torch.nn.modulesX.linear Linear"),
)


@pytest.mark.parametrize("name", NAMES)
def test_names_that_weights_have_no_need_of_are_refused(name: str) -> None:
    module, attribute = name.split()
    instructions = b"c" + module.encode() + b"\n" + attribute.encode() + b"\nX\x04\x00\x00\x00mark\x85R"
    with pytest.raises(RefusedError, match=re.escape(f"would run '{module}.{attribute}'")):
        judged_names(torch, pickled(instructions))


def test_names_of_layers_and_plain_values_pass() -> None:
    names = ["ultralytics.nn.modules.block.C3k2", "torch.nn.modules.conv.Conv2d", "ultralytics.nn.tasks.DetectionModel"]
    names += ["pathlib.PosixPath", "ultralytics.utils.IterableSimpleNamespace", "numpy._core.multiarray.scalar"]
    instructions = b"".join(b"c" + "\n".join(name.rsplit(".", 1)).encode() + b"\n" for name in names)
    assert judged_names(torch, pickled(instructions)) == sorted(names)


@pytest.mark.parametrize(
    "instructions", [b"\x8c\x02os\x8c\x05mkdir\x93", b"nothing", b"(ios\nmkdir\n", b"\x82\x01"], ids=range(4)
)
def test_what_torch_cannot_read_through_is_refused(instructions: bytes) -> None:
    with pytest.raises(RefusedError, match="cannot be read through"):
        judged_names(torch, pickled(instructions))
