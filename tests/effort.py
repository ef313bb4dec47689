"""The number of random cases for tests with a database: `THOROUGH=10 make test` runs ten times as many."""

from __future__ import annotations

import os


def examples(count: int) -> int:
    """Return a number of cases, multiplied by `THOROUGH`."""
    return count * int(os.environ.get("THOROUGH", "1"))
