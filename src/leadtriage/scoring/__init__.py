"""Criteria and leads to scores: compiled to SQL, run in the database, explained line by line."""
