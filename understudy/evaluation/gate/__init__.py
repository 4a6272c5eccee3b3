"""The promotion gate: candidate against incumbent."""
