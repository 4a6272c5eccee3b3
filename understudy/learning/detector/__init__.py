"""Training of the object detector on rendered or labelled pictures, and its export to ONNX."""
