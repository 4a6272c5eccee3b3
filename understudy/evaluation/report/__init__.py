"""The HTML report, its plots and tables."""
