"""Asks what is not known of a lead: which questions, the most valuable first, and storing what is answered.

How an answer is understood is `triage.answers`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from leadtriage.act import Act
from leadtriage.criteria.model import Criteria
from leadtriage.criteria.text import comparable
from leadtriage.db.dialect import upsert
from leadtriage.db.ids import reserve_ids
from leadtriage.db.schema import ExtraColumn, Lead, LeadKey, PutOff, table
from leadtriage.errors import LeadtriageError
from leadtriage.importing.attributes import BY_NAME
from leadtriage.scoring.explain import Explanation, explain_lead
from leadtriage.scoring.questions import OpenQuestion
from leadtriage.triage.acting import Acting, LeadChange, acting, require_open, write_value
from leadtriage.triage.answers import Answer, Target, find_target, read_answer
from leadtriage.vocabulary import EventKind, Grade

USUAL_WAIT = timedelta(days=14)
"""How long a question rests that the lead could not answer."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was said of one lead: an answer by the name of what it answers; None: the lead does not know it yet."""

    lead_id: int
    name: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer did.

    Attributes:
        field: the lead field or column that it went into.
        old, new: its value before and after, as the history has them; `new` is None where it was put off.
        again_on: the day from which on a question that was put off is asked again.
        before, after: the lead's score, ceiling and grade.
    """

    lead_id: int
    field: str
    old: str | None
    new: str | None
    again_on: date | None
    before: tuple[int, int, Grade]
    after: tuple[int, int, Grade]


def find_open_questions(
    connection: Connection, criteria: Criteria, lead_id: int, as_of: date, *, put_off: bool = False
) -> tuple[OpenQuestion, ...]:
    """The questions that a lead can be asked: a reviewer's first, then those that change the grade, then by points.

    Args:
        put_off: those besides that the lead could not answer yet.

    Raises:
        LeadtriageError: the lead is closed.
        LeadNotFound: there is no lead of this id.
    """
    lead = table(Lead)
    explained = explain_lead(connection, criteria, lead_id, as_of)
    stored = dict(connection.execute(select(lead).where(lead.c.id == lead_id)).mappings().one())
    require_open(stored)
    questions = explained.questions + (explained.put_off if put_off else ())
    return tuple(
        sorted(
            questions,
            key=lambda question: (
                question.criterion != stored["ask_for"],
                question.reaches_grade is None,
                -question.gain,
                question.place,
            ),
        )
    )


def store_answers(
    engine: Engine, criteria: Criteria, act: Act, given: Sequence[Given], *, again_on: date | None = None
) -> tuple[Answered, ...]:
    """Store answers in the leads' fields, all in one act.

    Args:
        again_on: when to ask again what is not known yet; by default in `USUAL_WAIT`.

    Raises:
        UsageError: nothing can be answered under such a name.
        LeadtriageError: an answer is not understood, or a lead is closed or gone; nothing was stored.
    """
    later = again_on or act.as_of + USUAL_WAIT
    with acting(engine, criteria, act) as doing:
        return tuple([store_answer(doing, each, later) for each in given])


def store_answer(doing: Acting, given: Given, again_on: date) -> Answered:
    """Store one answer within an act; see `store_answers`."""
    target = find_target(doing.criteria, given.name)
    lead = doing.read_lead(given.lead_id)
    require_open(lead)
    before = _explain(doing, given.lead_id)
    if given.text is None:
        old, new = None, None
        _put_off(doing, lead, target, again_on)
    else:
        answer = read_answer(target, given.text, lead, doing.criteria, doing.act.as_of)
        old, new = _store(doing, lead, answer)
        _give_keys(doing, given.lead_id, answer.keys)
    after = _explain(doing, given.lead_id)
    return Answered(
        given.lead_id,
        target.name,
        old,
        new,
        again_on if given.text is None else None,
        (before.score, before.ceiling, before.grade),
        (after.score, after.ceiling, after.grade),
    )


def _explain(doing: Acting, lead_id: int) -> Explanation:
    return explain_lead(doing.connection, doing.criteria, lead_id, doing.act.as_of)


def _store(doing: Acting, lead: dict[str, Any], answer: Answer) -> tuple[str | None, str | None]:
    """Write the answer and its event, and return the value before and after as the history has them."""
    values = dict(answer.values)
    if lead["ask_for"] in answer.target.criteria:
        values["ask_for"] = None
    if answer.attribute is not None:
        attribute = BY_NAME[answer.attribute]
        old, new = write_value(attribute, lead), write_value(attribute, lead | values)
        change = LeadChange(lead["id"], EventKind.FIELD, values, field=attribute.name, old=old, new=new)
    else:
        number, header = _find_column(doing, answer.target.column or "")
        texts, compared = dict(lead["extra"] or {}), dict(lead["extra_comparable"] or {})
        old, new = texts.get(f"c{number}"), answer.text
        texts[f"c{number}"], compared[f"c{number}"] = new or "", comparable(new or "")
        compared.pop(f"n{number}", None)
        if answer.number is not None:
            compared[f"n{number}"] = answer.number
        values |= {"extra": texts, "extra_comparable": compared}
        change = LeadChange(lead["id"], EventKind.FIELD, values, field=f"column:{header}", old=old, new=new)
    doing.record([change])
    return old, new


def _find_column(doing: Acting, header: str) -> tuple[int, str]:
    """The number and header of a column of the imported files; one that no file had yet is made."""
    columns = table(ExtraColumn)
    wanted = columns.c.header_comparable == comparable(header)
    found = doing.connection.execute(
        select(columns.c.id, columns.c.header).where(wanted).order_by(columns.c.id)
    ).first()
    if found is not None:
        return found.id, found.header
    number = (doing.connection.execute(select(func.max(columns.c.id))).scalar() or 0) + 1
    row = {"id": number, "header": header, "header_comparable": comparable(header)}
    doing.connection.execute(insert(columns).values(row))
    return number, header


def _put_off(doing: Acting, lead: dict[str, Any], target: Target, again_on: date) -> None:
    if not target.criteria:
        raise LeadtriageError(f"no criterion asks for {target.name}, so there is nothing to put off")
    rows = table(PutOff)
    first = reserve_ids(doing.connection, "put_off", len(target.criteria))
    doing.connection.execute(
        insert(rows),
        [
            {
                "lead_id": lead["id"],
                "id": first + place,
                "act": doing.id,
                "criterion": criterion,
                "by": doing.act.by,
                "at": doing.act.at,
                "again_on": again_on,
            }
            for place, criterion in enumerate(target.criteria)
        ],
    )
    doing.record([LeadChange(lead["id"], EventKind.PUT_OFF, field=target.criteria[0], new=again_on.isoformat())])


def _give_keys(doing: Acting, lead_id: int, keys: Sequence[str]) -> None:
    """Let an address or number lead to the lead.

    Raises:
        LeadtriageError: it leads to another one already.
    """
    if not keys:
        return
    stored = table(LeadKey)
    held = doing.connection.execute(select(stored.c.lead_id).where(stored.c.key.in_(keys), stored.c.lead_id != lead_id))
    other = held.scalars().first()
    if other is not None:
        raise LeadtriageError(
            f"lead {other} has this already",
            place=f"lead {lead_id}",
            hint=f"if they are one: leadtriage duplicates --merge {other} {lead_id}",
        )
    rows = [{"key": key, "lead_id": lead_id, "original_lead_id": lead_id, "batch_id": None} for key in keys]
    doing.connection.execute(
        upsert(doing.connection.dialect, stored).on_conflict_do_nothing(index_elements=["key"]), rows
    )
