"""Naming the kinds of a discovery on a page."""
