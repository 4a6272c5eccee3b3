"""The HTML evaluation report: plots, tables and CSV."""
