"""Puts sample leads into a database as an import would, and reads their scores."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from evaluator import AS_OF, SampleLead, read_number
from leadtriage.core.context import Act
from leadtriage.core.text import comparable
from leadtriage.criteria import LEAD_FIELDS, FieldType
from leadtriage.db import ExtraColumn, Lead, LeadScore, Nomination, PutOff, Verdict, VerdictLine, table
from leadtriage.scoring import JunkLine

NOON = datetime(2026, 11, 18, 12)


def act_on(day: date = AS_OF, hour: int = 12) -> Act:
    """An act at an hour of a day."""
    at = datetime(day.year, day.month, day.day, hour)
    return Act(by="Maria", as_of=day, at=at, recorded_at=at)


def store_leads(connection: Connection, leads: Iterable[SampleLead], headers: Iterable[str] = ()) -> None:
    """Store leads with the ids 1, 2, 3, ... Headers that several leads have are one column."""
    leads = list(leads)
    known = dict.fromkeys(comparable(header) for lead in leads for header in lead.columns)
    known |= dict.fromkeys(comparable(header) for header in headers)
    numbers = {header: number for number, header in enumerate(known, start=1)}
    for header, number in numbers.items():
        connection.execute(insert(table(ExtraColumn)).values(id=number, header=header, header_comparable=header))
    for identifier, lead in enumerate(leads, start=1):
        connection.execute(insert(table(Lead)).values(id=identifier, **_columns(lead, numbers)))
        for number, reason in enumerate(lead.flagged, start=1):
            connection.execute(
                insert(table(Nomination)).values(
                    lead_id=identifier, id=number, by="Sam", reason=reason, at=NOON, recorded_at=NOON
                )
            )
        if lead.ask_for is not None:
            store_verdict(connection, identifier, "ask")
        for number, (criterion, day) in enumerate(lead.put_off.items(), start=1):
            connection.execute(
                insert(table(PutOff)).values(
                    lead_id=identifier, id=number, act=1, criterion=criterion, by="Sam", at=NOON, again_on=day
                )
            )


def change_lead(connection: Connection, identifier: int, lead: SampleLead, at: datetime = NOON) -> None:
    """Give a stored lead all values of another; headers that no lead had are left out."""
    columns = table(ExtraColumn)
    numbers = dict(connection.execute(select(columns.c.header_comparable, columns.c.id)).all())
    stored = {"extra": None, "extra_comparable": None, **_columns(lead, numbers), "changed_at": at}
    connection.execute(update(table(Lead)).where(table(Lead).c.id == identifier).values(**stored))


def store_verdict(
    connection: Connection,
    lead_id: int,
    verdict: str,
    lines: Iterable[JunkLine] = (),
    *,
    digest: str = "random",
    by: str = "Maria",
    at: datetime = NOON,
    **values: Any,
) -> None:
    """Store a reviewer's verdict on what nominated a lead; its open nominations count no more."""
    verdicts, nominations = table(Verdict), table(Nomination)
    highest = connection.execute(select(func.max(verdicts.c.id)).where(verdicts.c.lead_id == lead_id)).scalar()
    number = (highest or 0) + 1
    told = {"kind": "review", "score": 0, "ceiling": 0, "known": 0, "grade": "D", "ledger": [], **values}
    row = {"lead_id": lead_id, "id": number, "act": 1, "verdict": verdict, "by": by, "at": at, "recorded_at": at}
    connection.execute(insert(verdicts).values(criteria_digest=digest, **row, **told))
    for place, line in enumerate(lines):
        connection.execute(
            insert(table(VerdictLine)).values(
                lead_id=lead_id,
                verdict_id=number,
                place=place,
                by=line.by,
                reason=line.reason,
                text=line.text,
                rule=line.rule,
                evidence=line.evidence,
            )
        )
    if lines:
        connection.execute(update(nominations).where(nominations.c.lead_id == lead_id).values(withdrawn_at=at))


def _columns(lead: SampleLead, numbers: dict[str, int]) -> dict[str, Any]:
    stored: dict[str, Any] = {
        "imported_on": lead.fields["created_on"],
        "observed_at": NOON - timedelta(days=1),
        "changed_at": NOON - timedelta(days=1),
        "worked_here": False,
        "ask_for": lead.ask_for,
    }
    for name, value in lead.fields.items():
        kind = LEAD_FIELDS[name].type if name in LEAD_FIELDS else None
        if kind is FieldType.MONEY:
            stored[f"{name}_amount"], stored[f"{name}_currency"] = value if value is not None else (None, None)
            continue
        stored[name] = value
        if kind is FieldType.TEXT:
            stored[f"{name}_comparable"] = comparable(value) if value is not None else None
    if lead.columns:
        as_came = {numbers[comparable(header)]: text for header, text in lead.columns.items()}
        stored["extra"] = {f"c{number}": text for number, text in as_came.items()}
        stored["extra_comparable"] = {f"c{number}": comparable(text) for number, text in as_came.items()} | {
            f"n{number}": found for number, text in as_came.items() if (found := read_number(text)) is not None
        }
    return stored


def read_scores(connection: Connection) -> dict[int, Any]:
    """The stored scores by lead."""
    return {row.lead_id: row for row in connection.execute(select(table(LeadScore)))}
