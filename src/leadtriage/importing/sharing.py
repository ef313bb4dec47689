"""Which of several columns has a field: doubts that only the columns together can settle, and the sharing out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from leadtriage.importing.evidence import ENOUGH, ColumnEvidence
from leadtriage.importing.headers import squeeze
from leadtriage.importing.lexicon import Lexicon
from leadtriage.importing.settling import SPARE, Claim

SEVERAL = frozenset(("email", "phone", "closed"))
"""Fields that may be filled from several columns."""


def settle_together(
    claims: Sequence[Claim], evidence: Sequence[ColumnEvidence], decided: Collection[str], lexicon: Lexicon
) -> list[Claim]:
    """Return the claims after a look at the other columns' claims; fields in `decided` are not handed out.

    - "Name" beside a column for one half of the name is the other half ("Nom", "Prénom"), unless its values are full
      names; where its values are companies and no column holds them, it is the company's.
    - A status column that says nothing but open, won and lost is the outcome, where no other column is.
    """
    fields = {claim.field for claim in claims} | set(decided)
    settled = []
    for claim in claims:
        column = evidence[claim.index]
        bare = claim.field == "name" and squeeze(column.header) in lexicon.bare_names
        if bare and "company" not in fields and column.companies >= ENOUGH:
            settled.append(replace(claim, field="company", why="its values are companies"))
        elif bare and (half := _find_missing_half(fields)) and column.people < 0.5:
            settled.append(replace(claim, field=half, why="the other half of the name has its own column"))
        elif claim.field == "status" and "outcome" not in fields and column.only_outcomes:
            settled.append(replace(claim, field="outcome", why="its values say how it ended"))
        else:
            settled.append(claim)
    return settled


def _find_missing_half(fields: Collection[str | None]) -> str | None:
    if ("first_name" in fields) == ("last_name" in fields):
        return None
    return "last_name" if "first_name" in fields else "first_name"


def share_out(claims: Sequence[Claim], evidence: Sequence[ColumnEvidence]) -> dict[int, Claim]:
    """Return which column fills a field, by its index.

    The strongest claim has the field, then the preferred header; of several that are preferred alike always the same
    one, wherever it stands, and of equal headers the leftmost. But a column that is empty in the rows seen gives way to
    one that is not. Stand-ins give way to everything.
    """
    winners: dict[int, Claim] = {}
    for field in {claim.field for claim in claims if claim.field is not None}:
        ranked = sorted(
            (claim for claim in claims if claim.field == field),
            key=lambda claim: (
                not evidence[claim.index].values,
                -claim.strength,
                claim.place,
                squeeze(evidence[claim.index].header),
                claim.index,
            ),
        )
        if field in SEVERAL:
            proper = [claim for claim in ranked if claim.strength > SPARE]
            chosen = proper or ranked[:1]
        else:
            chosen = ranked[:1]
        winners |= {claim.index: claim for claim in chosen}
    return winners
