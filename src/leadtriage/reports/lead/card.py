"""One lead in full: what is known, why it has its score, its history, its likely duplicates, and what to ask next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
from leadtriage.reports.query import count_days, is_visible
from leadtriage.scoring import Explanation, explain_lead, find_junk_lines

_lead = table(Lead)
_score = table(LeadScore)
_extra = table(ExtraColumn)
_pair = table(LikelyDuplicate)

_MAX_TIER = 24
"""In characters: a longer tier would hide the value beside it."""

_DAYS = ("created_on", "decides_on", "first_touch_on", "last_touch_on", "next_touch_on", "nurture_until")
_STORED = ("crm_id", "other_emails", "other_phones", "qualified_on", "qualified_by", "closed_on", "outcome_reason")
_QUALIFIED_BY = {"score": "its score", "crm": "the CRM's status"}
_NOT_A_FACT = ("first_name", "last_name", "name", "age_days", "idle_days", "decides_in_days", "email_domain", "stage")

_QUESTION = (Column("criterion", "Criterion", keep=60), Column("ask", "Question", keep=100))
_DIMENSIONS = (
    Column("dimension", "", keep=100),
    Column("share", "", keep=90, kind="bar", shown="share_shown"),
    Column("ceiling", "Potential", keep=80, align="right"),
)
_LEDGER = (
    Column("dimension", "Dimension", keep=60),
    Column("criterion", "Criterion", keep=100),
    Column("field", "Field", keep=20),
    Column("value", "Value", keep=80, shown="value_shown"),
    Column("points", "Points", keep=99, align="right", shown="points_shown"),
    Column("ceiling", "Potential", keep=90, align="right"),
    Column("known", "Known", keep=40, shown="known_shown"),
)
_QUESTIONS = (
    *_QUESTION,
    Column("gain", "Up to", keep=90, align="right", shown="gain_shown"),
    Column("reaches_grade", "Grade", keep=80, kind="grade"),
)
_PUT_OFF = (*_QUESTION, Column("again_on", "Ask again on", keep=90))
_FLAGS = (
    Column("reason", "Reason", keep=90),
    Column("text", "Why", keep=100),
    Column("by", "By", keep=80, shown="by_shown"),
)
_DUPLICATES = (
    Column("id", "Id", keep=100, align="right"),
    Column("name", "Name", keep=90),
    Column("company", "Company", keep=70),
    Column("email", "E-mail", keep=60),
    Column("evidence", "Because", keep=95),
)
_EVENTS = (
    Column("at", "At", keep=90),
    Column("by", "By", keep=60, shown="by_shown"),
    Column("kind", "Kind", keep=20),
    Column("text", "What happened", keep=100),
)
_EXTRAS = (Column("column", "Column", keep=100), Column("value", "Value", keep=99))


def show_lead(connection: Connection, criteria: Criteria, lead_id: int, as_of: date) -> Card:
    """Return everything about a lead by these criteria on a day.

    The record has the lead fields by name (`budget` and `revenue` in whole units, with `budget_currency` and
    `revenue_currency`), the lead's other days and marks, `score, ceiling, known, grade`, and lists: `ledger`
    (`dimension, criterion, field, value, points, ceiling, known`; a cap is a line), `events` (`at, by, kind, text`,
    with the lines that people do not see, as they repeat another), `questions`, `put_off`, `nominations`, `duplicates`
    and `columns` (the files' own). `next_question` is the one most worth asking, or None.

    Raises:
        LeadNotFound: no lead has this id.
    """
    lead = _read_lead(connection, lead_id)
    explanation = explain_lead(connection, criteria, lead_id, as_of)
    history = read_history(connection, lead_id)
    is_open = lead["stage"] in OPEN_STAGES
    flags = find_junk_lines(connection, criteria, [lead_id], as_of).get(lead_id, ()) if is_open else ()
    questions = explanation.questions if is_open else ()
    extras = [{"column": header, "value": value} for header, value in _read_extras(connection, lead)]
    ledger = _build_ledger(explanation)
    parts = {
        "questions": _build_table(
            "What to ask next", _QUESTIONS, questions, lambda each: {"gain_shown": f"+{each.gain}"}
        ),
        "put_off": _build_table("Not known yet", _PUT_OFF, explanation.put_off),
        "nominations": _build_table("Junk candidate, because", _FLAGS, flags, _show_author),
        "duplicates": Table("Likely duplicates", _DUPLICATES, tuple(_read_duplicates(connection, lead_id))),
        "events": _build_history(line for line in history if not line.repeats),
        "columns": Table("Other columns", _EXTRAS, tuple(extras)),
    }
    record: dict[str, Any] = {
        **_build_fields(lead, as_of),
        "score": explanation.score,
        "ceiling": explanation.ceiling,
        "known": explanation.known,
        "grade": explanation.grade.value,
        "ledger": _build_records(ledger),
        **{name: _build_records(part) for name, part in parts.items()},
        "events": _build_records(_build_history(history)),
        "next_question": questions[0].ask if questions else None,
    }
    return Card(
        title=f"{format_lead_name(lead)} (lead {lead_id})",
        facts=_build_facts(lead, explanation, criteria, as_of),
        tables=(
            _build_dimensions(explanation),
            _add_total(ledger, explanation),
            *(_drop_column(part, "kind") for part in parts.values()),
        ),
        record=record,
        notes=tuple(_compare_with_lists(connection, lead, explanation)),
    )


def format_lead_name(lead: Mapping[str, Any]) -> str:
    """Return name and company of a lead, else its address or number."""
    known = [lead[key] for key in ("name", "company") if lead[key]]
    return ", ".join(known) or lead["email"] or lead["phone"] or "No name"


def format_tiered(value: str | None, tier: str | None) -> str | None:
    """Return a value with its tier where that adds something."""
    if value is None or tier is None or tier == value or len(tier) > _MAX_TIER:
        return value
    return f"{value} ({tier})"


def _build_table(
    title: str,
    columns: tuple[Column, ...],
    items: Iterable[Any],
    show: Callable[[Any], dict[str, Cell]] = lambda _: {},
) -> Table:
    """Build a table of objects whose attributes have the keys of the columns; `show` adds what people see instead."""
    rows = ({column.key: getattr(each, column.key) for column in columns} | show(each) for each in items)
    return Table(title, columns, tuple(rows))


def _show_author(line: Any) -> dict[str, Cell]:
    return {"by_shown": format_author(line.by)}


def _build_history(events: Iterable[Happening]) -> Table:
    return _build_table("History", _EVENTS, events, _show_author)


def _build_dimensions(explanation: Explanation) -> Table:
    rows = tuple(
        {
            "dimension": total.dimension.value,
            "share": round(100 * total.points / total.max) if total.max else 0,
            "share_shown": f"{total.points} of {total.max}",
            "ceiling": total.ceiling,
        }
        for total in explanation.dimensions
    )
    return Table("Score by dimension", _DIMENSIONS, rows)


def _build_ledger(explanation: Explanation) -> Table:
    """Each criterion and each cap as a line; the lines add up to the score and the potential."""
    return _build_table(
        "Why this score",
        _LEDGER,
        explanation.ledger,
        lambda line: {
            "value_shown": format_tiered(line.value, line.tier),
            "points_shown": f"{line.points:+}" if line.points else "0",
            "known_shown": {True: "yes", False: "no", None: " "}[line.known],
        },
    )


def _add_total(ledger: Table, explanation: Explanation) -> Table:
    """The ledger as people read it: with its sum, without the field names that only rules use."""
    total: dict[str, Cell] = dict.fromkeys((column.key for column in ledger.columns), None) | {
        # The criterion is what a narrow terminal keeps longest.
        "criterion": "total",
        "points": explanation.score,
        "points_shown": str(explanation.score),
        "ceiling": explanation.ceiling,
        "known_shown": f"{explanation.known:.0%}",
    }
    return _drop_column(replace(ledger, rows=(*ledger.rows, total)), "field")


def _drop_column(part: Table, key: str) -> Table:
    return replace(part, columns=tuple(column for column in part.columns if column.key != key))


def _build_records(part: Table) -> list[dict[str, Cell]]:
    return [{column.key: row[column.key] for column in part.columns} for row in part.rows]


def _read_lead(connection: Connection, lead_id: int) -> Mapping[str, Any]:
    row = connection.execute(select(_lead).where(_lead.c.id == lead_id)).mappings().first()
    if row is None:
        raise LeadNotFound(f"there is no lead {lead_id}", hint="look for it: leadtriage find TEXT")
    return dict(row)


def _read_duplicates(connection: Connection, lead_id: int) -> list[Mapping[str, Any]]:
    """Return the likely duplicates that are not kept apart."""
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


def _build_fields(lead: Mapping[str, Any], as_of: date) -> dict[str, Cell]:
    """Return the lead fields by name, then the lead's other values."""
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
    fields["age_days"] = count_days(lead["created_on"], as_of)
    fields["idle_days"] = count_days(since, as_of)
    fields["decides_in_days"] = (decides - as_of).days if decides is not None and decides >= as_of else None
    return fields | {name: lead[name] for name in (*_DAYS, *_STORED)}


def _build_facts(
    lead: Mapping[str, Any], explanation: Explanation, criteria: Criteria, as_of: date
) -> tuple[tuple[str, Cell], ...]:
    """Return what people read first: the score, then the state, then what is known of the lead."""
    is_unsure = explanation.known < float(criteria.junk.known) - 1e-9
    age = count_days(lead["created_on"], as_of)
    facts: list[tuple[str, Cell]] = [
        ("Grade", f"{explanation.grade}{'?' if is_unsure else ''}"),
        ("Score", f"{explanation.score}, potential {explanation.ceiling}, {explanation.known:.0%} known"),
        ("Stage", _format_stage(lead)),
        ("Qualified", _format_qualified(lead)),
        ("Came in", f"{format_day(lead['created_on'])}, {format_count(age, 'day')} ago"),
        ("Last contact", _format_last_contact(lead, as_of)),
        ("Next contact", format_day(lead["next_touch_on"]) if lead["next_touch_on"] else None),
        ("Decides on", format_day(lead["decides_on"]) if lead["decides_on"] else None),
    ]
    for name in LEAD_FIELDS:
        if name not in _NOT_A_FACT:
            label = "E-mail" if name == "email" else name.replace("_", " ").capitalize()
            facts.append((label, _format_field(lead, name)))
    facts += [("Further e-mails", lead["other_emails"]), ("Further phones", lead["other_phones"])]
    facts.append(("Id in its system", lead["crm_id"]))
    return tuple((label, value) for label, value in facts if value is not None)


def _format_field(lead: Mapping[str, Any], name: str) -> Cell:
    if name in ("budget", "revenue"):
        return format_money(lead[f"{name}_amount"], lead[f"{name}_currency"])
    value: Cell = lead[name]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else value


def _format_stage(lead: Mapping[str, Any]) -> str:
    stage = str(lead["stage"])
    if stage == "nurture" and lead["nurture_until"]:
        reason = f", {lead['nurture_reason']}" if lead["nurture_reason"] else ""
        return f"{stage} until {format_day(lead['nurture_until'])}{reason}"
    if stage in OPEN_STAGES:
        return stage
    reason = f", {lead['outcome_reason']}" if lead["outcome_reason"] else ""
    return f"{stage} on {format_day(lead['closed_on'])}{reason}" if lead["closed_on"] else f"{stage}{reason}"


def _format_qualified(lead: Mapping[str, Any]) -> str:
    if lead["qualified_on"] is None:
        return "no"
    by = lead["qualified_by"] or "nobody named"
    return f"since {format_day(lead['qualified_on'])}, by {_QUALIFIED_BY.get(by, by)}"


def _format_last_contact(lead: Mapping[str, Any], as_of: date) -> str:
    last = lead["last_touch_on"]
    if last is None:
        return "not contacted (as far as recorded)"
    if lead["contact_dated"] is False:
        return f"on an unknown day, recorded on {format_day(last)}"
    return f"{format_day(last)}, {format_count(count_days(last, as_of), 'day')} ago"


def _compare_with_lists(connection: Connection, lead: Mapping[str, Any], explanation: Explanation) -> list[str]:
    """Note where lists hide the lead or show another score, and why."""
    columns = (_score.c.score, _score.c.ceiling, _score.c.grade)
    stored = connection.execute(select(*columns).where(_score.c.lead_id == lead["id"])).first()
    notes = []
    if lead["merged_into"] is not None:
        notes.append(f"This lead was merged into lead {lead['merged_into']}.")
    elif lead["removed_by"] is not None:
        notes.append("This lead was removed by an undo.")
    if stored is None:
        notes.append("It is not scored yet: run leadtriage score.")
    elif tuple(stored) != (explanation.score, explanation.ceiling, explanation.grade):
        is_closed = lead["stage"] not in OPEN_STAGES
        why = "as when it was closed" if is_closed else "until the next run of leadtriage score"
        notes.append(f"Lists show score {stored.score}, potential {stored.ceiling}, grade {stored.grade}, {why}.")
    return notes
