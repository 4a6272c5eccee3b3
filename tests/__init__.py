"""Tests, in folders that mirror the packages; what several of them share is in `support`."""
