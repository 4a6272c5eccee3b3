"""The scripted teacher (expert policy) and human-like noise for its demonstrations."""
