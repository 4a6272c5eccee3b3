"""The screen as a world: capture, pointer, watcher, safety, the seat of the person, and what keeps them together."""
