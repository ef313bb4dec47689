"""Draws tables and lead cards: for terminals, scripts and spreadsheets. Computes nothing."""
