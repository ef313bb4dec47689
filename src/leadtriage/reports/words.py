"""The words of reports: days and numbers as `leadtriage.words` says them."""

from __future__ import annotations

from leadtriage.words import count_of, say_day, say_weekday

__all__ = ["count_of", "say_day", "say_weekday"]
