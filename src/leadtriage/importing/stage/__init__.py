"""Rows to staging tables."""
