"""A second opinion on what the pilot decided."""
