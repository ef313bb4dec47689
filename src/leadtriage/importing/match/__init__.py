"""Staged rows to the leads that are there."""
