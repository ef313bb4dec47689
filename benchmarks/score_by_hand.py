"""Scores a database with the hand-written statement of `score_by_hand.sql`, or compares its scores with leadtriage's.

    python benchmarks/score_by_hand.py leads.db 2026-11-02
    python benchmarks/score_by_hand.py leads.db 2026-11-02 --compare scored.db

The comparison exits with 1 and shows the first leads that differ, if any.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

MAKE_TABLE = """
CREATE TABLE score_by_hand (
    lead_id INTEGER PRIMARY KEY, score INTEGER, ceiling INTEGER, known REAL, grade TEXT, fit INTEGER, budget INTEGER,
    authority INTEGER, need INTEGER, timing INTEGER, candidate INTEGER, reason TEXT, needs_answers INTEGER, gap INTEGER,
    next_criterion INTEGER, next_gain INTEGER, qualified INTEGER
)
"""
DIFFERING = """
SELECT
    coalesce(ours.lead_id, hand.lead_id),
    ours.score, hand.score, ours.ceiling, hand.ceiling, ours.known, hand.known, ours.candidate, hand.candidate
FROM scored.lead_score AS ours FULL OUTER JOIN score_by_hand AS hand USING (lead_id)
WHERE (ours.score, ours.ceiling, ours.grade, ours.fit, ours.budget, ours.authority, ours.need, ours.timing)
    IS NOT (hand.score, hand.ceiling, hand.grade, hand.fit, hand.budget, hand.authority, hand.need, hand.timing)
    OR (ours.candidate, ours.needs_answers) IS NOT (hand.candidate, hand.needs_answers)
    OR abs(ours.known - hand.known) > 1e-6
LIMIT 10
"""


def score(database: Path, as_of: str) -> None:
    """Score all leads into a new table `score_by_hand`."""
    statement = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(MAKE_TABLE)
        connection.execute(statement, {"as_of": as_of})


def compare(database: Path, scored: Path) -> list[tuple[object, ...]]:
    """Return the first leads that the two databases score differently."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ATTACH ? AS scored", (str(scored),))
        return connection.execute(DIFFERING).fetchall()


def main(arguments: Sequence[str] | None = None) -> int:
    """Score or compare and return the exit code."""
    parser = argparse.ArgumentParser(description="Score by hand-written SQL.")
    parser.add_argument("database", type=Path)
    parser.add_argument("as_of")
    parser.add_argument("--compare", type=Path, metavar="DATABASE")
    chosen = parser.parse_args(arguments)
    if chosen.compare is None:
        score(chosen.database, chosen.as_of)
        return 0
    differing = compare(chosen.database, chosen.compare)
    for row in differing:
        sys.stdout.write(f"differs: {row}\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
