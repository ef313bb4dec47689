"""One question, one query, one module; each returns a table and draws nothing."""
