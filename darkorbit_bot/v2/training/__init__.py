"""The guide's trainers."""
