"""Which words may be a reason: ours, those of the criteria, and a team's own, unless that is one of these misspelt."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

from leadtriage.criteria.model import Criteria
from leadtriage.errors import UsageError
from leadtriage.vocabulary import Reason

_FORM = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 40
_NEAR = 0.75
"""The likeness (0 to 1, of `difflib`) from which on a word is taken to be another one, misspelt."""
_NEAR_END = 0.8
"""The same for a known word without its first part."""


def known_reasons(criteria: Criteria) -> tuple[str, ...]:
    """Return our own reasons, then those that the criteria's disqualifiers give besides."""
    ours = [reason.value for reason in Reason]
    return tuple(dict.fromkeys([*ours, *(line.reason for line in criteria.junk.disqualify)]))


def check_reason(criteria: Criteria, word: str, *, place: str = "--reason", used: Collection[str] = ()) -> str:
    """Return a reason as it is stored: small letters, digits and underscores ("No budget" is `no_budget`).

    Args:
        place: the option or line that gives it, for the message.
        used: words of the team's own that were used before and are as good as ours.

    Raises:
        UsageError: it is no such word, or looks like a known one misspelt.
    """
    reason = re.sub(r"[\s_-]+", "_", word.strip().lower()).strip("_")
    known = dict.fromkeys([*known_reasons(criteria), *used])
    if reason in known:
        return reason
    if not _FORM.fullmatch(reason) or len(reason) > _LONGEST:
        hint = f"write a word of small letters and underscores; known: {', '.join(known)}"
        raise UsageError(f"{word!r} is no reason", place=place, hint=hint)
    # "budget" is meant as no_budget, "competitor" as is_competitor or chose_competitor.
    ends = [each for each in known if get_close_matches(reason, [each.partition("_")[2]], cutoff=_NEAR_END)]
    near = list(dict.fromkeys([*get_close_matches(reason, known, n=3, cutoff=_NEAR), *ends]))
    if near:
        raise UsageError(f"{word!r} is no reason that we know", place=place, hint=f"did you mean {' or '.join(near)}?")
    return reason
