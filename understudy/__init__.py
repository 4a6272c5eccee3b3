"""Learns to play a real-time mouse-and-keyboard game by watching one person play."""
