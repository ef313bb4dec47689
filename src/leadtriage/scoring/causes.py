"""Why a grade moved since the run before: the lead's data, the criteria, or only time."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, case, func, literal, select

from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.model import Criteria
from leadtriage.db.schema import Event, Lead, table
from leadtriage.scoring.inputs import walk_comparisons
from leadtriage.vocabulary import EventKind, ScoreCause

_OF_NO_VALUE = frozenset(
    {
        EventKind.GRADE,
        EventKind.QUALIFIED,
        EventKind.NOMINATED,
        EventKind.VERDICT,
        EventKind.PUT_OFF,
        EventKind.KEPT_APART,
    }
)
"""Lines of the history that change no value of a lead which a criterion could ask for."""

_BY_TOUCHES = frozenset({"idle_days", "touches", "unanswered_touches", "replies"})
_OF_THE_ADDRESS = frozenset({"email_domain", "email_kind"})


def find_cause(criteria: Criteria, alike: list[str], before: FromClause) -> ColumnElement[str]:
    """The cause of a move, for a statement that joins `lead` and the run before.

    It is the data where a value changed that a criterion asks for, else the criteria where they score otherwise now,
    else time: a lead whose grade fell with its age did not change its mind because somebody called it.

    Args:
        alike: the digests of criteria that score as these do.
        before: `score_run`, of the run that gave the previous grade.
    """
    lead, event = table(Lead), table(Event)
    kinds, fields = _untouched_by(criteria)
    since = select(event.c.id).where(event.c.lead_id == lead.c.id, event.c.recorded_at > before.c.recorded_at)
    tells_no_value = event.c.kind.in_(kinds) | func.coalesce(event.c.field, "").in_(fields)
    # A change that no line tells of is held for one of the data.
    informed = since.where(~tells_no_value).exists() | ~since.exists()
    return case(
        ((lead.c.changed_at > before.c.recorded_at) & informed, literal(str(ScoreCause.DATA))),
        (before.c.criteria_digest.not_in(alike), literal(str(ScoreCause.CRITERIA))),
        else_=literal(str(ScoreCause.TIME)),
    )


def _untouched_by(criteria: Criteria) -> tuple[list[str], list[str]]:
    """Which lines of the history move no grade by these criteria: their kinds, and the fields that they may tell of."""
    conditions = (tier.condition for criterion in criteria.criteria for tier in criterion.tiers)
    asked = {comparison.field for condition in conditions for comparison in walk_comparisons(condition)}
    if asked & _OF_THE_ADDRESS:
        asked.add("email")
    kinds = set(_OF_NO_VALUE)
    if not asked & _BY_TOUCHES:
        kinds.add(EventKind.TOUCH)
    if "stage" not in asked:
        kinds.add(EventKind.STAGE)
    return sorted(kinds), sorted(LEAD_FIELDS.keys() - asked)
