"""One lead in full: what is known, why it has its score, its story, its likely duplicates, the next best question.

Puts together what `scoring` explains and `history` tells; how a card is drawn is `output`'s.

The parts of a lead's card as tables: the score's dimensions, the ledger, questions, nominations and the story.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, or_, select

from leadtriage.core.errors import LeadNotFound
from leadtriage.core.money import format_money, whole_units
from leadtriage.core.tables import Card, Cell, Column, Table
from leadtriage.core.text import format_author, format_count, format_day
from leadtriage.core.vocabulary import OPEN_STAGES
from leadtriage.criteria import LEAD_FIELDS, Criteria
from leadtriage.db import ExtraColumn, Lead, LeadScore, LikelyDuplicate, table
from leadtriage.matching import is_kept_apart
from leadtriage.reports.lead.history import Happening, read_history
from leadtriage.reports.query import is_visible
from leadtriage.scoring import Explanation, NominatingLine, OpenQuestion, explain_lead, nominating_lines

_LONGEST_TIER = 24
"""In characters: a tier of many words would hide the value that it stands beside."""


def format_lead_name(lead: Mapping[str, Any]) -> str:
    """Who a lead is in a few words: name and company, else how to reach it."""
    known = [lead[key] for key in ("name", "company") if lead[key]]
    return ", ".join(known) or lead["email"] or lead["phone"] or "No name"


def records(part: Table) -> list[dict[str, Cell]]:
    """The rows of a part as flat objects with its columns' keys."""
    return [{column.key: row[column.key] for column in part.columns} for row in part.rows]


def dimensions_table(explanation: Explanation) -> Table:
    """What each dimension of the score gives and could give, with a bar for the share of its maximum."""
    columns = (
        Column("dimension", "", keep=100),
        Column("share", "", keep=90, kind="bar", shown="share_shown"),
        Column("ceiling", "Could reach", keep=80, align="right"),
    )
    rows = tuple(
        {
            "dimension": total.dimension.value,
            "share": round(100 * total.points / total.max) if total.max else 0,
            "share_shown": f"{total.points} of {total.max}",
            "ceiling": total.ceiling,
        }
        for total in explanation.dimensions
    )
    return Table("Score by dimension", columns, rows)


def ledger_table(explanation: Explanation) -> Table:
    """Each criterion's line, and each cap's: the lines add up to the score and to what it could reach."""
    columns = (
        Column("dimension", "Dimension", keep=60),
        Column("criterion", "Criterion", keep=100),
        Column("field", "Field", keep=20),
        Column("value", "Value", keep=80, shown="value_shown"),
        Column("points", "Points", keep=99, align="right", shown="points_shown"),
        Column("ceiling", "Could reach", keep=90, align="right"),
        Column("known", "Answered", keep=40, shown="known_shown"),
    )
    rows = tuple(
        {
            "dimension": line.dimension.value,
            "criterion": line.criterion,
            "field": line.field,
            "value": line.value,
            "value_shown": format_tiered(line.value, line.tier),
            "points": line.points,
            "points_shown": f"{line.points:+}" if line.points else "0",
            "ceiling": line.ceiling,
            "known": line.known,
            "known_shown": {True: "yes", False: "no", None: " "}[line.known],
        }
        for line in explanation.ledger
    )
    return Table("Why this score", columns, rows)


def format_tiered(value: str | None, tier: str | None) -> str | None:
    """A value with the tier that it is in, where that says more."""
    if value is None or tier is None or tier == value or len(tier) > _LONGEST_TIER:
        return value
    return f"{value} ({tier})"


def add_total(part: Table, explanation: Explanation) -> Table:
    """The ledger as people read it: with its sum, without the names that only rules use."""
    total: dict[str, Cell] = dict.fromkeys((column.key for column in part.columns), None)
    total |= {
        # The criterion is what a narrow terminal keeps longest.
        "criterion": "total",
        "points": explanation.score,
        "points_shown": str(explanation.score),
        "ceiling": explanation.ceiling,
        "known_shown": f"{explanation.known:.0%}",
    }
    return without(replace(part, rows=(*part.rows, total)), "field")


def without(part: Table, key: str) -> Table:
    """A part without one of its columns, which only scripts need."""
    return replace(part, columns=tuple(column for column in part.columns if column.key != key))


def questions_table(asked: Iterable[OpenQuestion]) -> Table:
    """What to ask next, the answer that could give most first."""
    columns = (
        Column("criterion", "Criterion", keep=60),
        Column("ask", "Question", keep=100),
        Column("gain", "Up to", keep=90, align="right", shown="gain_shown"),
        Column("reaches_grade", "Grade", keep=80, kind="grade"),
    )
    rows = tuple(
        {
            "criterion": question.criterion,
            "ask": question.ask,
            "gain": question.gain,
            "gain_shown": f"+{question.gain}",
            "reaches_grade": str(question.reaches_grade) if question.reaches_grade else None,
        }
        for question in asked
    )
    return Table("What to ask next", columns, rows)


def put_off_table(questions: Iterable[OpenQuestion]) -> Table:
    """What the lead could not answer yet, and when to ask again."""
    columns = (
        Column("criterion", "Criterion", keep=60),
        Column("ask", "Question", keep=100),
        Column("again_on", "Ask again on", keep=90),
    )
    rows = tuple(
        {"criterion": question.criterion, "ask": question.ask, "again_on": question.again_on} for question in questions
    )
    return Table("Not known yet", columns, rows)


def nominations_table(lines: Sequence[NominatingLine]) -> Table:
    """Everything that says the lead is junk."""
    columns = (
        Column("reason", "Reason", keep=90),
        Column("text", "Why", keep=100),
        Column("by", "By", keep=80, shown="by_shown"),
    )
    rows = tuple(
        {"reason": line.reason, "text": line.text, "by": line.by, "by_shown": format_author(line.by)} for line in lines
    )
    return Table("Junk candidate, because", columns, rows)


def duplicates_table(leads: Iterable[Mapping[str, Any]]) -> Table:
    """The leads that may be the same one."""
    columns = (
        Column("id", "Id", keep=100, align="right"),
        Column("name", "Name", keep=90),
        Column("company", "Company", keep=70),
        Column("email", "E-mail", keep=60),
        Column("evidence", "Because", keep=95),
    )
    return Table("Likely duplicates", columns, tuple(leads))


def story_table(happenings: Iterable[Happening]) -> Table:
    """What happened, the earliest first."""
    columns = (
        Column("at", "At", keep=90),
        Column("by", "By", keep=60, shown="by_shown"),
        Column("kind", "Kind", keep=20),
        Column("text", "What happened", keep=100),
    )
    rows: list[dict[str, Cell]] = [
        {"at": line.at, "by": line.by, "by_shown": format_author(line.by), "kind": line.kind, "text": line.text}
        for line in happenings
    ]
    return Table("Story", columns, tuple(rows))


def extra_columns_table(extras: Iterable[tuple[str, str]]) -> Table:
    """What the files said besides, under their own headers."""
    columns = (Column("column", "Column", keep=100), Column("value", "Value", keep=99))
    return Table("Other columns", columns, tuple({"column": header, "value": value} for header, value in extras))


_lead = table(Lead)
_score = table(LeadScore)
_extra = table(ExtraColumn)
_pair = table(LikelyDuplicate)

_DAYS = ("created_on", "decides_on", "first_touch_on", "last_touch_on", "next_touch_on", "nurture_until")
_KEPT = ("crm_id", "other_emails", "other_phones", "qualified_on", "qualified_by", "closed_on", "outcome_reason")
_QUALIFIED_BY = {"score": "its score", "crm": "the CRM's status"}
_NOT_A_FACT = ("first_name", "last_name", "name", "age_days", "idle_days", "decides_in_days", "email_domain", "stage")


def show_lead(connection: Connection, criteria: Criteria, lead_id: int, as_of: date) -> Card:
    """Return everything about a lead, as the criteria that are given see it on a day.

    The record has the lead fields by their names (`budget` and `revenue` in whole units beside `budget_currency` and
    `revenue_currency`), the days and marks that the lead has besides, `score, ceiling, known, grade`, the lists
    `ledger` (`dimension, criterion, field, value, points, ceiling, known`, a cap as a line of its own), `events`
    (`at, by, kind, text`; also lines that repeat another of the same act, which people are not shown), `questions`,
    `nominations`, `duplicates`, `columns` (the files' own), and `next_question`,
    the one most worth asking or None.

    Raises:
        LeadNotFound: there is no lead of this id.
    """
    lead = _read_lead(connection, lead_id)
    explanation = explain_lead(connection, criteria, lead_id, as_of)
    story = read_history(connection, lead_id)
    is_open = lead["stage"] in OPEN_STAGES
    nominations = nominating_lines(connection, criteria, [lead_id], as_of).get(lead_id, ()) if is_open else ()
    duplicates = _read_duplicates(connection, lead_id)
    extras = _read_extras(connection, lead)
    questions = explanation.questions if is_open else ()
    dimensions, ledger = dimensions_table(explanation), ledger_table(explanation)
    parts = {
        "questions": questions_table(questions),
        "put_off": put_off_table(explanation.put_off),
        "nominations": nominations_table(nominations),
        "duplicates": duplicates_table(duplicates),
        "events": story_table(line for line in story if not line.repeats),
        "columns": extra_columns_table(extras),
    }
    record: dict[str, Any] = {
        **_write_fields(lead, as_of),
        "score": explanation.score,
        "ceiling": explanation.ceiling,
        "known": explanation.known,
        "grade": explanation.grade.value,
        "ledger": records(ledger),
        **{name: records(part) for name, part in parts.items()},
        "events": records(story_table(story)),
        "next_question": questions[0].ask if questions else None,
    }
    return Card(
        title=f"{format_lead_name(lead)} (lead {lead_id})",
        facts=_state_facts(lead, explanation, criteria, as_of),
        tables=(
            dimensions,
            add_total(ledger, explanation),
            *(without(p, "kind") for p in parts.values()),
        ),
        record=record,
        notes=_compare_with_stored(connection, lead, explanation),
    )


def _read_lead(connection: Connection, lead_id: int) -> Mapping[str, Any]:
    row = connection.execute(select(_lead).where(_lead.c.id == lead_id)).mappings().first()
    if row is None:
        raise LeadNotFound(f"there is no lead {lead_id}", hint="look for it: leadtriage find TEXT")
    return dict(row)


def _read_duplicates(connection: Connection, lead_id: int) -> list[Mapping[str, Any]]:
    """The leads that an import found to be alike and kept apart, whichever of both was there first."""
    other = _lead
    pair = or_(
        (_pair.c.lead_id == lead_id) & (other.c.id == _pair.c.other_lead_id),
        (_pair.c.other_lead_id == lead_id) & (other.c.id == _pair.c.lead_id),
    )
    statement = (
        select(other.c.id, other.c.name, other.c.company, other.c.email, _pair.c.evidence)
        .join_from(_pair, other, pair)
        .where(or_(_pair.c.lead_id == lead_id, _pair.c.other_lead_id == lead_id), is_visible(), ~is_kept_apart(_pair))
        .order_by(other.c.id)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def _read_extras(connection: Connection, lead: Mapping[str, Any]) -> list[tuple[str, str]]:
    stored: Mapping[str, str] = lead["extra"] or {}
    if not stored:
        return []
    headers = connection.execute(select(_extra.c.id, _extra.c.header).order_by(_extra.c.id))
    return [(header, stored[f"c{number}"]) for number, header in headers if stored.get(f"c{number}") is not None]


def _write_fields(lead: Mapping[str, Any], as_of: date) -> dict[str, Cell]:
    """All lead fields by their names, then what the lead has besides."""
    fields: dict[str, Cell] = {"id": lead["id"]}
    for name in LEAD_FIELDS:
        if name in ("budget", "revenue"):
            amount, currency = lead[f"{name}_amount"], lead[f"{name}_currency"]
            fields[name] = None if amount is None else float(whole_units(amount, currency))
            fields[f"{name}_currency"] = currency
        elif name in lead:
            fields[name] = lead[name]
    since = lead["last_touch_on"] or lead["created_on"]
    decides = lead["decides_on"]
    fields["age_days"] = max(0, (as_of - lead["created_on"]).days)
    fields["idle_days"] = max(0, (as_of - since).days)
    fields["decides_in_days"] = (decides - as_of).days if decides is not None and decides >= as_of else None
    return fields | {name: lead[name] for name in (*_DAYS, *_KEPT)}


def _state_facts(
    lead: Mapping[str, Any], explanation: Explanation, criteria: Criteria, as_of: date
) -> tuple[tuple[str, Cell], ...]:
    """What people read first: the score and how it stands, then what is known of the lead."""
    rests_on_little = explanation.known < float(criteria.junk.known) - 1e-9
    age = max(0, (as_of - lead["created_on"]).days)
    facts: list[tuple[str, Cell]] = [
        ("Grade", f"{explanation.grade}{'?' if rests_on_little else ''}"),
        ("Score", f"{explanation.score}, could reach {explanation.ceiling}, {explanation.known:.0%} answered"),
        ("Stage", _say_stage(lead)),
        ("Qualified", _say_qualified(lead)),
        ("Came in", f"{format_day(lead['created_on'])}, {format_count(age, 'day')} ago"),
        ("Last touch", _say_last_touch(lead, as_of)),
        ("Next touch", format_day(lead["next_touch_on"]) if lead["next_touch_on"] else None),
        ("Decides on", format_day(lead["decides_on"]) if lead["decides_on"] else None),
    ]
    for name in LEAD_FIELDS:
        if name in _NOT_A_FACT:
            continue
        label = "E-mail" if name == "email" else name.replace("_", " ").capitalize()
        facts.append((label, _say_field(lead, name)))
    facts += [("Further e-mails", lead["other_emails"]), ("Further phones", lead["other_phones"])]
    facts.append(("Id in its system", lead["crm_id"]))
    return tuple((label, value) for label, value in facts if value is not None)


def _say_field(lead: Mapping[str, Any], name: str) -> Cell:
    if name in ("budget", "revenue"):
        return format_money(lead[f"{name}_amount"], lead[f"{name}_currency"])
    value = lead[name]
    if isinstance(value, bool):
        return "yes" if value else "no"
    stated: Cell = value
    return f"{stated:,}" if isinstance(stated, int) else stated


def _say_stage(lead: Mapping[str, Any]) -> str:
    stage = str(lead["stage"])
    if lead["stage"] == "nurture" and lead["nurture_until"]:
        why = f", {lead['nurture_reason']}" if lead["nurture_reason"] else ""
        return f"{stage} until {format_day(lead['nurture_until'])}{why}"
    if lead["stage"] in OPEN_STAGES:
        return stage
    reason = f", {lead['outcome_reason']}" if lead["outcome_reason"] else ""
    return f"{stage} on {format_day(lead['closed_on'])}{reason}" if lead["closed_on"] else f"{stage}{reason}"


def _say_qualified(lead: Mapping[str, Any]) -> str:
    if lead["qualified_on"] is None:
        return "no"
    by = lead["qualified_by"] or "nobody named"
    return f"since {format_day(lead['qualified_on'])}, by {_QUALIFIED_BY.get(by, by)}"


def _say_last_touch(lead: Mapping[str, Any], as_of: date) -> str:
    last = lead["last_touch_on"]
    if last is None:
        return "no contact recorded"
    ago = f"{format_count(max(0, (as_of - last).days), 'day')} ago"
    return (
        f"{format_day(last)}, {ago}" if lead["contact_dated"] is not False else f"undated, told on {format_day(last)}"
    )


def _compare_with_stored(connection: Connection, lead: Mapping[str, Any], explanation: Explanation) -> tuple[str, ...]:
    """Say where lists show another score than this card, and why."""
    columns = (_score.c.score, _score.c.ceiling, _score.c.grade)
    stored = connection.execute(select(*columns).where(_score.c.lead_id == lead["id"])).first()
    hidden: Sequence[str] = ()
    if lead["merged_into"] is not None:
        hidden = (f"This lead was merged into lead {lead['merged_into']}.",)
    elif lead["removed_by"] is not None:
        hidden = ("This lead was taken back by an undo.",)
    if stored is None:
        return (*hidden, "It is not scored yet: run leadtriage score.")
    if tuple(stored) == (explanation.score, explanation.ceiling, explanation.grade):
        return tuple(hidden)
    lists = f"Lists show score {stored.score}, could reach {stored.ceiling}, grade {stored.grade}"
    closed = lead["stage"] not in OPEN_STAGES
    why = "as it was closed with" if closed else "until the next run of leadtriage score"
    return (*hidden, f"{lists}, {why}.")
