"""How many cases those tests try that draw their own and need a database: `THOROUGH=10 make test` tries tenfold."""

from __future__ import annotations

import os


def examples(count: int) -> int:
    """So many of them, or as many times more as `THOROUGH` says."""
    return count * int(os.environ.get("THOROUGH", "1"))
