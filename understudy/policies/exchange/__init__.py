"""Exchange of policies with other programs: a folder of safetensors, ONNX and JSON, written and read back."""
