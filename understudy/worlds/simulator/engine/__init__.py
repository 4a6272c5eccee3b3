"""The rules of the embedded game, compiled with numba."""
