"""Invented leads for `leadtriage demo`: good ones, junk, students, sellers, stale ones, and ones that say little."""
