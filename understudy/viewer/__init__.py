"""Visualisation: overlays on a live game, playback of recordings, videos, and the region picker."""
