"""Trains the small object detector and exports it as ONNX."""
