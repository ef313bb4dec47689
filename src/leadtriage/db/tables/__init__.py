"""The tables, one model class each."""
