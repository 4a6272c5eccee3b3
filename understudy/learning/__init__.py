"""From recordings to trained policies."""
