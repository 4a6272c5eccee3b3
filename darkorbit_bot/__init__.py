"""The guide's front doors."""
