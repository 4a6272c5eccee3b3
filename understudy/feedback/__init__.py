"""Reviews of play by rules or a vision-language model, and their corrections on disk."""
