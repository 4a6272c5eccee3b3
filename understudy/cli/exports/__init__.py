"""Exports of `understudy recordings` to data sets of other projects, and imports of them."""
