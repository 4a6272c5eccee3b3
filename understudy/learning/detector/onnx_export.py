"""Exports a trained detector to ONNX in the convention of YOLO.

Input `images`, output (1, 4 + classes, cells), and class names in the metadata, so `perception` reads it as any other
YOLO export.
"""

import io
import warnings
from pathlib import Path

import numpy as np
import torch

from understudy.contract.errors import TrainingError
from understudy.contract.safe_files import replace_bytes
from understudy.learning.detector.network import MULTIPLE, DetectorNetwork, YoloOutput

OPSET = 17


def export_onnx(network: DetectorNetwork, path: Path, height: int, width: int, metadata: dict[str, str]) -> None:
    """Writes the network for pictures of one size, with weights as 16-bit floats, which halve the file.

    Args:
        network: trained; batch norm is folded into the convolutions.
        path: of the file; written atomically.
        height: of the input in pixels, a multiple of 32.
        width: of the input in pixels, a multiple of 32.
        metadata: further metadata entries, such as validation metrics.

    Raises:
        TrainingError: if the file cannot be written.
    """
    assert height % MULTIPLE == 0 and width % MULTIPLE == 0
    import onnx

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        model = onnx.load_from_string(_trace(network, height, width))
        _store_as_float16(model)
        names = dict(enumerate(network.config.names))
        entries = {"names": str(names), "task": "detect", "stride": str(MULTIPLE), "imgsz": str([height, width])}
        onnx.helper.set_model_props(model, entries | {"author": "understudy"} | metadata)
        onnx.checker.check_model(model)
        replace_bytes(path, model.SerializeToString())
    except OSError as problem:
        raise TrainingError(
            f"{path} could not be written ({problem.strerror or problem}): choose another --out."
        ) from None


def _trace(network: DetectorNetwork, height: int, width: int) -> bytes:
    """Returns the network as serialised ONNX."""
    file = io.BytesIO()
    output = YoloOutput(network.cpu(), height, width).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter is deprecated; the new one wants another package
        torch.onnx.export(
            output,
            (torch.zeros(1, 3, height, width),),
            file,  # type: ignore[arg-type]  # takes a file, too
            dynamo=False,
            opset_version=OPSET,
            input_names=["images"],
            output_names=["output0"],
        )
    return file.getvalue()


def _store_as_float16(model: object) -> None:
    """Stores large weights as 16-bit floats followed by a cast, which ONNX Runtime folds at load time."""
    from onnx import helper, numpy_helper
    from onnx.onnx_pb import ModelProto, TensorProto

    assert isinstance(model, ModelProto)
    casts = []
    for weights in model.graph.initializer:
        values = numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size < 64 or "centres" in weights.name:
            continue
        name = weights.name
        weights.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + ".half"))
        casts.append(helper.make_node("Cast", [name + ".half"], [name], to=TensorProto.FLOAT))
    for position, cast in enumerate(casts):
        model.graph.node.insert(position, cast)
