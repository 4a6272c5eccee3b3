"""Recorded episodes: in memory, on disk (MCAP, pickle), exported, and their video."""
