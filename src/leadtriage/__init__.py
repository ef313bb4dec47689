"""Ranks, explains and keeps account of sales leads."""
