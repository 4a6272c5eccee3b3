"""The control loop: observe, decide, act and notify listeners at a fixed rate."""
