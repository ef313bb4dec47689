"""Criteria to SQL."""
