"""Which lines of the history repeat what another line of the same act says, so that people need not read both."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, or_

from leadtriage.db.schema import Event, table
from leadtriage.vocabulary import EventKind, TouchKind

_event = table(Event)
_COUNTS = ("touches", "unanswered_touches", "replies")


def is_told_by_another() -> ColumnElement[bool]:
    """Whether another line of the same act says the same of the lead: a condition on a statement over `event`.

    A contact tells the counts that it moves, a verdict the stage that it leads to, a closing its reason; so do the
    lines that take these back.
    """
    main = _event.alias("main")
    undone, is_undone = EventKind.UNDONE.value, main.c.kind == EventKind.UNDONE
    stage = or_(
        _event.c.kind == EventKind.STAGE,
        and_(_event.c.kind == undone, _event.c.field == EventKind.STAGE.value),
    )
    tells = or_(
        and_(
            _event.c.field.in_(_COUNTS),
            or_(main.c.kind == EventKind.TOUCH, and_(is_undone, main.c.field.in_(list(TouchKind)))),
        ),
        and_(
            _event.c.field == "outcome_reason",
            or_(
                main.c.kind.in_([EventKind.STAGE, EventKind.VERDICT]),
                and_(is_undone, main.c.field.in_([EventKind.STAGE.value, EventKind.VERDICT.value])),
            ),
        ),
        and_(
            stage,
            or_(
                and_(main.c.kind == EventKind.VERDICT, main.c.new == _event.c.new),
                and_(is_undone, main.c.field == EventKind.VERDICT.value, main.c.old == _event.c.old),
            ),
        ),
    )
    same_act = and_(main.c.lead_id == _event.c.lead_id, main.c.act == _event.c.act, main.c.id != _event.c.id)
    by_people = and_(
        _event.c.batch_id.is_(None), _event.c.kind.in_([EventKind.FIELD, EventKind.STAGE, EventKind.UNDONE])
    )
    return and_(by_people, exists().where(same_act, tells))
