"""One lead in full: what is known, why it has its score, its story, its likely duplicates, the next best question.

Puts together what `scoring` explains and `history` tells; how a card is drawn is `output`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, or_, select

from leadtriage.criteria.fields import LEAD_FIELDS
from leadtriage.criteria.model import Criteria
from leadtriage.db.schema import ExtraColumn, Lead, LeadScore, LikelyDuplicate, table
from leadtriage.errors import LeadNotFound
from leadtriage.matching.apart import is_kept_apart
from leadtriage.reports import show_tables
from leadtriage.reports.filters import visible
from leadtriage.reports.history import read_history
from leadtriage.reports.money import whole_units
from leadtriage.scoring.explain import Explanation, explain_lead
from leadtriage.scoring.nominating import nominating_lines
from leadtriage.scoring.shown_values import format_money
from leadtriage.tabular import Card, Cell
from leadtriage.vocabulary import OPEN_STAGES
from leadtriage.words import count_of, say_day

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
    dimensions, ledger = show_tables.dimensions(explanation), show_tables.ledger(explanation)
    parts = {
        "questions": show_tables.questions(questions),
        "put_off": show_tables.put_off(explanation.put_off),
        "nominations": show_tables.nominations(nominations),
        "duplicates": show_tables.duplicates(duplicates),
        "events": show_tables.story(line for line in story if not line.repeats),
        "columns": show_tables.extra_columns(extras),
    }
    record: dict[str, Any] = {
        **_write_fields(lead, as_of),
        "score": explanation.score,
        "ceiling": explanation.ceiling,
        "known": explanation.known,
        "grade": explanation.grade.value,
        "ledger": show_tables.records(ledger),
        **{name: show_tables.records(part) for name, part in parts.items()},
        "events": show_tables.records(show_tables.story(story)),
        "next_question": questions[0].ask if questions else None,
    }
    return Card(
        title=f"{show_tables.name_lead(lead)} (lead {lead_id})",
        facts=_state_facts(lead, explanation, criteria, as_of),
        tables=(
            dimensions,
            show_tables.add_total(ledger, explanation),
            *(show_tables.without(p, "kind") for p in parts.values()),
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
        .where(or_(_pair.c.lead_id == lead_id, _pair.c.other_lead_id == lead_id), visible(), ~is_kept_apart(_pair))
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
        ("Came in", f"{say_day(lead['created_on'])}, {count_of(age, 'day')} ago"),
        ("Last touch", _say_last_touch(lead, as_of)),
        ("Next touch", say_day(lead["next_touch_on"]) if lead["next_touch_on"] else None),
        ("Decides on", say_day(lead["decides_on"]) if lead["decides_on"] else None),
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
        return f"{stage} until {say_day(lead['nurture_until'])}{why}"
    if lead["stage"] in OPEN_STAGES:
        return stage
    reason = f", {lead['outcome_reason']}" if lead["outcome_reason"] else ""
    return f"{stage} on {say_day(lead['closed_on'])}{reason}" if lead["closed_on"] else f"{stage}{reason}"


def _say_qualified(lead: Mapping[str, Any]) -> str:
    if lead["qualified_on"] is None:
        return "no"
    by = lead["qualified_by"] or "nobody named"
    return f"since {say_day(lead['qualified_on'])}, by {_QUALIFIED_BY.get(by, by)}"


def _say_last_touch(lead: Mapping[str, Any], as_of: date) -> str:
    last = lead["last_touch_on"]
    if last is None:
        return "no contact recorded"
    ago = f"{count_of(max(0, (as_of - last).days), 'day')} ago"
    return f"{say_day(last)}, {ago}" if lead["contact_dated"] is not False else f"undated, told on {say_day(last)}"


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
