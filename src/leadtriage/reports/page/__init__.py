"""All reports on one page, as plain values: the numbers that matter, and each report with its charts and commands."""
